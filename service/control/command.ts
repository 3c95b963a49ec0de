/** One line of the control port -> what is asked, or the text that says what is missing. */
import type { PortState } from "../config/configuration.js";
import type { ModemControl } from "../line/modem.js";

export type Command =
  | { readonly kind: "exit" }
  | { readonly kind: "nothing" | "help" | "version" | "monitor-stop" | "drain" | "undrain" | "busy" }
  | { readonly kind: "showport" | "showshortport"; readonly port: string | null }
  /** Without a port it is still asked whether this session monitors already, so that is not an error yet. */
  | { readonly kind: "monitor"; readonly type: string; readonly port: string | null }
  | { readonly kind: "disconnect"; readonly port: string }
  | { readonly kind: "setporttimeout"; readonly port: string; readonly timeout: string }
  | { readonly kind: "setportenable"; readonly port: string; readonly state: string }
  | { readonly kind: "setportconfig" | "setportcontrol"; readonly port: string; readonly words: string }
  | { readonly kind: "error"; readonly text: string };

/** Arguments beyond those a command takes are ignored, as the reference does. */
export function parseCommand(line: string): Command {
  const [name, first, second] = splitWords(line);
  switch (name) {
    case undefined:
      return { kind: "nothing" };
    case "exit":
    case "quit": // undocumented
      return { kind: "exit" };
    case "help":
    case "version":
    case "drain": // these three are not in ser2net 3.5 (docs/extensions.md, "Drain")
    case "undrain":
    case "busy":
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
      // The wrong noun is the reference's.
      return second === undefined ? error("No timeout given") : { kind: name, port: first, state: second };
    case "setportconfig":
    case "setportcontrol": {
      if (first === undefined) return error("No port given");
      if (second === undefined) return error(name === "setportconfig" ? "No device config" : "No device controls");
      return { kind: name, port: first, words: line.replace(/^[ \t]*[^ \t]+[ \t]+[^ \t]+[ \t]+/, "") };
    }
    default:
      return error(`Unknown command: ${name}`);
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

function splitWords(line: string): string[] {
  return line.split(/[ \t]+/).filter(word => word !== "");
}

function error(text: string): Command {
  return { kind: "error", text };
}
