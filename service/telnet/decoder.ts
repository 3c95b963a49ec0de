/** Decodes the bytes of a telnet peer to events (RFC 854, RFC 855). */
import { DO, DONT, IAC, SB, SE, VERB_CODES, type Verb, WILL, WONT } from "./codes.js";
import { encodeNegotiation, encodeSuboption, escapeIac } from "./encoder.js";

export type TelnetEvent =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  | { readonly kind: "command"; readonly code: number } // BRK, DM, AYT ...; also undefined ones
  | { readonly kind: "negotiate"; readonly verb: Verb; readonly option: number }
  | { readonly kind: "suboption"; readonly option: number; readonly bytes: Uint8Array };

/**
 * Bytes kept of one suboption; the rest up to IAC SE is ignored, and the suboption counts with the bytes kept.
 * The longest in use are signatures, of at most 254 bytes (the reference keeps 28).
 */
export const MAX_SUBOPTION_BYTES = 512;

/** The state after the last byte. In "option" a suboption has begun, its option number is still to come. */
type Place = "data" | "iac" | "verb" | "option" | "option-iac" | "suboption" | "suboption-iac";

export class TelnetDecoder {
  #place: Place = "data";
  #verb: Verb = "will";
  #option = 0;
  readonly #suboption = new Uint8Array(MAX_SUBOPTION_BYTES);
  #kept = 0; // bytes in #suboption

  /** True when the whole chunk is data: no command is open and it has no IAC. It then needs no `push`. */
  passes(chunk: Uint8Array): boolean {
    return this.#place === "data" && chunk.indexOf(IAC) < 0;
  }

  /**
   * Takes a chunk whole; a command that is cut at its end is finished by the next one. Data between two commands is one
   * event, never an empty one; its bytes may be a view of the chunk and are valid for as long as the chunk is.
   */
  push(chunk: Uint8Array): TelnetEvent[] {
    if (chunk.length === 0) return [];
    if (this.passes(chunk)) return [{ kind: "data", bytes: chunk }];
    const events: TelnetEvent[] = [];
    const data = new Uint8Array(chunk.length); // the chunk without its commands; the data events are views of it
    let filled = 0;
    let reported = 0; // the part of `data` that is in events already
    const tell = (): void => {
      if (filled > reported) events.push({ kind: "data", bytes: data.subarray(reported, filled) });
      reported = filled;
    };
    for (let at = 0; at < chunk.length; at++) {
      if (this.#place === "data") {
        const next = chunk.indexOf(IAC, at);
        const run = chunk.subarray(at, next < 0 ? chunk.length : next);
        data.set(run, filled);
        filled += run.length;
        at += run.length;
        if (at === chunk.length) break;
      }
      const byte = chunk[at] ?? 0;
      if (this.#place === "iac" && byte === IAC) {
        data[filled++] = IAC;
        this.#place = "data";
        continue;
      }
      if (this.#place === "iac") tell();
      this.#place = this.#step(byte, events);
    }
    tell();
    return events;
  }

  /** The bytes of the command or suboption that is not complete: `push` of them leads another decoder to the same place. */
  unfinished(): Uint8Array {
    const place = this.#place;
    switch (place) {
      case "data":
        return new Uint8Array(0);
      case "iac":
        return Uint8Array.of(IAC);
      case "verb":
        return Uint8Array.of(IAC, VERB_CODES[this.#verb]);
      case "option":
        return Uint8Array.of(IAC, SB);
      case "option-iac":
        return Uint8Array.of(IAC, SB, IAC);
      case "suboption":
        return this.#begun();
      case "suboption-iac":
        return Uint8Array.of(...this.#begun(), IAC);
      default:
        return place satisfies never;
    }
  }

  #begun(): Uint8Array {
    const inside = Uint8Array.of(this.#option, ...this.#suboption.subarray(0, this.#kept));
    return Uint8Array.of(IAC, SB, ...escapeIac(inside, new Uint8Array(inside.length * 2)));
  }

  /** One byte that is not plain data, and not the second half of IAC IAC in the data. */
  #step(byte: number, events: TelnetEvent[]): Place {
    const place = this.#place;
    switch (place) {
      case "data":
        return "iac";
      case "iac": {
        // An IAC whose DM the kernel took away as urgent data consumes the one byte after it, and no more.
        if (byte === SB) return "option";
        const asked = verbOf(byte);
        if (asked === null) events.push({ kind: "command", code: byte });
        else this.#verb = asked;
        return asked === null ? "data" : "verb";
      }
      case "verb":
        events.push({ kind: "negotiate", verb: this.#verb, option: byte });
        return "data";
      case "option":
        return byte === IAC ? "option-iac" : this.#begin(byte);
      case "option-iac": // IAC SE ends a suboption in any position, here one that never had an option
        if (byte === SE) return "data";
        return byte === IAC ? this.#begin(IAC) : "option";
      case "suboption":
        return byte === IAC ? "suboption-iac" : this.#keep(byte);
      case "suboption-iac": // any other command within a suboption is dropped, as the reference does
        if (byte === SE) return this.#end(events);
        return byte === IAC ? this.#keep(IAC) : "suboption";
      default:
        return place satisfies never;
    }
  }

  #begin(option: number): Place {
    this.#option = option;
    this.#kept = 0;
    return "suboption";
  }

  #keep(byte: number): Place {
    if (this.#kept < MAX_SUBOPTION_BYTES) this.#suboption[this.#kept++] = byte;
    return "suboption";
  }

  #end(events: TelnetEvent[]): Place {
    events.push({ kind: "suboption", option: this.#option, bytes: this.#suboption.slice(0, this.#kept) });
    return "data";
  }
}

function verbOf(code: number): Verb | null {
  switch (code) {
    case WILL:
      return "will";
    case WONT:
      return "wont";
    case DO:
      return "do";
    case DONT:
      return "dont";
    default:
      return null;
  }
}

/** The bytes that a decoder makes these events of. */
export function encodeEvents(events: readonly TelnetEvent[]): Uint8Array {
  return Uint8Array.from(events.flatMap(event => [...encodeEvent(event)]));
}

function encodeEvent(event: TelnetEvent): Uint8Array {
  switch (event.kind) {
    case "data":
      return escapeIac(event.bytes, new Uint8Array(event.bytes.length * 2));
    case "command":
      return Uint8Array.of(IAC, event.code);
    case "negotiate":
      return encodeNegotiation(event.verb, event.option);
    case "suboption":
      return encodeSuboption(event.option, event.bytes);
    default:
      return event satisfies never;
  }
}
