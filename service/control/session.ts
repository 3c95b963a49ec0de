/** One session of the control port: telnet, the line editor, commands and their output. */
import type { AttachState, ControlSessionState } from "../handover/state.js";
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { Link } from "../net/link.js";
import type { Activity } from "../port/drain.js";
import type { ManagedPort } from "../port/status.js";
import { Attachment } from "./attachment.js";
import { parseCommand } from "./command.js";
import type { AttachWords, CommandContext, CommandFacts } from "./context.js";
import { EventStream } from "./event-stream.js";
import { execute } from "./execute.js";
import { Monitor } from "./monitor.js";
import { SessionLink } from "./session-link.js";
import { HANDED_OVER_BYTES, type Output, remainingOutput } from "./session-output.js";
import { Terminal } from "./terminal.js";

export interface ControlSessionOptions extends CommandFacts {
  readonly link: Link;
  readonly log: Log;
  /** What is needed to change things, where this peer may only look; null: it may do all. */
  readonly deniedBut: string | null;
  /** By the local socket: no telnet. */
  readonly isLocal: boolean;
  readonly clock?: Clock;
  /** Of the process before this one: the session goes on as it was. */
  readonly before?: ControlSessionState;
  /** Called once, however the session ends. */
  readonly onEnd: () => void;
}

const NOTHING = new Uint8Array(0);
const PROMPT = "-> ";
/** Bytes read in one turn of the event loop. No more is read until their commands are done and the output is sent. */
const READ_BYTES = 256;
/** About the output of one turn. A pause follows, so that a listing of many ports does not delay the data. */
const TURN_BYTES = 2048;
const PAUSE_MS = 1;
/** Output made at a time, plus one line. No other output is queued. */
const PIECE_BYTES = 1024;
/** Of `events`, which come in bulk. */
const EVENT_BYTES = 16_384;

export class ControlSession {
  readonly events: EventStream;
  readonly #options: ControlSessionOptions;
  readonly #clock: Clock;
  readonly #io: SessionLink;
  readonly #terminal: Terminal;
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
  /** The link while a port has it; null: it is this session's. */
  #attached: Attachment | null = null;
  /** Typed behind `attach`, or behind the escape that ends it. */
  #typed: Uint8Array = NOTHING;

  constructor(options: ControlSessionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.events = new EventStream(() => this.#wake(), this.#clock);
    const { before } = options;
    this.#lastInputMs = this.#clock.nowMs() - (before?.idleMs ?? 0);
    this.#since = before?.sinceMs ?? this.#clock.date().getTime();
    this.#io = new SessionLink(options.link, options.log, () => this.close());
    this.#terminal = new Terminal(options.isLocal, before);
    this.#output = before === undefined ? this.#greet() : this.#goOn(before);
  }

  /** Greets, or goes on. Until then nothing is read or written. */
  readonly start = (): void => this.#turn();

  /** Milliseconds since the last input. */
  get idleMs(): number {
    return this.#clock.nowMs() - this.#lastInputMs;
  }

  /** Its connection counts in its place. */
  get isAttached(): boolean {
    return this.#attached !== null;
  }

  get isMonitoring(): boolean {
    return this.#monitor.active;
  }

  /** For the process after this one; null: it has ended. Call `proceed` where this one goes on. Not within a command. */
  state(): ControlSessionState | null {
    if (this.events.active) this.close(); // the program that reads them asks the next process
    if (this.#ended) return null;
    this.#isHandedOver = true;
    const { link } = this.#options;
    const own = Buffer.concat([
      this.#piece.subarray(this.#sent),
      toBytes(remainingOutput(this.#notice, this.#output, () => this.#isExiting)),
    ]);
    [this.#piece, this.#sent, this.#output] = [own, 0, [].values()];
    const unsent = Buffer.concat([own, this.#attached?.link.unsent ?? NOTHING]).subarray(0, HANDED_OVER_BYTES);
    return {
      ...{ name: link.storedName ?? "", peer: link.peer, sinceMs: this.#since, idleMs: Math.round(this.idleMs) },
      ...{ ...this.#terminal.state(), unsent, isExiting: this.#isExiting, monitor: this.#monitor.monitored },
    };
  }

  /** Goes on after `state`, with the output that was made for the next process. */
  proceed(): void {
    this.#isHandedOver = false;
    if (this.#isExiting) this.close();
  }

  activity(): Activity {
    const { address, port: portNumber } = this.#options.link.peer;
    const kind = this.isMonitoring ? "monitor" : "control";
    return { kind, port: "control", address, portNumber, since: this.#since };
  }

  /** Shows a line of text, with a new prompt. */
  tell(text: string): void {
    if (this.#ended || this.isAttached) return;
    this.#notice = `\r\n${text}\r\n${PROMPT}`;
    this.#wake();
  }

  /** Idempotent; at once. */
  close(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#endPause();
    this.#monitor.stop();
    this.events.stop();
    if (this.#attached?.over === null) this.#attached.link.abandon();
    this.#options.link.ignoreReadable();
    this.#options.link.close();
    this.#options.onEnd();
  }

  #wake(): void {
    if (this.#isWaiting) this.#isWaiting = this.#sendOutput(); // no input: this is in the middle of what has something to tell
  }

  readonly #turn = (): void => {
    this.#isWaiting = false;
    if (!this.#sendOutput() || this.#isWithPort()) return;
    const typed = this.#takeTyped();
    const length = typed.length > 0 ? 0 : this.#io.read(this.#chunk);
    if (length < 0) this.close();
    if (length > 0) this.#lastInputMs = this.#clock.nowMs();
    if (length > 0) this.#output = this.#answerInput(this.#chunk.subarray(0, length));
    if (typed.length > 0) this.#output = this.#answerTyped(typed);
    if (!this.#sendOutput() || this.#isWithPort() || this.#ended) return;
    this.#isWaiting = true;
    this.#options.link.whenReadable(this.#turn);
  };

  /** True when all is sent; else the turn goes on when there is room. */
  #sendOutput(): boolean {
    for (let budget = TURN_BYTES; this.#sent < this.#piece.length || this.#makePiece(); ) {
      const taken = this.#io.write(this.#piece.subarray(this.#sent));
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
    let text = this.#notice + this.events.take(EVENT_BYTES);
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

  *#goOn({ unsent, isExiting, monitor }: ControlSessionState): Generator<Output> {
    const port = monitor === null ? null : this.#options.ports.find(monitor.port);
    if (monitor !== null && port !== null) this.#monitor.start(port, monitor.direction);
    yield toText(unsent);
    yield null;
    if (isExiting) this.close();
  }

  *#greet(): Generator<Output> {
    yield this.#terminal.opening();
    yield PROMPT;
  }

  /** A command runs only when the output before it has been sent. */
  *#answerInput(bytes: Uint8Array): Generator<Output> {
    const { reply, data } = this.#terminal.decode(bytes);
    // Telnet commands are answered first, then the text, so that an option within a word does not split its echo.
    yield reply;
    for (const piece of data) yield* this.#answerTyped(piece);
  }

  *#answerTyped(bytes: Uint8Array): Generator<Output> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#attached !== null) {
        this.#typed = Buffer.concat([this.#typed, bytes.subarray(at)]);
        return;
      }
      const { taken, echo, line } = this.#terminal.feed(bytes.subarray(at));
      at += taken;
      yield echo;
      if (line === null) continue;
      const command = parseCommand(line);
      if (command.kind === "exit") {
        if (this.#isHandedOver) this.#isExiting = true;
        else this.close();
        return;
      }
      for (const text of execute(command, this.#context())) yield this.#terminal.encodeText(`${text}\r\n`);
      if (this.#attached === null) yield PROMPT;
      yield null; // so that an `exit` after it leaves it whole
    }
  }

  #context(): CommandContext {
    return {
      ...this.#options,
      ...{ monitor: this.#monitor, events: this.events, session: this, person: this.#io.person },
      attach: (port, how, force) => {
        const result = this.#attach(port, { ...how, isEscaped: false, input: NOTHING }).begin(force);
        if ("refusal" in result) this.#attached = null;
        return result;
      },
    };
  }

  /** Goes on with the connection that the session had in the process before this one. Call before `start`. */
  resumeAttached(port: ManagedPort, state: AttachState): Link {
    return this.#attach(port, { ...state, replayBytes: null }).link;
  }

  #attach(port: ManagedPort, state: AttachState & AttachWords): Attachment {
    const soon = (run: () => void) => void this.#clock.after(0, run);
    const { link, deniedBut } = this.#options;
    const own = { link, terminal: this.#terminal, mayChange: deniedBut === null, soon, ended: this.#turn };
    this.#monitor.stop(); // its bytes would be among those of the port
    this.#attached = new Attachment(own, port, state);
    return this.#attached;
  }

  /** All output is sent. True: a port has the link, and its own output follows. */
  #isWithPort(): boolean {
    const attached = this.#attached;
    if (attached === null) return false;
    if (attached.over === null) {
      attached.start(this.#takeTyped());
      return true;
    }
    this.#attached = null;
    this.#typed = attached.over.rest;
    this.#output = this.#afterPort(attached.over.unsent, attached.farewell);
    return !this.#sendOutput();
  }

  *#afterPort(unsent: Uint8Array, farewell: string | null): Generator<Output> {
    yield toText(unsent);
    if (farewell !== null) yield `${farewell}${PROMPT}`;
    yield null;
    if (farewell === null) this.close();
  }

  #takeTyped(): Uint8Array {
    const typed = this.#typed;
    this.#typed = NOTHING;
    return typed;
  }

  /** Best effort, as the manual page says: what does not fit is dropped. */
  #showMonitored(bytes: Uint8Array): void {
    if (!this.#ended && this.#sent === this.#piece.length) this.#io.write(bytes);
  }
}
