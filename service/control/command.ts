/** Input of the control port: typed bytes to lines, a line to a command or to an error text. Pure. */
import type { PortState } from "../config/configuration.js";
import type { ModemControl } from "../line/modem.js";

export interface Edited {
  /** How many of the bytes are dealt with. Fewer than all only when a line is finished. */
  readonly taken: number;
  readonly echo: string;
  /** Without its end; null while the line is not finished. */
  readonly line: string | null;
}

/** Characters kept of a line that has no end yet. The next byte discards a line of this length. */
export const MAX_LINE = 255;

const NUL = 0x00;
const BACKSPACE = 0x08;
const LF = 0x0a;
const CR = 0x0d;
const DELETE = 0x7f;

/** The line that is being typed. */
export class LineEditor {
  #line = "";

  /** What has been typed; `feed` of it leads another editor to the same place. */
  get line(): string {
    return this.#line;
  }

  /** Takes bytes up to the end of the first line in them, or all of them. */
  feed(bytes: Uint8Array): Edited {
    let echo = "";
    for (const [at, byte] of bytes.entries()) {
      if (this.#line.length === MAX_LINE) {
        this.#line = "";
        echo += "Input line too long\r\n";
      }
      switch (byte) {
        case CR: {
          const line = this.#line;
          this.#line = "";
          return { taken: at + 1, echo: `${echo}\r\n`, line };
        }
        case NUL: // after CR, as telnet wants it
        case LF:
          break;
        case BACKSPACE:
        case DELETE:
          if (this.#line !== "") echo += "\b \b";
          this.#line = this.#line.slice(0, -1);
          break;
        default: {
          const character = String.fromCharCode(byte);
          this.#line += character;
          echo += character; // IAC is echoed as one byte too, as in the reference
        }
      }
    }
    return { taken: bytes.length, echo, line: null };
  }
}

export type Command =
  | { readonly kind: "exit" }
  | { readonly kind: "nothing" | "help" | "version" | "monitor-stop" | "drain" | "undrain" | "busy" | "upgrade" }
  | { readonly kind: "showport" | "showshortport"; readonly port: string | null }
  /** A missing port is not an error yet: that the session monitors already is checked first. */
  | { readonly kind: "monitor"; readonly type: string; readonly port: string | null }
  | { readonly kind: "disconnect"; readonly port: string }
  | { readonly kind: "setporttimeout"; readonly port: string; readonly timeout: string }
  | { readonly kind: "setportenable"; readonly port: string; readonly state: string }
  | { readonly kind: "setportconfig" | "setportcontrol"; readonly port: string; readonly words: string }
  /** None of 3.5.4: see more-commands.ts. @param text the line from its second word on */
  | { readonly kind: "other"; readonly name: string; readonly text: string }
  | { readonly kind: "error"; readonly text: string };

/** Arguments beyond those a command takes are ignored, as the reference does. */
export function parseCommand(line: string): Command {
  const [name, first, second] = splitWords(line);
  if (name === undefined) return { kind: "nothing" };
  switch (name) {
    case "exit":
    case "quit": // undocumented
      return { kind: "exit" };
    case "help":
    case "version":
    case "drain": // these four are not in ser2net 3.5 (docs/extensions.md, "Drain" and "Upgrade in place")
    case "undrain":
    case "busy":
    case "upgrade":
      return { kind: name };
    case "showport":
    case "showshortport":
      return { kind: name, port: first ?? null };
    case "monitor":
      if (first === undefined) return error("No monitor type given");
      if (first === "stop") return { kind: "monitor-stop" };
      return { kind: "monitor", type: first, port: second ?? null };
    case "disconnect":
      return first === undefined ? error("No port given") : { kind: name, port: first };
    case "setporttimeout":
      if (first === undefined) return error("No port given");
      return second === undefined ? error("No timeout given") : { kind: name, port: first, timeout: second };
    case "setportenable":
      if (first === undefined) return error("No port given");
      // The reference has the wrong noun.
      return second === undefined ? error("No timeout given") : { kind: name, port: first, state: second };
    case "setportconfig":
    case "setportcontrol": {
      if (first === undefined) return error("No port given");
      if (second === undefined) return error(name === "setportconfig" ? "No device config" : "No device controls");
      return { kind: name, port: first, words: line.replace(/^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+/, "") };
    }
    default:
      return { kind: "other", name, text: line.replace(/^[ \t]*[^ \t]+[ \t]*/, "") };
  }
}

/** Seconds that fit 32 bits; null for all else. (The reference wraps larger numbers.) */
export function parseTimeout(text: string): number | null {
  if (!/^[0-9]+$/.test(text)) return null;
  const seconds = Number(text);
  return seconds <= 0xffff_ffff ? seconds : null;
}

export function parseState(text: string): PortState | null {
  return text === "off" || text === "raw" || text === "rawlp" || text === "telnet" ? text : null;
}

/** The words of `setportcontrol`, in order; null when one of them is unknown. */
export function parseControls(words: string): readonly Partial<ModemControl>[] | null {
  const controls: Partial<ModemControl>[] = [];
  for (const word of splitWords(words)) {
    const control = CONTROLS.get(word);
    if (control === undefined) return null;
    controls.push(control);
  }
  return controls;
}

const CONTROLS: ReadonlyMap<string, Partial<ModemControl>> = new Map([
  ["DTRHI", { dtr: true }],
  ["DTRLO", { dtr: false }],
  ["RTSHI", { rts: true }],
  ["RTSLO", { rts: false }],
]);

export function splitWords(line: string): string[] {
  return line.split(/[ \t]+/).filter(word => word !== "");
}

function error(text: string): Command {
  return { kind: "error", text };
}
