/** A service manager with a descriptor store, and the built daemon as its service (see service-manager.py). */
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Teardown } from "./client.js";
import { BUNDLE, type Running, runProgram, temporaryFolder } from "./daemon.js";
import { until } from "./wait.js";

const MANAGER = resolve("test/support/service-manager.py");

interface Happening {
  readonly event: string;
  readonly text?: string;
  readonly names?: readonly string[];
  readonly status?: number;
  readonly pid?: number;
  readonly name?: string;
}

export interface ServiceStart {
  readonly config: readonly string[];
  readonly controlPort?: number;
  readonly args?: readonly string[];
  /** FileDescriptorStoreMax= */
  readonly limit?: number;
  readonly env?: NodeJS.ProcessEnv;
  /** The built daemon. */
  readonly bundle?: string;
}

export class ServiceManager {
  readonly running: Running;
  readonly configFile: string;
  pid = 0;

  private constructor(running: Running, configFile: string) {
    this.running = running;
    this.configFile = configFile;
  }

  /** Resolves when the service is ready. */
  static async start(t: Teardown, start: ServiceStart): Promise<ServiceManager> {
    const { config, controlPort, args = [], limit = 4096, env = {}, bundle = BUNDLE } = start;
    const configFile = join(temporaryFolder(t), "ser2net.conf");
    writeFileSync(configFile, config.map(line => `${line}\n`).join(""), "latin1");
    const control = controlPort === undefined ? [] : ["-p", `127.0.0.1,${controlPort}`];
    const daemon = [process.execPath, bundle, "-d", "-u", "-c", configFile, ...control, ...args];
    const running = runProgram(t, "python3", [MANAGER, String(limit), ...daemon], env);
    const manager = new ServiceManager(running, configFile);
    await manager.next("ready");
    await manager.again();
    return manager;
  }

  /** The next happening of that kind; others before it are passed over. */
  async next(event: string): Promise<Happening> {
    for (;;) {
      const happening: Happening = JSON.parse(await this.running.output.expect("\n"));
      if (happening.event === event) return happening;
    }
  }

  /** Starts the service; the status text with which it is ready. */
  async again(): Promise<string> {
    this.tell("start");
    this.pid = (await this.next("started")).pid ?? 0;
    return this.readyText();
  }

  async readyText(): Promise<string> {
    for (;;) {
      const { text = "" } = await this.next("said");
      if (text.startsWith("READY=1\n")) return /^STATUS=(.*)$/m.exec(text)?.[1] ?? "";
    }
  }

  /** Ends the service by a signal; its exit status, negative for a signal. */
  async end(signal: NodeJS.Signals = "SIGTERM"): Promise<number> {
    this.tell(`kill ${signal}`);
    return (await this.next("ended")).status ?? 0;
  }

  async restart(signal: NodeJS.Signals = "SIGTERM"): Promise<string> {
    await this.end(signal);
    return this.again();
  }

  /** The names in the store. */
  async stored(): Promise<readonly string[]> {
    this.tell("list");
    return (await this.next("stored")).names ?? [];
  }

  /** Waits until so many are in the store: what ends leaves it a moment later. */
  async storesOnly(count: number, what: string): Promise<void> {
    await until(`the store has ${what}`, async () => (await this.stored()).length === count);
  }

  /** Drops what is stored, as `systemctl stop` does after the service has ended. */
  async clear(): Promise<void> {
    this.tell("clear");
    await this.next("cleared");
  }

  /** The content of the first stored file whose name begins so. */
  async content(name: string): Promise<Buffer> {
    this.tell(`read ${name}`);
    return Buffer.from((await this.next("content")).text ?? "", "base64");
  }

  /** Puts a file in the place of what is stored under names that begin so; null: only takes them out. */
  replace(name: string, content: Uint8Array | null): void {
    this.tell(`take ${name}`);
    if (content !== null) this.put(name.endsWith("-") ? `${name}9` : name, content);
  }

  /** Stores a file in memory. */
  put(name: string, content: Uint8Array, seal: "sealed" | "open" = "sealed"): void {
    this.tell(`put ${name} ${seal} ${Buffer.from(content).toString("base64")}`);
  }

  tell(command: string): void {
    this.running.process.stdin?.write(`${command}\n`);
  }
}
