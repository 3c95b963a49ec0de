/** Two machines on one network: network namespaces that a cable joins, each with a message bus and avahi-daemon of its own. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { PrivateBus } from "../dbus/private-bus.js";
import type { Teardown } from "./client.js";
import { type Running, runProgram, temporaryFolder } from "./daemon.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "./namespace.js";

/** Skips a test where no namespace of the network can be made. */
export const NEEDS_BOXES = mayJoin()
  ? NEEDS_NAMESPACE
  : { skip: "two namespaces of the network and a cable need root" };

export class Box {
  readonly address: string;
  readonly bus: PrivateBus;
  readonly #t: Teardown;
  readonly #holder: Running;
  readonly #avahiFile: string;
  #avahi: Running | null = null;

  private constructor(t: Teardown, holder: Running, bus: PrivateBus, address: string, name: string) {
    this.#t = t;
    this.#holder = holder;
    this.bus = bus;
    this.address = address;
    this.#avahiFile = join(temporaryFolder(t), "avahi.conf");
    const server = `host-name=${name}\nuse-ipv6=no\nallow-interfaces=eth0\n`;
    const publish = "[publish]\npublish-hinfo=no\npublish-workstation=no\n";
    writeFileSync(this.#avahiFile, `[server]\n${server}[wide-area]\nenable-wide-area=no\n${publish}`);
  }

  /** Two that reach each other, with their buses and without avahi-daemon. */
  static async pair(t: Teardown, ...names: readonly [string, string]): Promise<[Box, Box]> {
    const [one, other] = await Promise.all(names.map((name, at) => Box.#make(t, name, `192.0.2.${at + 1}`)));
    if (one === undefined || other === undefined) throw new Error("two names make two boxes");
    one.#run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", String(other.#pid));
    for (const box of [one, other]) {
      box.#run("ip", "addr", "add", `${box.address}/24`, "dev", "eth0");
      box.#run("ip", "link", "set", "eth0", "up");
    }
    return [one, other];
  }

  static async #make(t: Teardown, name: string, address: string): Promise<Box> {
    const script = `ip link set lo up && hostname ${name} && echo ready && exec sleep 1000`;
    const holder = runProgram(t, "unshare", ["--net", "--uts", "sh", "-c", script]);
    await holder.output.expect("ready");
    return new Box(t, holder, await PrivateBus.start(t), address, name);
  }

  get #pid(): number {
    return this.#holder.process.pid ?? 0;
  }

  /** Goes before a command that runs in this box. */
  get under(): readonly string[] {
    return ["nsenter", `--net=/proc/${this.#pid}/ns/net`, `--uts=/proc/${this.#pid}/ns/uts`];
  }

  get env(): NodeJS.ProcessEnv {
    return { DBUS_SYSTEM_BUS_ADDRESS: this.bus.address };
  }

  start(program: string, ...args: readonly string[]): Running {
    const [enter = "", ...rest] = this.under;
    return runProgram(this.#t, enter, [...rest, program, ...args], this.env);
  }

  /** Resolves when avahi-daemon serves. */
  async startAvahi(): Promise<void> {
    const flags = ["--no-drop-root", "--no-chroot", "--no-rlimits", "--no-proc-title"];
    const own = withPrivateFiles({}); // its pid file would be that of the machine
    const [first = "", ...rest] = [...own, "avahi-daemon", ...flags, "-f", this.#avahiFile];
    this.#avahi = this.start(first, ...rest);
    await this.#avahi.errors.expect("Server startup complete.");
  }

  async killAvahi(): Promise<void> {
    this.#avahi?.process.kill("SIGKILL");
    await this.#avahi?.exit();
  }

  #run(program: string, ...args: readonly string[]): void {
    const [enter = "", ...rest] = this.under;
    const { status, stderr } = spawnSync(enter, [...rest, program, ...args], { encoding: "utf8" });
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: ${stderr}`);
  }
}

function mayJoin(): boolean {
  const script = "ip link add one type veth peer name other && hostname box";
  return spawnSync("unshare", ["--net", "--uts", "sh", "-c", script], { stdio: "ignore" }).status === 0;
}
