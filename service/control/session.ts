/** One session of the control port: telnet, the line editor, commands and their output. */
import type { ControlSessionState } from "../handover/state.js";
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { type Link, LinkError } from "../net/link.js";
import type { Activity, Drain } from "../port/drain.js";
import { TelnetDecoder } from "../telnet/decoder.js";
import { CONTROL_PORT_POLICY, Negotiation } from "../telnet/negotiation.js";
import { LineEditor, parseCommand } from "./command.js";
import { type ControlPorts, execute } from "./execute.js";
import { Monitor } from "./monitor.js";

export interface ControlSessionOptions {
  readonly link: Link;
  readonly ports: ControlPorts;
  readonly version: string;
  readonly drain: Drain;
  readonly log: Log;
  readonly clock?: Clock;
  /** Of the process before this one: the session goes on as it was. */
  readonly before?: ControlSessionState;
  /** Called once, however the session ends. */
  readonly onEnd: () => void;
}

const PROMPT = "-> ";
/** Bytes read in one turn of the event loop. No more is read until their commands are done and the output is sent. */
const READ_BYTES = 256;
/** About the output of one turn. A pause follows, so that a listing of many ports does not delay the data. */
const TURN_BYTES = 2048;
const PAUSE_MS = 1;
/** Output made at a time, plus one line. No other output is queued. */
const PIECE_BYTES = 1024;
/** Output that is handed over; what is more than that is lost. */
const HANDED_OVER_BYTES = 4 * 1024 * 1024;

/** Text to send, one character a byte; null: send the text so far before the generator goes on. */
type Output = string | null;

export class ControlSession {
  readonly #options: ControlSessionOptions;
  readonly #clock: Clock;
  readonly #decoder = new TelnetDecoder();
  readonly #negotiation: Negotiation;
  readonly #editor = new LineEditor();
  readonly #monitor = new Monitor(bytes => this.#showMonitored(bytes));
  readonly #chunk = new Uint8Array(READ_BYTES);
  #output: Iterator<Output>;
  #piece: Uint8Array = new Uint8Array(0); // made, and from #sent on not yet sent
  #sent = 0;
  #endPause = (): void => {};
  #ended = false;
  #lastInputMs: number;
  readonly #since: number; // milliseconds since 1970
  /** Text to be sent before the next output. */
  #notice = "";
  /** All output is sent, and the session waits for input. */
  #isWaiting = false;
  /** The process ends: what is asked for is worked out for the next one, and `exit` ends the session there. */
  #isHandedOver = false;
  #isExiting = false;

  constructor(options: ControlSessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    const { before } = options;
    this.#lastInputMs = this.#clock.nowMs() - (before?.idleMs ?? 0);
    this.#since = before?.sinceMs ?? this.#clock.date().getTime();
    this.#negotiation = new Negotiation(CONTROL_PORT_POLICY, before?.negotiation);
    this.#output = before === undefined ? this.#greet() : this.#goOn(before);
  }

  /** Greets, or goes on. Until then nothing is read or written. */
  start(): void {
    this.#turn();
  }

  /** Milliseconds since the last input. */
  get idleMs(): number {
    return this.#clock.nowMs() - this.#lastInputMs;
  }

  get isMonitoring(): boolean {
    return this.#monitor.active;
  }

  /**
   * For the process after this one, which goes on with it: nothing may be called afterwards. Null: it has ended.
   * Not to be called from within a command.
   */
  state(): ControlSessionState | null {
    if (this.#ended) return null;
    this.#isHandedOver = true;
    this.#endPause();
    this.#options.link.ignoreReadable();
    const { link } = this.#options;
    const sent = this.#piece.subarray(this.#sent);
    const unsent = Buffer.concat([sent, toBytes(this.#remainingOutput())]).subarray(0, HANDED_OVER_BYTES);
    return {
      ...{ name: link.storedName ?? "", peer: link.peer, sinceMs: this.#since, idleMs: Math.round(this.idleMs) },
      ...{ unfinished: this.#decoder.unfinished(), negotiation: this.#negotiation.state(), line: this.#editor.line },
      ...{ unsent, isExiting: this.#isExiting, monitor: this.#monitor.monitored },
    };
  }

  activity(): Activity {
    const { address, port: portNumber } = this.#options.link.peer;
    const kind = this.isMonitoring ? "monitor" : "control";
    return { kind, port: "control", address, portNumber, since: this.#since };
  }

  /** Shows a line of text, with a new prompt. */
  tell(text: string): void {
    if (this.#ended) return;
    this.#notice = `\r\n${text}\r\n${PROMPT}`;
    if (this.#isWaiting) this.#turn();
  }

  /** Idempotent; at once. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endPause();
    this.#monitor.stop();
    this.#options.link.ignoreReadable();
    this.#options.link.close();
    this.#options.onEnd();
  }

  readonly #turn = (): void => {
    this.#isWaiting = false;
    if (!this.#sendOutput()) return;
    const length = this.#read();
    if (length > 0) {
      this.#output = this.#answerInput(this.#chunk.subarray(0, length));
      if (!this.#sendOutput()) return;
    }
    if (this.#ended) return;
    this.#isWaiting = true;
    this.#options.link.whenReadable(this.#turn);
  };

  /** True when all is sent; else the turn goes on when there is room. */
  #sendOutput(): boolean {
    for (let budget = TURN_BYTES; this.#sent < this.#piece.length || this.#makePiece(); ) {
      const taken = this.#write(this.#piece.subarray(this.#sent));
      this.#sent += taken;
      budget -= taken;
      if (this.#ended) return false;
      if (this.#sent === this.#piece.length && budget > 0) continue;
      if (this.#sent < this.#piece.length) this.#options.link.whenWritable(this.#turn);
      else this.#endPause = this.#clock.after(PAUSE_MS, this.#turn);
      return false;
    }
    return !this.#ended;
  }

  /** False when there is nothing more to send. */
  #makePiece(): boolean {
    let text = this.#notice;
    this.#notice = "";
    while (text.length < PIECE_BYTES) {
      const next = this.#output.next();
      if (this.#ended) return false; // by `exit`: its own echo is not sent
      if (next.done) break;
      if (next.value !== null) text += next.value;
      else if (text !== "") break;
    }
    this.#piece = toBytes(text);
    this.#sent = 0;
    return this.#piece.length > 0;
  }

  #remainingOutput(): string {
    let text = this.#notice;
    let beforeCommand = text;
    for (let next = this.#output.next(); !next.done && text.length < HANDED_OVER_BYTES; next = this.#output.next()) {
      if (next.value === null) beforeCommand = text;
      else text += next.value;
    }
    return this.#isExiting ? beforeCommand : text; // the echo of `exit` is not sent
  }

  *#goOn({ unfinished, line, unsent, isExiting, monitor }: ControlSessionState): Generator<Output> {
    this.#decoder.push(unfinished);
    this.#editor.feed(toBytes(line));
    const port = monitor === null ? null : this.#options.ports.find(monitor.port);
    if (monitor !== null && port !== null) this.#monitor.start(port, monitor.direction);
    yield toText(unsent);
    yield null;
    if (isExiting) this.close();
  }

  *#greet(): Generator<Output> {
    yield toText(this.#negotiation.opening());
    yield PROMPT;
  }

  /** A command runs only when the output before it has been sent. */
  *#answerInput(bytes: Uint8Array): Generator<Output> {
    const events = this.#decoder.push(bytes);
    // Telnet commands are answered first, then the text, so that an option within a word does not split its echo.
    for (const event of events) {
      if (event.kind === "negotiate") yield toText(this.#negotiation.receive(event.verb, event.option).reply);
    }
    for (const event of events) {
      if (event.kind === "data") yield* this.#answerTyped(event.bytes);
    }
  }

  *#answerTyped(bytes: Uint8Array): Generator<Output> {
    const { ports, version, drain } = this.#options;
    const context = { ports, version, drain, monitor: this.#monitor, session: this };
    for (let at = 0; at < bytes.length; ) {
      const { taken, echo, line } = this.#editor.feed(bytes.subarray(at));
      at += taken;
      yield echo;
      if (line === null) continue;
      const command = parseCommand(line);
      if (command.kind === "exit") {
        if (this.#isHandedOver) this.#isExiting = true;
        else this.close();
        return;
      }
      for (const text of execute(command, context)) yield `${text}\r\n`;
      yield PROMPT;
      yield null; // so that an `exit` after it leaves it whole
    }
  }

  /** Best effort, as the manual page says: what does not fit is dropped. */
  #showMonitored(bytes: Uint8Array): void {
    if (!this.#ended && this.#sent === this.#piece.length) this.#write(bytes);
  }

  /** -1 when the session is over. */
  #read(): number {
    try {
      const length = this.#options.link.read(this.#chunk);
      if (length < 0) this.close();
      if (length > 0) this.#lastInputMs = this.#clock.nowMs();
      return length;
    } catch (error) {
      this.#failed("read error for controller port", error);
      return -1;
    }
  }

  #write(bytes: Uint8Array): number {
    try {
      return this.#options.link.write(bytes);
    } catch (error) {
      this.#failed("The tcp write for controller had error", error);
      return 0;
    }
  }

  #failed(what: string, error: unknown): void {
    if (!(error instanceof LinkError)) throw error;
    if (error.code !== "pipe") this.#options.log.error(`${what}: ${error.reason}`);
    this.close();
  }
}
