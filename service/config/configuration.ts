/** The checked configuration: what a file, `-C` lines and a board profile come to. */
import type { LineSettings } from "../line/settings.js";
import type { Diagnostic } from "./diagnostic.js";
import type { NetworkPort } from "./network-port.js";

export type PortState = "off" | "raw" | "rawlp" | "telnet";

/** All bytes are kept: texts are "binary" strings, one character a byte (latin1). */
export interface Configuration {
  /** In file order; a later line of the same name replaced the earlier one in its place. */
  readonly ports: readonly PortConfig[];
  readonly rotators: readonly RotatorConfig[];
  readonly leds: readonly LedConfig[];
  /** The first CONTROLPORT, verbatim; null without one. */
  readonly controlPort: string | null;
  /** Defaults and names as they stood at the end: what `setportconfig` starts from. */
  readonly atEnd: OptionContext;
  readonly diagnostics: readonly Diagnostic[];
}

export interface PortConfig {
  /** The network port exactly as written: the port's identity. */
  readonly name: string;
  readonly networkPort: NetworkPort;
  readonly state: PortState;
  readonly timeoutSeconds: number; // 0 = none
  readonly device: DeviceName;
  readonly line: LineSettings;
  readonly options: PortOptions;
  readonly file: string | null;
  readonly lineNumber: number;
}

export interface DeviceName {
  /** As the port line has it: a DEVICE name or a path. */
  readonly written: string;
  /** After DEVICE substitution. */
  readonly path: string;
  readonly kind: "tty" | "sol";
}

export interface PortOptions {
  readonly remctl: boolean;
  readonly kickolduser: boolean;
  readonly telnetBrkOnSync: boolean;
  /** False with NOBREAK: the break condition is then left as it is at open. */
  readonly clearBreak: boolean;
  readonly chardelay: Chardelay;
  readonly devToNetBufsize: BufferSize;
  readonly netToDevBufsize: BufferSize;
  readonly maxConnections: number; // 1..65536
  /** Null admits everyone; an empty list (all entries were bad) admits no one. */
  readonly remaddr: readonly RemoteAddress[] | null;
  readonly traceRead: TraceConfig | null;
  readonly traceWrite: TraceConfig | null;
  readonly traceBoth: TraceConfig | null;
  readonly ledRx: LedConfig | null;
  readonly ledTx: LedConfig | null;
  readonly rs485: Rs485Config | null;
  /** Templates, not yet expanded. */
  readonly banner: string | null;
  readonly openstr: string | null;
  readonly closestr: string | null;
  /** Sent as it is. */
  readonly signature: string | null;
  readonly closeon: Uint8Array | null;
}

export interface Chardelay {
  readonly enabled: boolean;
  readonly scale: number; // tenths of a character
  readonly minUs: number;
  readonly maxUs: number;
  /** True once scale, min or max was set by the line or a DEFAULT: the manual page's algorithm, to the letter. */
  readonly explicit: boolean;
}

export interface BufferSize {
  readonly bytes: number;
  /** False while it is only the built-in 64. */
  readonly explicit: boolean;
}

export interface RemoteAddress extends NetworkPort {
  readonly text: string;
}

export interface TraceConfig {
  /** File name template, not yet expanded. */
  readonly file: string;
  readonly hexdump: boolean;
  readonly timestamp: boolean;
}

export interface LedConfig {
  readonly name: string;
  /** Directory below /sys/class/leds. */
  readonly device: string;
  readonly durationMs: number;
  readonly state: 0 | 1;
}

export interface Rs485Config {
  readonly name: string;
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
  readonly rtsOnSend: boolean;
  readonly rxDuringTx: boolean;
}

export interface RotatorConfig {
  readonly name: string;
  readonly networkPort: NetworkPort;
  /** Port names, in the order they are tried. */
  readonly ports: readonly string[];
  readonly file: string | null;
  readonly lineNumber: number;
}

/** What option words are read against: the DEFAULT values and every name defined so far. */
export interface OptionContext {
  readonly defaults: Readonly<Record<string, string | number | boolean>>;
  readonly texts: ReadonlyMap<string, NamedText>;
  readonly traceFiles: ReadonlyMap<string, string>;
  readonly leds: ReadonlyMap<string, LedConfig>;
  readonly rs485: ReadonlyMap<string, Rs485Config>;
}

/** BANNER, SIGNATURE, OPENSTR, CLOSESTR, CLOSEON and DEVICE share one name space. */
export interface NamedText {
  readonly kind: "banner" | "signature" | "openstr" | "closestr" | "closeon" | "device";
  readonly text: string;
}
