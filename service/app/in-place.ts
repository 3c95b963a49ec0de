/** The upgrade in place: this process goes on as the next version of the program (docs/ota.md). The work is a bundle of its own. */
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import { storedDescriptors } from "../native/stored-descriptors.js";
import { type HandedDescriptors, handedDescriptors } from "../systemd/activation.js";

type Upgrade = typeof import("../upgrade/entry.js");
type Upgrading = Parameters<Upgrade["upgrade"]>[0];

/** Throws where it cannot be loaded. */
function loadUpgrade(): Upgrade {
  return loadModule<Upgrade>("./upgrade.cjs");
}

/** Another version of the program was in this process before. True until its descriptors are taken over. */
export function isUpgraded(): boolean {
  return process.env.SER2NET_UPGRADE?.startsWith(`${process.pid}:`) === true;
}

export class InPlaceUpgrade {
  /** What the process is started with. */
  readonly handed: HandedDescriptors;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #isUpgraded = isUpgraded();
  readonly #ends = new AbortController();
  #isUnderWay = false;

  /** Takes the variables about descriptors out of the environment. */
  constructor() {
    this.#environment = { ...process.env };
    for (const name of ["SER2NET_UPGRADE", "SER2NET_READY_FD"]) delete this.#environment[name];
    const read = this.#isUpgraded ? loadUpgrade().readDescriptorList : handedDescriptors;
    this.handed = read(process.env, process.pid);
  }

  /** Does nothing while one is under way. Where it succeeds, nothing of this program runs any more. */
  begin(daemon: Omit<Upgrading, "environment" | "sockets" | "descriptors" | "signal">, log: Log): void {
    if (this.#isUnderWay || this.#ends.signal.aborted) return;
    this.#isUnderWay = true;
    const [environment, { sockets }, { signal }] = [this.#environment, this.handed, this.#ends];
    const descriptors = storedDescriptors;
    const over = (): void => {
      this.#isUnderWay = false;
    };
    try {
      void loadUpgrade()
        .upgrade({ ...daemon, environment, sockets, descriptors, signal })
        .finally(over);
    } catch (error) {
      log.error(`An upgrade is not possible: ${reasonOf(error)}`);
      over();
    }
  }

  /** The ports are served: answers the one who asked for the upgrade. */
  started(version: string, takenOver: string | null): void {
    if (!this.#isUpgraded) return;
    const rest = takenOver === null ? "" : `; ${takenOver}`;
    loadUpgrade().sendAnswer({ isDone: true, text: `process ${process.pid} is version ${version} now${rest}` });
  }

  /** The daemon ends: one that is under way is given up. */
  close(): void {
    this.#ends.abort();
  }
}
