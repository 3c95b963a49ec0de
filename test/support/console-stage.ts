/** A daemon with a local socket, and the client's commands and terminals at it. */
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { BUNDLE, Daemon, runToEnd, temporaryFolder } from "./daemon.js";
import { portNumbers } from "./ports.js";
import { PtyDevice } from "./pty.js";
import { Terminal } from "./terminal.js";

export interface ConsoleStage {
  readonly daemon: Daemon;
  readonly socket: string;
  readonly folder: string;
  readonly devices: readonly PtyDevice[];
  /** The network ports. */
  readonly names: readonly string[];
  readonly ports: readonly number[];
  /** A command of the client, to its end. */
  ask(command: string, ...words: string[]): ReturnType<typeof runToEnd>;
  /** A technician at a terminal, with a command of the client. */
  terminal(command: string, ...words: string[]): Terminal;
}

interface StageOptions {
  /** What the devices receive; without it their bytes wait to be expected. */
  readonly received?: (bytes: Uint8Array) => void;
  /** Of the CONTROLSOCKET line. */
  readonly socketWords?: string;
}

/**
 * @param lines state and options of each port, such as `telnet:0:DEVICE:9600` with DEVICE for its pseudo-terminal
 */
export async function consoleStage(
  t: Teardown,
  lines: readonly string[],
  options: StageOptions = {},
): Promise<ConsoleStage> {
  const next = await portNumbers(t);
  const folder = temporaryFolder(t);
  const socket = join(folder, "control");
  const [controlPort, devices, names, ports] = [await next(), [] as PtyDevice[], [] as string[], [] as number[]];
  const config: string[] = [];
  for (const line of lines) {
    const device = PtyDevice.open(t, options.received);
    const port = await next();
    devices.push(device);
    ports.push(port);
    names.push(`127.0.0.1,${port}`);
    config.push(`127.0.0.1,${port}:${line.replace("DEVICE", device.path)}`);
  }
  const daemon = await Daemon.start(t, {
    controlPort,
    config,
    args: ["--control-socket", `${socket}:${options.socketWords ?? ""}`],
  });
  const at = ["--socket", socket];
  return {
    ...{ daemon, socket, folder, devices, names, ports },
    ask: (command, ...words) => runToEnd(t, [command, ...at, ...words]),
    terminal: (command, ...words) => new Terminal(t, process.execPath, [BUNDLE, command, ...at, ...words]),
  };
}
