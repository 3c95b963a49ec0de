/** The definition of a port that is in force: its configuration line, and what operators changed since. */
import type { OptionContext, PortConfig, PortState } from "../config/configuration.js";
import { parsePortWords } from "../config/port-options.js";
import type { PortState as StoredPortState } from "../handover/state.js";
import type { LineSettings } from "../line/settings.js";

/** More words were given by a program, not by a person; what is beyond is forgotten with this process. */
const MOST_WORDS = 200;
/** The place of a definition does not count. */
const NOWHERE = { file: null, lineNumber: 0, column: 0 };

/** What a reload wants of a port that is in use: nothing, its end, or another definition. */
type Pending = "none" | "delete" | PortConfig;

export class PortDefinition {
  /** With the words that operators gave. */
  config: PortConfig;
  state: PortState;
  timeoutSeconds: number;
  pending: Pending = "none";
  /** As configured. */
  #configured: PortConfig;
  /** Of `setportconfig` and the like, kept for the process after this one. */
  readonly #words: string[] = [];

  constructor(config: PortConfig) {
    this.config = config;
    this.#configured = config;
    this.state = config.state;
    this.timeoutSeconds = config.timeoutSeconds;
  }

  /** All of it. */
  get current(): PortConfig {
    const { config, state, timeoutSeconds } = this;
    const isChanged = state !== config.state || timeoutSeconds !== config.timeoutSeconds;
    return isChanged ? { ...config, state, timeoutSeconds } : config;
  }

  isSame(config: PortConfig): boolean {
    const [text, current] = [config, this.current].map(one => JSON.stringify({ ...one, ...NOWHERE, names: null }));
    return text === current;
  }

  /** The device is to be open without a connection too. A port on standard input ends with its connection. */
  get staysOpen(): boolean {
    const { config, state, pending } = this;
    return config.options.alwaysOpen && state !== "off" && config.networkPort.port !== 0 && pending === "none";
  }

  /** Takes up what operators had changed in the process before this one. */
  restore({ changes, timeoutSeconds, state }: StoredPortState, context: OptionContext): void {
    for (const words of changes) this.takeWords(words, context);
    this.timeoutSeconds = timeoutSeconds ?? this.timeoutSeconds;
    this.state = state ?? this.state;
  }

  /** Applies all of the words, or none where one is invalid. Null, or why nothing changed. */
  takeWords(words: string, context: OptionContext): string | null {
    const { line, options, problem } = parsePortWords(words, this.config, context);
    if (problem !== null) return problem;
    this.config = { ...this.config, line, options };
    if (this.#words.length < MOST_WORDS) this.#words.push(words);
    return null;
  }

  /** The line settings that valid words make of those of an open device: with `+` a client's changes stay. */
  lineWith(words: string, line: LineSettings, context: OptionContext): LineSettings {
    return parsePortWords(words, { ...this.config, line }, context).line;
  }

  /** Nothing is changed in it yet. The state is not taken. */
  replace(config: PortConfig): void {
    this.config = config;
    this.#configured = config;
    this.timeoutSeconds = config.timeoutSeconds;
    this.#words.length = 0;
  }

  /** For the process after this one. */
  stored(markOf: (configured: PortConfig) => string): StoredPortState {
    const { state, timeoutSeconds } = this;
    const configured = this.#configured;
    return {
      name: configured.name,
      definition: markOf(configured),
      state: state === configured.state ? null : state,
      timeoutSeconds: timeoutSeconds === configured.timeoutSeconds ? null : timeoutSeconds,
      changes: [...this.#words],
      lastError: null,
    };
  }
}
