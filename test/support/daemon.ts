/** The built daemon as a process: with a configuration of its own, until the test is over. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { askControlPort, Client, type Teardown } from "./client.js";
import { Incoming, PATIENCE_MS } from "./incoming.js";
import { until } from "./wait.js";

export const BUNDLE = resolve("dist/ser2net.cjs");

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Start {
  readonly controlPort: number;
  /** Lines of the configuration file. */
  readonly config: readonly string[];
  /** Whether it comes by -p or by a CONTROLPORT line of `config`. */
  readonly control?: "argument" | "file";
  /** UUCP lock files; without them it runs with -u. */
  readonly locking?: boolean;
  /** Beside `-n -c FILE -p 127.0.0.1,PORT`; `foreground: "-d"` logs to standard error. */
  readonly args?: readonly string[];
  readonly foreground?: "-n" | "-d";
  /** Beside the environment of the test. */
  readonly env?: NodeJS.ProcessEnv;
  /** A program, with its arguments, that ends in becoming the daemon. */
  readonly under?: readonly string[];
  /** In place of this Node with the built bundle. */
  readonly program?: readonly string[];
}

export class Daemon {
  readonly controlPort: number;
  readonly configFile: string;
  readonly running: Running;
  readonly #t: Teardown;

  private constructor(t: Teardown, controlPort: number, configFile: string, running: Running) {
    this.#t = t;
    this.controlPort = controlPort;
    this.configFile = configFile;
    this.running = running;
  }

  /** Resolves when the daemon serves its control port. */
  static async start(t: Teardown, start: Start): Promise<Daemon> {
    const { controlPort, config, control = "argument", locking = false, args = [], foreground = "-n" } = start;
    const configFile = join(temporaryFolder(t), "ser2net.conf");
    writeFileSync(configFile, lines(config), "latin1");
    const served = control === "argument" ? ["-p", `127.0.0.1,${controlPort}`] : [];
    const command = [foreground, "-c", configFile, ...served, ...(locking ? [] : ["-u"]), ...args];
    const running = run(t, command, start);
    const daemon = new Daemon(t, controlPort, configFile, running);
    await daemon.#ready();
    return daemon;
  }

  get pid(): number {
    return this.running.process.pid ?? 0;
  }

  /** A session of the control port that has shown its prompt. */
  async control(): Promise<Client> {
    const session = await Client.connect(this.#t, this.controlPort);
    await session.expect("-> ");
    return session;
  }

  ask(command: string): Promise<string> {
    return askControlPort(this.#t, this.controlPort, command);
  }

  /** Rewrites the configuration file and has it read. */
  hup(config: readonly string[]): void {
    writeFileSync(this.configFile, lines(config), "latin1");
    this.running.process.kill("SIGHUP");
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<Exit> {
    this.running.process.kill(signal);
    return this.running.exit();
  }

  async #ready(): Promise<void> {
    const { process: child, errors } = this.running;
    await until("the control port answers", () => (child.exitCode !== null ? "the end" : this.ask("version")));
    if (child.exitCode !== null) throw new Error(`the daemon did not start: ${errors.text || child.exitCode}`);
  }
}

/** A program that was started, and what it says. */
export interface Running {
  readonly process: ChildProcess;
  readonly output: Incoming;
  readonly errors: Incoming;
  exit(): Promise<Exit>;
}

/** Starts the daemon with exactly these arguments. It does not outlive the test. */
export function run(t: Teardown, args: readonly string[], how: Pick<Start, "env" | "under" | "program"> = {}): Running {
  if (!existsSync(BUNDLE)) throw new Error(`${BUNDLE} is missing: node build.mjs makes it`);
  const { under = [], program = [process.execPath, BUNDLE] } = how;
  const [first = process.execPath, ...rest] = [...under, ...program, ...args];
  return runProgram(t, first, rest, how.env);
}

export function runProgram(t: Teardown, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  const [output, errors] = [new Incoming(), new Incoming()];
  child.stdout.on("data", chunk => output.push(chunk)).on("close", () => output.end());
  child.stderr.on("data", chunk => errors.push(chunk)).on("close", () => errors.end());
  child.stdin.on("error", () => {}); // a program may end without reading its input
  const ended = once(child, "close");
  const exit = async (): Promise<Exit> => {
    const [code, signal] = await Promise.race([ended, late(`${program} did not end`)]);
    return { code, signal };
  };
  t.teardown(async () => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
    await exit();
  });
  return { process: child, output, errors, exit };
}

/** Runs the daemon to its end. */
export async function runToEnd(t: Teardown, args: readonly string[], how: Pick<Start, "env" | "under"> = {}) {
  const running = run(t, args, how);
  running.process.stdin?.end();
  const [exit, output, errors] = [
    await running.exit(),
    await running.output.untilEnd(),
    await running.errors.untilEnd(),
  ];
  return { ...exit, output, errors };
}

export function temporaryFolder(t: Teardown): string {
  const folder = mkdtempSync(join(tmpdir(), "ser2net-test-"));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function lines(config: readonly string[]): string {
  return config.map(line => `${line}\n`).join("");
}

function late(what: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(what)), PATIENCE_MS).unref();
  });
}
