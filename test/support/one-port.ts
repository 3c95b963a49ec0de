/** A daemon with one port on a pseudo-terminal, for tests that need no more. */
import type { Teardown } from "./client.js";
import { Daemon, type Start } from "./daemon.js";
import { portNumbers } from "./ports.js";
import { PtyDevice } from "./pty.js";
import { until } from "./wait.js";

export interface OnePort {
  readonly daemon: Daemon;
  readonly port: number;
  /** The network port as configured: what the control port knows it by. */
  readonly name: string;
  readonly device: PtyDevice;
  /** Resolves when no peer is connected and the device is closed. */
  untilFree(): Promise<void>;
}

export interface PortLine {
  readonly state?: "raw" | "rawlp" | "telnet";
  readonly options?: string;
  readonly timeoutSeconds?: number;
  /** `udp,`, say. */
  readonly prefix?: string;
  /** Lines before it: banners, trace files. */
  readonly before?: readonly string[];
}

export async function serveOnePort(
  t: Teardown,
  line: PortLine = {},
  start: Omit<Start, "controlPort" | "config"> = {},
): Promise<OnePort> {
  const { state = "raw", options = "9600", timeoutSeconds = 0, prefix = "", before = [] } = line;
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const name = `${prefix}127.0.0.1,${port}`;
  const config = [...before, `${name}:${state}:${timeoutSeconds}:${device.path}:${options}`];
  const daemon = await Daemon.start(t, { ...start, controlPort, config });
  const untilFree = async (): Promise<void> => {
    const free = "  tcp to device state: unconnected\r\n";
    await until("the port is free", async () => (await daemon.ask(`showport ${name}`)).includes(free));
  };
  return { daemon, port, name, device, untilFree };
}
