/** The terminal of a control session: telnet on a TCP connection, plain bytes on the local socket; and the line being typed. */
import type { ControlSessionState } from "../handover/state.js";
import { toBytes, toText } from "../line/bytes.js";
import { IAC } from "../telnet/codes.js";
import { TelnetDecoder } from "../telnet/decoder.js";
import { escapeIac } from "../telnet/encoder.js";
import { CONTROL_PORT_POLICY, Negotiation } from "../telnet/negotiation.js";
import { type Edited, LineEditor } from "./command.js";

interface Typed {
  /** The answer to negotiations, to be sent first. */
  readonly reply: string;
  /** Views into the chunk. */
  readonly data: readonly Uint8Array[];
  /** Codes of telnet commands, such as BRK. */
  readonly commands: readonly number[];
}

const CR = 13;
const LF = 10;
const NUL = 0;

export class Terminal {
  /** The local socket: no telnet and no echo, and a line may end in LF alone. */
  readonly isPlain: boolean;
  readonly #decoder = new TelnetDecoder();
  readonly #negotiation: Negotiation;
  readonly #editor = new LineEditor();
  /** The last line ended in CR: a following LF (or NUL, telnet) belongs to its end. */
  #afterCr = false;

  constructor(isPlain: boolean, before?: ControlSessionState) {
    this.isPlain = isPlain;
    this.#negotiation = new Negotiation(CONTROL_PORT_POLICY, before?.negotiation);
    if (before === undefined) return;
    this.#decoder.push(before.unfinished);
    this.#editor.feed(toBytes(before.line));
  }

  /** For the next process. */
  state(): Pick<ControlSessionState, "unfinished" | "negotiation" | "line"> {
    const { line } = this.#editor;
    return { unfinished: this.#decoder.unfinished(), negotiation: this.#negotiation.state(), line };
  }

  opening(): string {
    return this.isPlain ? "" : toText(this.#negotiation.opening());
  }

  decode(chunk: Uint8Array): Typed {
    if (this.isPlain) return { reply: "", data: [chunk], commands: [] };
    let reply = "";
    const data: Uint8Array[] = [];
    const commands: number[] = [];
    for (const event of this.#decoder.push(chunk)) {
      if (event.kind === "data") data.push(event.bytes);
      else if (event.kind === "command") commands.push(event.code);
      else if (event.kind === "negotiate") {
        reply += toText(this.#negotiation.receive(event.verb, event.option).reply);
      }
    }
    return { reply, data, commands };
  }

  /** As `encode`, one character a byte. */
  encodeText(text: string): string {
    return this.isPlain ? text : text.replaceAll("\xff", "\xff\xff");
  }

  /** Escapes IAC for telnet. Returns `bytes` itself when there is nothing to escape. */
  encode(bytes: Uint8Array): Uint8Array {
    if (this.isPlain || !bytes.includes(IAC)) return bytes;
    return escapeIac(bytes, new Uint8Array(bytes.length * 2));
  }

  /** Takes input up to the end of a line, as LineEditor does. */
  feed(bytes: Uint8Array): Edited {
    if (!this.isPlain) {
      const edited = this.#editor.feed(bytes);
      this.#afterCr = edited.line !== null;
      return edited;
    }
    const start = this.skipLineEnd(bytes);
    const lf = bytes.indexOf(LF, start);
    const cr = bytes.indexOf(CR, start);
    if (lf < 0 || (cr >= 0 && cr < lf)) {
      const edited = this.#editor.feed(bytes.subarray(start));
      this.#afterCr = edited.line !== null;
      return { ...edited, taken: edited.taken + start, echo: "" };
    }
    this.#editor.feed(bytes.subarray(start, lf));
    return { ...this.#editor.feed(Uint8Array.of(CR)), taken: lf + 1, echo: "" };
  }

  /** How many of the next bytes belong to the end of the last line: CR LF, or CR NUL of telnet. */
  skipLineEnd(bytes: Uint8Array): number {
    const [next] = bytes;
    const skipped = this.#afterCr && (next === LF || (next === NUL && !this.isPlain)) ? 1 : 0;
    if (bytes.length > 0) this.#afterCr = false;
    return skipped;
  }
}
