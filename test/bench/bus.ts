/** A D-Bus of our own, when dbus-daemon is installed and the daemon has been built with its D-Bus part. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { NOT_ALONE, type Places } from "./peers.js";
import { until } from "./wait.js";

export class PrivateBus {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(places: Places): Promise<PrivateBus | null> {
    if (!existsSync(join(dirname(places.daemon), "dbus.cjs"))) return null;
    const [socket, file] = [join(places.scratch, "bus"), join(places.scratch, "bus.conf")];
    writeFileSync(file, configuration(socket));
    const child = spawn("setpriv", [...NOT_ALONE, "dbus-daemon", `--config-file=${file}`, "--nofork"], {
      stdio: "ignore",
    });
    const failed = new Promise<null>(resolve =>
      child.once("error", () => resolve(null)).once("exit", () => resolve(null)),
    );
    const ready = until("the bus is there", () => existsSync(socket)).then(() => new PrivateBus(child));
    const bus = await Promise.race([ready, failed]);
    if (bus !== null) places.busAddress = `unix:path=${socket}`;
    return bus;
  }

  stop(): void {
    this.#process.kill("SIGTERM");
  }
}

/** A client is connected to this bus. */
export function isUsed(busAddress: string): boolean {
  const path = busAddress.replace("unix:path=", "");
  const connected = new RegExp(`^\\S+: \\w+ \\w+ \\w+ \\w+ 03 +\\d+ ${path}$`, "m");
  return connected.test(readFileSync("/proc/net/unix", "latin1"));
}

function configuration(socket: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=${socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy></busconfig>
`;
}
