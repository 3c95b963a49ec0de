/** `ser2net busy`, `drain` and `undrain`: call the running daemons, and report what is left by a table and the exit status. */
import { loadHelp } from "../app/load-help.js";
import { type Clock, pause } from "../line/clock.js";
import { type DrainArguments, parseDrainArguments } from "./arguments.js";
import { Daemons } from "./daemons.js";
import { DaemonError } from "./running-daemon.js";
import { formatTable } from "./table.js";

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
  const daemons = new Daemons(given, io);
  try {
    await daemons.find();
    return await run(given, daemons, io);
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    io.err(`ser2net: ${error.message}\n`);
    return error.code === "absent" ? ABSENT : FAILED;
  } finally {
    daemons.close();
  }
}

async function run(given: DrainArguments, daemons: Daemons, io: DrainIo): Promise<number> {
  switch (given.command) {
    case "busy": {
      let rows = await daemons.look();
      if (rows === null) {
        await daemons.findAgain();
        rows = await daemons.look();
      }
      if (rows === null) throw new DaemonError("failed", "a daemon ends again and again");
      if (rows.length > 0) io.out(formatTable(rows));
      return rows.length > 0 ? BUSY : FREE;
    }
    case "undrain":
      await daemons.undrain();
      return FREE;
    case "drain":
      return drain(daemons, given.maxSeconds, io);
    default:
      return given.command satisfies never;
  }
}

/** Drains the daemons and waits. Undoes it when aborted or on a failure, so that no daemon goes on refusing connections. */
async function drain(daemons: Daemons, maxSeconds: number | null, io: DrainIo): Promise<number> {
  const wait = async (): Promise<number> => {
    await daemons.drain();
    return untilFree(daemons, maxSeconds, io);
  };
  const interrupted = io.interrupted.then(() => {
    throw new DaemonError("failed", "given up, connections are accepted again");
  });
  try {
    return await Promise.race([wait(), interrupted]);
  } catch (error) {
    await daemons.undrain().catch(() => {});
    throw error;
  }
}

async function untilFree(daemons: Daemons, maxSeconds: number | null, io: DrainIo): Promise<number> {
  const { clock } = io;
  const endMs = maxSeconds === null ? Number.POSITIVE_INFINITY : clock.nowMs() + maxSeconds * 1000;
  for (let isTold = false; ; ) {
    const rows = await daemons.look();
    if (rows === null) {
      // A restart keeps the connections, but the new process does not drain.
      await daemons.findAgain();
      await daemons.drain();
      continue;
    }
    if (rows.length === 0) return FREE;
    const leftMs = endMs - clock.nowMs();
    if (leftMs <= 0) {
      io.out(formatTable(rows));
      return BUSY;
    }
    if (!isTold) io.err(`Waiting for:\n${formatTable(rows)}`);
    isTold = true;
    await pause(Math.min(LOOK_MS, leftMs), clock);
  }
}
