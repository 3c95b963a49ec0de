/** `ser2net apply`: a configuration counts on trial, and the previous one comes back where the daemon is not healthy with it. */
import { spawnSync } from "node:child_process";
import { constants } from "node:os";
import { NOT_RELOADED } from "../config/diagnostic.js";
import { DaemonError } from "../drain/running-daemon.js";
import { decodeUtf8, toBytes, toText } from "../line/bytes.js";
import { pause } from "../line/clock.js";
import { codeOf, reasonOf } from "../native/errors.js";
import { type ClientCommand, UsageError } from "./arguments.js";
import { type ControlAddress, ControlSession } from "./control-session.js";
import { askOnce } from "./daemons.js";
import { readGiven } from "./given-file.js";
import { type Faults, faultsOf, newFaults } from "./health.js";
import { type ClientIo, onEndingSignal, writeIfRead } from "./io.js";
import { readPortRows } from "./port-rows.js";
import { TrialFile } from "./trial-file.js";
import { EXIT, SIGNALLED } from "./usage.js";

type ApplyCommand = Extract<ClientCommand, { kind: "apply" }>;

/** Interval of the looks at the daemon, in milliseconds. */
const LOOK_MS = 1000;
/** A port whose address is still in use by the previous configuration is tried again meanwhile. */
const UNHEALTHY_LOOKS = 10;

/** Resolves to the exit status. */
export async function apply(
  command: ApplyCommand,
  addresses: readonly ControlAddress[],
  io: ClientIo,
): Promise<number> {
  const [address, ...more] = addresses;
  if (address === undefined || more.length > 0) {
    throw new UsageError(`apply: which daemon? --instance ${addresses.map(({ name }) => name).join(" or ")}`);
  }
  if (!("path" in address)) throw new UsageError("apply: the file is one of the daemon's machine; -H is another one");
  const before = await lookAt(address);
  const path = command.to ?? before.file;
  if (path === null) throw new DaemonError("failed", "the daemon reads no file; --to FILE names one");
  const content = readGiven(command.file);
  check(command.file, content, before.board, io);
  // From here on the trial comes to its end, though the terminal may be lost with the network.
  const told: ClientIo = {
    ...io,
    out: text => writeIfRead(1, toBytes(text)),
    err: text => writeIfRead(2, toBytes(text)),
  };
  const start = (): TrialFile => {
    const trial = begin(path, content);
    told.out(`on trial: ${path}\n`);
    return trial;
  };
  return await new Trial(address, before.faults, told).run(start, command.confirmSeconds);
}

class Trial {
  readonly #address: ControlAddress;
  /** What was wrong before: the new configuration is not blamed for it. */
  readonly #before: Faults;
  readonly #io: ClientIo;
  #signal: NodeJS.Signals | null = null;

  constructor(address: ControlAddress, before: Faults, io: ClientIo) {
    this.#address = address;
    this.#before = before;
    this.#io = io;
  }

  /** @param start puts the file in its place */
  async run(start: () => TrialFile, seconds: number): Promise<number> {
    let interrupt = (): void => {};
    const interrupted = new Promise<void>(resolve => {
      interrupt = resolve;
    });
    const unhook = onEndingSignal(signal => {
      this.#signal ??= signal;
      interrupt();
    });
    try {
      const file = start();
      const fault = (await this.#reload()) ?? (await this.#watch(seconds, interrupted));
      if (fault !== null) return await this.#takeBack(file, fault);
      file.keep();
      this.#io.out(`kept: ${file.path}\n`);
      return EXIT.done;
    } finally {
      unhook();
    }
  }

  /** Why it must not stay, or null. */
  async #reload(): Promise<string | null> {
    try {
      const answer = await askOnce(this.#address, "reload");
      for (const line of answer) this.#io.out(`${line}\n`);
      return answer.find(line => line.startsWith(NOT_RELOADED)) ?? null;
    } catch (error) {
      return faultOf(error);
    }
  }

  /** The first fault that lasts, or that there is at the end; null: none. */
  async #watch(seconds: number, interrupted: Promise<void>): Promise<string | null> {
    let unhealthy = 0;
    let fault: string | null = null;
    for (let look = 0; look < seconds && unhealthy < UNHEALTHY_LOOKS; look++) {
      await Promise.race([pause(LOOK_MS, this.#io.clock), interrupted]);
      if (this.#signal !== null) return this.#signal;
      fault = await this.#look();
      unhealthy = fault === null ? 0 : unhealthy + 1;
    }
    return fault;
  }

  async #look(): Promise<string | null> {
    try {
      return newFaults(this.#before, (await lookAt(this.#address)).faults);
    } catch (error) {
      return faultOf(error);
    }
  }

  async #takeBack(file: TrialFile, fault: string): Promise<number> {
    file.takeBack();
    this.#io.err(`ser2net: taken back: ${fault}\n`);
    const left = await this.#reload();
    if (left !== null) this.#io.err(`ser2net: the previous configuration: ${left}\n`);
    return this.#signal === null ? EXIT.refused : SIGNALLED + constants.signals[this.#signal];
  }
}

/** The program's own checks, as the daemon would read the file. Throws DaemonError with what they print on standard error. */
function check(file: string, content: Uint8Array, board: string | null, io: ClientIo): void {
  const isProfile = toText(content).trimStart().startsWith("{");
  const ofBoard = board === null ? [] : ["--board", board];
  const words = isProfile ? ["board", "check", file] : ["--check", "-c", file, ...ofBoard];
  const program = [process.argv[1] ?? "", ...words.map(decodeUtf8)];
  const { status, stdout, stderr, error } = spawnSync(process.execPath, program, { env: io.env });
  if (error !== undefined) throw new DaemonError("failed", `cannot check ${file}: ${reasonOf(error)}`);
  const said = toText(stdout) + toText(stderr);
  if (status !== 0) {
    io.err(said);
    throw new DaemonError("failed", `${file} has errors, nothing was changed`);
  }
  io.out(said);
}

function begin(path: string, content: Uint8Array): TrialFile {
  try {
    return new TrialFile(path, content);
  } catch (error) {
    const isOnTrial = codeOf(error) === "EEXIST";
    const reason = isOnTrial ? `another trial goes on, or was cut off: ${path}.rollback is there` : reasonOf(error);
    throw new DaemonError("failed", `cannot replace ${path}: ${reason}`);
  }
}

function faultOf(error: unknown): string {
  if (error instanceof DaemonError) return error.message;
  throw error;
}

/** What the commands `status` and `ports json` tell (docs/control-socket.md). Rejects with DaemonError. */
async function lookAt(address: ControlAddress) {
  const session = await ControlSession.open(address);
  try {
    const lines = await session.ask("status");
    const after = (start: string): string | null =>
      lines.find(line => line.startsWith(start))?.slice(start.length) ?? null;
    return {
      faults: faultsOf(lines[0] ?? "", readPortRows(await session.ask("ports json"))),
      file: after("configuration: "),
      board: after("board: "),
    };
  } finally {
    session.close();
  }
}
