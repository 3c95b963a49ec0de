/** `ser2net busy`, `drain` and `undrain`: call the running daemons, and report what is left by a table and the exit status. */
import { loadHelp } from "../app/load-help.js";
import { type Clock, pause } from "../line/clock.js";
import { type DrainArguments, parseDrainArguments } from "./arguments.js";
import { findOnBus } from "./bus-daemons.js";
import { connectControlPort, connectSockets } from "./control-daemon.js";
import { DaemonError, isAbsent, type RunningDaemon } from "./running-daemon.js";
import { formatTable, type TableRow } from "./table.js";

interface DrainIo {
  out(text: string): void;
  err(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  /** Resolves when the command shall be given up. */
  readonly interrupted: Promise<void>;
}

const [FREE, BUSY, ABSENT] = [0, 1, 3];
export const FAILED = 2;
/** Interval of the queries for what is left, in milliseconds. */
const LOOK_MS = 1000;

/** Resolves to the exit status, as `--help` has it. */
export async function drainCommand(words: readonly string[], io: DrainIo): Promise<number> {
  if (words.includes("--help") || words.includes("-h")) {
    io.out(loadHelp().helpOf(words[0] ?? ""));
    return FREE;
  }
  const given = parseDrainArguments(words);
  const [name = ""] = words;
  if ("mistake" in given) {
    io.err(`ser2net: ${name}: ${given.mistake}\n${loadHelp().hintOf(name, given.word)}`);
    return FAILED;
  }
  let daemons: readonly RunningDaemon[] = [];
  try {
    daemons = await findDaemons(given, io.env);
    return await run(given, daemons, io);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    io.err(`ser2net: ${error.message}\n`);
    return error.code === "absent" ? ABSENT : FAILED;
  } finally {
    for (const daemon of daemons) daemon.close();
  }
}

async function findDaemons(given: DrainArguments, env: NodeJS.ProcessEnv): Promise<readonly RunningDaemon[]> {
  const { controlPorts, dbus, instances } = given;
  if (controlPorts.length > 0) return Promise.all(controlPorts.map(spec => connectControlPort(spec)));
  try {
    return await findOnBus(dbus ?? "system", instances, env);
  } catch (error) {
    if (dbus !== null || !isAbsent(error)) throw error;
    try {
      return await connectSockets(instances);
    } catch (other) {
      throw isAbsent(other) ? error : other;
    }
  }
}

async function run(given: DrainArguments, daemons: readonly RunningDaemon[], io: DrainIo): Promise<number> {
  switch (given.command) {
    case "busy": {
      const rows = await look(daemons);
      if (rows.length > 0) io.out(formatTable(rows));
      return rows.length > 0 ? BUSY : FREE;
    }
    case "undrain":
      await all(daemons, daemon => daemon.undrain());
      return FREE;
    case "drain":
      return drain(daemons, given.maxSeconds, io);
    default:
      return given.command satisfies never;
  }
}

/** Drains the daemons and waits. Undoes it when aborted or on a failure, so that no daemon goes on refusing connections. */
async function drain(daemons: readonly RunningDaemon[], maxSeconds: number | null, io: DrainIo): Promise<number> {
  const wait = async (): Promise<number> => {
    await all(daemons, daemon => daemon.drain());
    return untilFree(daemons, maxSeconds, io);
  };
  const interrupted = io.interrupted.then(() => {
    throw new DaemonError("failed", "given up, connections are accepted again");
  });
  try {
    return await Promise.race([wait(), interrupted]);
  } catch (error) {
    await Promise.allSettled(daemons.map(daemon => daemon.undrain()));
    throw error;
  }
}

async function untilFree(daemons: readonly RunningDaemon[], maxSeconds: number | null, io: DrainIo): Promise<number> {
  const { clock } = io;
  const endMs = maxSeconds === null ? Number.POSITIVE_INFINITY : clock.nowMs() + maxSeconds * 1000;
  let rows = await look(daemons);
  if (rows.length > 0 && clock.nowMs() < endMs) io.err(`Waiting for:\n${formatTable(rows)}`);
  while (rows.length > 0) {
    const leftMs = endMs - clock.nowMs();
    if (leftMs <= 0) {
      io.out(formatTable(rows));
      return BUSY;
    }
    await pause(Math.min(LOOK_MS, leftMs), clock);
    rows = await look(daemons);
  }
  return FREE;
}

async function look(daemons: readonly RunningDaemon[]): Promise<readonly TableRow[]> {
  const rows = daemons.map(async daemon => {
    const activities = await unlessAbsent([], daemon.activities());
    return activities.map(activity => ({ instance: daemon.name, ...activity }));
  });
  return (await settled(rows)).flat();
}

async function all(daemons: readonly RunningDaemon[], act: (daemon: RunningDaemon) => Promise<void>): Promise<void> {
  await settled(daemons.map(daemon => unlessAbsent(undefined, act(daemon))));
}

/** Waits for all, then throws the first failure, so that nothing is under way any more. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** A daemon that has ended meanwhile has no connections, and nothing to undo. */
async function unlessAbsent<T>(absent: T, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return absent;
    throw error;
  }
}
