/** What operators changed on a port at run time, kept for the process after this one: words, state, time limit. */
import type { PortConfig, PortState } from "../config/configuration.js";
import type { PortState as StoredPortState } from "../handover/state.js";
import { definitionMark } from "./handover.js";

/** More words were given by a program, not by a person; what is beyond is forgotten with this process. */
const MOST_WORDS = 200;

export class OperatorChanges {
  /** As configured. */
  #config: PortConfig;
  readonly #words: string[] = [];

  constructor(config: PortConfig) {
    this.#config = config;
  }

  /** Of `setportconfig` and the like. */
  add(words: string): void {
    if (this.#words.length < MOST_WORDS) this.#words.push(words);
  }

  /** The port has another definition: nothing is changed in it yet. */
  restart(config: PortConfig): void {
    this.#config = config;
    this.#words.length = 0;
  }

  state(state: PortState, timeoutSeconds: number): StoredPortState {
    const config = this.#config;
    return {
      name: config.name,
      definition: definitionMark(config),
      state: state === config.state ? null : state,
      timeoutSeconds: timeoutSeconds === config.timeoutSeconds ? null : timeoutSeconds,
      changes: [...this.#words],
      lastError: null,
    };
  }
}
