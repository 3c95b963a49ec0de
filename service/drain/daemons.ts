/** The daemons that a command concerns, also those that restart meanwhile. */
import { type Clock, pause } from "../line/clock.js";
import type { DrainArguments } from "./arguments.js";
import { findOnBus } from "./bus-daemons.js";
import { connectControlPort, connectSockets } from "./control-daemon.js";
import { isAbsent, type RunningDaemon } from "./running-daemon.js";
import type { TableRow } from "./table.js";

/** How long a daemon that has ended may take to be there again, and how often it is looked for, in milliseconds. */
const RETURN_MS = 10_000;
const SEARCH_MS = 250;

interface Surroundings {
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

/** Every call rejects with a DaemonError. */
export class Daemons {
  readonly #given: DrainArguments;
  readonly #surroundings: Surroundings;
  #all: readonly RunningDaemon[] = [];
  #isUndone = false;

  constructor(given: DrainArguments, surroundings: Surroundings) {
    this.#given = given;
    this.#surroundings = surroundings;
  }

  async find(): Promise<void> {
    const { controlPorts, dbus, instances } = this.#given;
    if (controlPorts.length > 0) {
      this.#all = await Promise.all(controlPorts.map(spec => connectControlPort(spec)));
      return;
    }
    try {
      this.#all = await findOnBus(dbus ?? "system", instances, this.#surroundings.env);
    } catch (error) {
      if (dbus !== null || !isAbsent(error)) throw error;
      this.#all = await connectSockets(instances).catch(other => {
        throw isAbsent(other) ? error : other;
      });
    }
  }

  /** After `look` gave null: until as many are found as before, or no more have come in ten seconds. */
  async findAgain(): Promise<void> {
    const { clock } = this.#surroundings;
    const expected = this.#all.length;
    const endMs = clock.nowMs() + RETURN_MS;
    do {
      await pause(SEARCH_MS, clock);
      this.close();
      await unlessAbsent(undefined, this.find());
    } while (this.#all.length < expected && clock.nowMs() < endMs);
  }

  /** What is left in all of them; null: one has ended. */
  async look(): Promise<readonly TableRow[] | null> {
    const rowsOf = async (daemon: RunningDaemon): Promise<readonly TableRow[]> =>
      (await daemon.activities()).map(activity => ({ instance: daemon.name, ...activity }));
    const rows = await settled(this.#all.map(daemon => unlessAbsent(null, rowsOf(daemon))));
    const present = rows.filter(one => one !== null);
    return present.length < rows.length ? null : present.flat();
  }

  /** Nothing after `undrain`. */
  async drain(): Promise<void> {
    if (this.#isUndone) return;
    await this.#each(daemon => daemon.drain());
  }

  async undrain(): Promise<void> {
    this.#isUndone = true;
    await this.#each(daemon => daemon.undrain());
  }

  /** One that has ended meanwhile has nothing to do. */
  async #each(act: (daemon: RunningDaemon) => Promise<void>): Promise<void> {
    await settled(this.#all.map(daemon => unlessAbsent(undefined, act(daemon))));
  }

  close(): void {
    for (const daemon of this.#all) daemon.close();
    this.#all = [];
  }
}

/** Waits for all, then throws the first failure, so that nothing is under way any more. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

async function unlessAbsent<T, U>(absent: U, answer: Promise<T>): Promise<T | U> {
  try {
    return await answer;
  } catch (error) {
    if (isAbsent(error)) return absent;
    throw error;
  }
}
