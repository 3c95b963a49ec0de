/** A message bus of a test's own, and the program that looks at it. */
import { spawn } from "node:child_process";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "../support/client.js";
import { type Running, runProgram, temporaryFolder } from "../support/daemon.js";
import { Incoming } from "../support/incoming.js";

export interface Answer {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Every user may do everything; what a policy forbids is tested with a bus that has one. */
export const OPEN_POLICY = `<policy context="default">
  <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  <allow send_requested_reply="false"/><allow receive_requested_reply="false"/>
</policy>`;

export class PrivateBus {
  readonly address: string;
  readonly socket: string;
  readonly #t: Teardown;
  readonly #configFile: string;
  #daemon: Running | null = null;

  /** Not there before `start`. `rules` are policies and limits. */
  constructor(t: Teardown, rules = OPEN_POLICY) {
    const folder = temporaryFolder(t);
    this.#t = t;
    this.socket = join(folder, "bus");
    this.#configFile = join(folder, "bus.conf");
    this.address = `unix:path=${this.socket}`;
    writeFileSync(this.#configFile, configuration(this.address, rules));
  }

  static async start(t: Teardown, rules = OPEN_POLICY): Promise<PrivateBus> {
    const bus = new PrivateBus(t, rules);
    await bus.start();
    return bus;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const args = [`--config-file=${this.#configFile}`, "--nofork", "--nopidfile", "--print-address=1"];
    this.#daemon = runProgram(this.#t, "dbus-daemon", args);
    await this.#daemon.output.expect("\n");
  }

  async kill(): Promise<void> {
    this.#daemon?.process.kill("SIGKILL");
    await this.#daemon?.exit();
    rmSync(this.socket, { force: true });
  }

  busctl(...args: readonly string[]): Promise<Answer> {
    return this.busctlAs(null, ...args);
  }

  /** Calls busctl as another user, which only root may. */
  async busctlAs(uid: number | null, ...args: readonly string[]): Promise<Answer> {
    const user = uid === null ? {} : { uid, gid: uid };
    const child = spawn("busctl", [`--address=${this.address}`, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      ...user,
    });
    const [output, errors] = [new Incoming(), new Incoming()];
    child.stdout.on("data", bytes => output.push(bytes)).on("close", () => output.end());
    child.stderr.on("data", bytes => errors.push(bytes)).on("close", () => errors.end());
    const code = await new Promise<number | null>(resolve => child.on("close", resolve));
    return { code, output: utf8(await output.untilEnd()).trimEnd(), errors: utf8(await errors.untilEnd()).trimEnd() };
  }

  /** Follows the signals of one sender from now on, each a line of JSON. */
  signalMonitor(sender: string): Promise<Incoming> {
    return this.#monitor(`type='signal',sender='${sender}'`);
  }

  /** Follows all errors on the bus from now on. */
  errorMonitor(): Promise<Incoming> {
    return this.#monitor("type='error'");
  }

  async #monitor(rule: string): Promise<Incoming> {
    const match = `--match=${rule}`;
    const running = runProgram(this.#t, "busctl", [`--address=${this.address}`, "--json=short", match, "monitor"]);
    await running.errors.expect("Monitoring bus message stream");
    return running.output;
  }
}

function configuration(address: string, rules: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>${address}</listen><auth>EXTERNAL</auth>${rules}</busconfig>\n`;
}

function utf8(text: string): string {
  return Buffer.from(text, "latin1").toString("utf8");
}
