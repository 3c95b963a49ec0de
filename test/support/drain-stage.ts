/** Several daemons on one bus, and the commands `busy`, `drain` and `undrain` as an updater calls them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { PrivateBus } from "../dbus/private-bus.js";
import { Daemon, type Running, run, type Start, temporaryFolder } from "./daemon.js";
import { portNumbers } from "./ports.js";
import { PtyDevice } from "./pty.js";

export interface Instance {
  readonly daemon: Daemon;
  readonly port: number;
  readonly device: PtyDevice;
}

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export interface DrainStage {
  readonly bus: PrivateBus;
  /** A daemon with one telnet port. @param board its name on the bus; null: without a board */
  instance(board: string | null, start?: Partial<Start>): Promise<Instance>;
  command(...words: readonly string[]): Running;
  ended(command: Running): Promise<Outcome>;
  /** Runs a command to its end. */
  ask(...words: readonly string[]): Promise<Outcome>;
}

export async function drainStage(t: Test): Promise<DrainStage> {
  const bus = await PrivateBus.start(t);
  const next = await portNumbers(t);
  const folder = temporaryFolder(t);
  const env = { DBUS_SYSTEM_BUS_ADDRESS: bus.address };
  const command = (...words: readonly string[]) => run(t, words, { env });
  const ended = async (running: Running): Promise<Outcome> => {
    const { code } = await running.exit();
    return { code, output: await running.output.untilEnd(), errors: await running.errors.untilEnd() };
  };
  return {
    bus,
    command,
    ended,
    ask: (...words) => ended(command(...words)),
    async instance(board, start = {}) {
      const [controlPort, port, device] = [await next(), await next(), PtyDevice.open(t)];
      const config = [`127.0.0.1,${port}:telnet:0:${device.path}:9600 remctl kickolduser`];
      const profile = join(folder, `${board}.json`);
      if (board !== null) writeFileSync(profile, JSON.stringify({ ports: [] }));
      const args = ["--dbus", bus.address, ...(board === null ? [] : ["--board", profile])];
      const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d", args, ...start });
      // One that is only queued for the common name waits for it.
      if (start.args === undefined) await daemon.running.errors.expect("D-Bus: ");
      return { daemon, port, device };
    },
  };
}
