/** One operator on the control port: telnet, a line editor, commands, and what is sent back. */
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { type Link, LinkError } from "../net/link.js";
import { TelnetDecoder } from "../telnet/decoder.js";
import { CONTROL_PORT_POLICY, Negotiation } from "../telnet/negotiation.js";
import { parseCommand } from "./command.js";
import { createLineEditor } from "./editor.js";
import { type ControlPorts, execute } from "./execute.js";
import { createMonitor } from "./monitor.js";

export interface ControlSession {
  /** Greets. Until then nothing is read or written. */
  start(): void;
  /** Milliseconds since the last input. */
  readonly idleMs: number;
  /** Idempotent; at once. */
  close(): void;
}

export interface ControlSessionOptions {
  readonly link: Link;
  readonly ports: ControlPorts;
  readonly version: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** Called once, however the session ends. */
  readonly onEnd: () => void;
}

/** Input read in one turn of the event loop. No more is read until all it asks for is done and sent. */
const READ_BYTES = 256;
/** Output sent in one turn, about. A pause follows: a listing of many ports leaves the processor to the data. */
const TURN_BYTES = 2048;
const PAUSE_MS = 1;
/** Output made at a time, and one line more. Nothing else queues. */
const PIECE_BYTES = 1024;

/** Text to send, one character a byte; null: send what there is before you ask for more. */
type Output = string | null;

export function createControlSession(parts: ControlSessionOptions): ControlSession {
  const { link, ports, version, log, clock = systemClock, onEnd } = parts;
  const decoder = new TelnetDecoder();
  const negotiation = new Negotiation(CONTROL_PORT_POLICY);
  const editor = createLineEditor();
  const monitor = createMonitor(showMonitored);
  const chunk = new Uint8Array(READ_BYTES);
  let output: Iterator<Output> = greet();
  let piece: Uint8Array = new Uint8Array(0); // made, and from `sent` on not yet sent
  let sent = 0;
  let endPause = (): void => {};
  let ended = false;
  let lastInputMs = clock.nowMs();

  function turn(): void {
    if (!sendOutput()) return;
    const length = read();
    if (length > 0) {
      output = answerInput(chunk.subarray(0, length));
      if (!sendOutput()) return;
    }
    if (!ended) link.whenReadable(turn);
  }

  /** True when all is sent; else the turn goes on when there is room. */
  function sendOutput(): boolean {
    for (let budget = TURN_BYTES; sent < piece.length || makePiece(); ) {
      const taken = write(piece.subarray(sent));
      sent += taken;
      budget -= taken;
      if (ended) return false;
      if (sent === piece.length && budget > 0) continue;
      if (sent < piece.length) link.whenWritable(turn);
      else endPause = clock.after(PAUSE_MS, turn);
      return false;
    }
    return !ended;
  }

  /** False when there is nothing more to send. */
  function makePiece(): boolean {
    let text = "";
    while (text.length < PIECE_BYTES) {
      const next = output.next();
      if (ended) return false; // by `exit`: its own echo is not sent
      if (next.done) break;
      if (next.value !== null) text += next.value;
      else if (text !== "") break;
    }
    piece = toBytes(text);
    sent = 0;
    return piece.length > 0;
  }

  function* greet(): Generator<Output> {
    yield toText(negotiation.opening());
    yield PROMPT;
  }

  /** Goes on only as fast as what it gives is sent, commands included. */
  function* answerInput(bytes: Uint8Array): Generator<Output> {
    const events = decoder.push(bytes);
    // What was read is answered as telnet first, then as text: an option in the middle of a word does not split its echo.
    for (const event of events) {
      if (event.kind === "negotiate") yield toText(negotiation.receive(event.verb, event.option).reply);
    }
    for (const event of events) {
      if (event.kind === "data") yield* answerTyped(event.bytes);
    }
  }

  function* answerTyped(bytes: Uint8Array): Generator<Output> {
    for (let at = 0; at < bytes.length; ) {
      const { taken, echo, line } = editor.feed(bytes.subarray(at));
      at += taken;
      yield echo;
      if (line === null) continue;
      const command = parseCommand(line);
      if (command.kind === "exit") {
        close();
        return;
      }
      for (const text of execute(command, { ports, version, monitor })) yield `${text}\r\n`;
      yield PROMPT;
      yield null; // so that an `exit` after it leaves it whole
    }
  }

  /** Best effort, as the manual page says: what does not fit is dropped. */
  function showMonitored(bytes: Uint8Array): void {
    if (!ended && sent === piece.length) write(bytes);
  }

  /** -1 when the session is over. */
  function read(): number {
    try {
      const length = link.read(chunk);
      if (length < 0) close();
      if (length > 0) lastInputMs = clock.nowMs();
      return length;
    } catch (error) {
      failed("read error for controller port", error);
      return -1;
    }
  }

  function write(bytes: Uint8Array): number {
    try {
      return link.write(bytes);
    } catch (error) {
      failed("The tcp write for controller had error", error);
      return 0;
    }
  }

  function failed(what: string, error: unknown): void {
    if (!(error instanceof LinkError)) throw error;
    if (error.code !== "pipe") log.error(`${what}: ${error.reason}`);
    close();
  }

  function close(): void {
    if (ended) return;
    ended = true;
    endPause();
    monitor.stop();
    link.ignoreReadable();
    link.close();
    onEnd();
  }

  return {
    start: turn,
    get idleMs() {
      return clock.nowMs() - lastInputMs;
    },
    close,
  };
}

const PROMPT = "-> ";
