/** A board in QEMU: an ARM kernel and real systemd, four 16550 UARTs, LEDs on a GPIO chip, a USB socket. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Client, Teardown } from "../support/client.js";
import { type Running, runProgram, temporaryFolder } from "../support/daemon.js";
import { until } from "../support/wait.js";
import type { Machine } from "./machine.js";
import { connected, type Outcome, Shell } from "./shell.js";

export interface BoardParts {
  /** The folder of board.sh: vmlinuz, initrd, disk, devices, and `qemu`, the command that starts it. */
  readonly folder: string;
  readonly megabytes: number;
  /** Ports of the board that are reached at 127.0.0.1 under the same numbers. */
  readonly ports: readonly number[];
  /** Beside the first disk: /dev/vdb and on. With them the disks keep what is written. */
  readonly disks?: readonly string[];
  /** The text that a boot loader adds to the command line of the kernel. */
  readonly append?: string;
  /** What the shell of the test is connected to. The virtual console takes 8 MB of memory, a fifth UART (/dev/ttyS4) none. */
  readonly shell?: keyof typeof SHELLS;
}

const UARTS = 4;
const SHELLS = {
  virtconsole: ["-device", "virtio-serial-device", "-device", "virtconsole,chardev=shell"],
  uart: ["-device", "pci-serial,chardev=shell,addr=0x1f"], // the kernel finds it after the others
};
/** Data register of the GPIO chip, all eight pins (ARM DDI 0190B, GPIODATA). */
const PINS = "0x90303fc";

export class Board implements Machine {
  /** The far ends of its UARTs. */
  readonly uarts: readonly Client[];
  readonly #folder: string;
  readonly #running: Running;
  readonly #monitor: Client;
  readonly #shell: Shell;
  #traces = 0;

  private constructor(folder: string, running: Running, monitor: Client, shell: Shell, uarts: readonly Client[]) {
    this.#folder = folder;
    this.#running = running;
    this.#monitor = monitor;
    this.#shell = shell;
    this.uarts = uarts;
  }

  /** Resolves when all its units have started. */
  static async boot(t: Teardown, parts: BoardParts): Promise<Board> {
    const board = await Board.powerOn(t, parts);
    await board.greeted();
    await board.#shell.run("systemctl is-system-running --wait");
    return board;
  }

  static async powerOn(t: Teardown, parts: BoardParts): Promise<Board> {
    const folder = temporaryFolder(t);
    const [program = "", ...machine] = readFileSync(join(parts.folder, "qemu"), "utf8").trim().split(" ");
    const running = runProgram(t, program, [...machine, ...devices(parts, folder)]);
    const attach = (name: string) =>
      until(name, () => {
        if (running.process.exitCode !== null) throw new Error(`QEMU has ended: ${running.errors.text}`);
        return connected(join(folder, name)).catch(() => null);
      });
    const monitor = await attach("monitor");
    const uarts = await Promise.all(Array.from({ length: UARTS }, (_, at) => attach(`uart${at}`)));
    const shell = new Shell(await attach("shell"));
    const board = new Board(folder, running, monitor, shell, uarts);
    t.teardown(() => board.#stop());
    await board.#qmp("qmp_capabilities");
    return board;
  }

  /** Resolves when its shell takes commands. */
  greeted(): Promise<void> {
    return this.#shell.greeted("@@READY@@");
  }

  run(command: string): Promise<string> {
    return this.#shell.run(command);
  }

  attempt(command: string): Promise<Outcome> {
    return this.#shell.attempt(command);
  }

  /** Resolves when it is off or would start again: that is for the boot loader. */
  async down(): Promise<void> {
    await this.#running.exit();
  }

  console(): string {
    return readFileSync(join(this.#folder, "console"), "latin1");
  }

  /** A line of QEMU's own language. */
  async monitor(line: string): Promise<string> {
    return String(await this.#qmp("human-monitor-command", { "command-line": line }));
  }

  /** Whether that pin of the GPIO chip is driven high: its LED is lit. */
  async pin(number: number): Promise<boolean> {
    const pins = Number((await this.monitor(`xp /1wx ${PINS}`)).split(":")[1]);
    return ((pins >> number) & 1) === 1;
  }

  /** The writes to the chips while this runs: lines of these trace events. */
  async traced(events: readonly string[], during: () => Promise<unknown>): Promise<string> {
    const file = join(this.#folder, `trace${this.#traces++}`);
    await this.monitor(`logfile ${file}`);
    for (const event of events) await this.monitor(`trace-event ${event} on`);
    try {
      await during();
    } finally {
      for (const event of events) await this.monitor(`trace-event ${event} off`);
    }
    return readFileSync(file, "latin1");
  }

  /** A USB serial adapter; its far end. It stays when it is unplugged. */
  async usbAdapter(): Promise<Client> {
    const addr = { type: "unix", data: { path: join(this.#folder, "usb") } };
    await this.#qmp("chardev-add", {
      id: "usb",
      backend: { type: "socket", data: { addr, server: true, wait: false } },
    });
    return connected(join(this.#folder, "usb"));
  }

  async plugIn(serial: string): Promise<void> {
    const adapter = {
      driver: "usb-serial",
      id: "adapter",
      bus: "xhci.0",
      chardev: "usb",
      serial,
      "always-plugged": true,
    };
    // QEMU lets go of the far end some time after it has said that the adapter is gone.
    await until("the far end is free", () =>
      this.#qmp("device_add", adapter).catch((error: Error) => {
        if (!error.message.includes("is in use")) throw error;
        return null;
      }),
    );
  }

  async unplug(): Promise<void> {
    await this.#qmp("device_del", { id: "adapter" });
  }

  async #qmp(execute: string, args: object = {}): Promise<unknown> {
    this.#monitor.send(`${JSON.stringify({ execute, arguments: args })}\n`);
    for (;;) {
      const line = JSON.parse(await this.#monitor.expect("\n"));
      if ("return" in line) return line.return;
      if ("error" in line) throw new Error(`${execute}: ${line.error.desc}`);
    }
  }

  async #stop(): Promise<void> {
    this.#monitor.send(`${JSON.stringify({ execute: "quit" })}\n`);
    await this.#running.exit();
  }
}

function devices(parts: BoardParts, folder: string): string[] {
  const { megabytes, ports, disks = [], append = "", shell = "virtconsole" } = parts;
  const snapshot = disks.length > 0 ? "off" : "on";
  const socket = (id: string) => `socket,id=${id},path=${join(folder, id)},server=on,wait=off`;
  const uarts = Array.from({ length: UARTS }, (_, at) => `uart${at}`);
  const forwards = ports.map(port => `,hostfwd=tcp:127.0.0.1:${port}-:${port}`).join("");
  const drives = [join(parts.folder, "disk"), ...disks].map((file, at) => [
    ...["-drive", `if=none,id=disk${at},file=${file},format=raw,cache=unsafe,snapshot=${snapshot}`],
    ...["-device", `virtio-blk-device,drive=disk${at}`],
  ]);
  return [
    ...["-accel", "tcg,thread=multi", "-smp", "2", "-m", String(megabytes), "-display", "none", "-nodefaults"],
    ...["-kernel", join(parts.folder, "vmlinuz"), "-initrd", join(parts.folder, "initrd")],
    ...["-dtb", join(parts.folder, "devices"), "-no-reboot"],
    ...["-append", `console=ttyAMA0,115200 net.ifnames=0 quiet loglevel=4 ${append}`],
    ...["-chardev", `file,id=console,path=${join(folder, "console")}`, "-serial", "chardev:console"],
    ...["-chardev", socket("monitor"), "-mon", "chardev=monitor,mode=control"],
    ...["-chardev", socket("shell"), ...SHELLS[shell]],
    ...["-object", "rng-random,id=random,filename=/dev/urandom", "-device", "virtio-rng-device,rng=random"],
    ...["-netdev", `user,id=net${forwards}`, "-device", "virtio-net-device,netdev=net"],
    ...["-device", "qemu-xhci,id=xhci"],
    ...drives.reverse().flat(), // the kernel finds the last one first: it is /dev/vda
    ...uarts.flatMap(id => ["-chardev", socket(id)]),
    ...["-device", `pci-serial-4x,${uarts.map((id, at) => `chardev${at + 1}=${id}`).join(",")}`],
  ];
}
