/** The checked configuration, made of a file, `-C` lines and a board profile. */
import type { InitialControl, ModemControl } from "../line/modem.js";
import type { LineSettings, Parity } from "../line/settings.js";
import type { Diagnostic } from "./diagnostic.js";
import type { NetworkPort, ServiceLookup } from "./network-port.js";
import type { SolOptions, SolTarget } from "./sol-target.js";
import type { TlsConfig } from "./tls-config.js";

export type PortState = "off" | "raw" | "rawlp" | "telnet";
/** What the device receives for the Enter key of a telnet client without BINARY: CR LF unchanged, or one CR. */
type TelnetEnter = "crlf" | "cr";

/** Which of several connections may write to the device: the one that came first, the one that came last, or each. */
export type WriterRule = "all" | "first" | "last";

/** All bytes are kept: texts are "binary" strings, one character a byte (latin1). */
export interface Configuration {
  /** In file order; a later line of the same name replaced the earlier one in its place. */
  readonly ports: readonly PortConfig[];
  readonly rotators: readonly RotatorConfig[];
  readonly leds: readonly LedConfig[];
  /** The first CONTROLPORT, verbatim; null without one. */
  readonly controlPort: string | null;
  /** Where that line stands; null without one. `lineNumber` is 0 for a -C line. */
  readonly controlPortPlace: Pick<PortConfig, "file" | "lineNumber" | "column"> | null;
  /**
   * Set when `controlPort` is not a TCP port. Not one of `diagnostics`: with `-p` it does not matter, without `-p` it is
   * fatal.
   */
  readonly controlPortDiagnostic: Diagnostic | null;
  /** The last CONTROLSOCKET; null without one. */
  readonly controlSocket: ControlSocket | null;
  /** The last METRICS, verbatim; null without one. */
  readonly metricsPort: string | null;
  /** Defaults and names at the end of the configuration. `setportconfig` starts from them. */
  readonly finalContext: OptionContext;
  readonly diagnostics: readonly Diagnostic[];
  /** The text of every physical line with an error: a reload keeps the ports of these lines. */
  readonly faultyLines: readonly string[];
  /** The first diagnostic of the first file that has nothing but errors; null: there is no such file. */
  readonly brokenFile: Diagnostic | null;
}

/** The control port as a local socket. */
export interface ControlSocket {
  /** Null: there is none (`CONTROLSOCKET:off`). */
  readonly path: string | null;
  readonly mode: number;
  /** May connect, look and watch. The group of the file too. */
  readonly group: string;
  /** May change and write as well, as root and the user of the daemon may. */
  readonly admin: string;
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
  /** The names of the texts in `options`; used only to print the configuration. */
  readonly names: OptionNames;
  readonly file: string | null;
  readonly lineNumber: number;
  /** Of its first character, in a board profile that of the key it was made of. */
  readonly column: number;
}

export type DeviceName = WrittenDevice &
  ({ readonly kind: "tty" } | { readonly kind: "sol"; readonly target: SolTarget });

/** For SOL devices the public form, which has `***` in place of each secret. */
interface WrittenDevice {
  /** As the port line has it: a DEVICE name or a path. */
  readonly written: string;
  /** After DEVICE substitution. */
  readonly path: string;
}

export interface OptionNames {
  readonly banner?: string;
  readonly openstr?: string;
  readonly closestr?: string;
  readonly signature?: string;
  readonly closeon?: string;
  readonly tr?: string;
  readonly tw?: string;
  readonly tb?: string;
}

export interface PortOptions extends InitialControl {
  readonly remctl: boolean;
  readonly kickolduser: boolean;
  readonly telnetBrkOnSync: boolean;
  /** False with NOBREAK: the break condition is then left as it is at open. */
  readonly clearBreak: boolean;
  readonly chardelay: Chardelay;
  readonly devToNetBufsize: BufferSize;
  readonly netToDevBufsize: BufferSize;
  readonly maxConnections: number; // 1..65536
  /** How long connections wait for a device that went away; 0: they end with it. */
  readonly holdSeconds: number;
  /** The device is open whether there is a connection or not. */
  readonly alwaysOpen: boolean;
  /** Of the device, kept for connections to come; 0: none. */
  readonly replayBytes: number;
  /** A trace file with more bytes becomes an old one; 0: it has no limit. */
  readonly traceSize: number;
  /** How many old ones are kept. */
  readonly traceKeep: number;
  /** Each line of the device in a trace begins with the time. */
  readonly lineTimestamp: boolean;
  readonly telnetEnter: TelnetEnter;
  readonly writer: WriterRule;
  /** A refused telnet peer is told who has the port. */
  readonly tellUser: boolean;
  /** Resets of esptool over RFC 2217 are recognised. */
  readonly espAutoReset: boolean;
  /** Announced by mDNS with this name (empty: one that is made of its label and the host); null: it is not. */
  readonly mdns: string | null;
  /** Name of a TLS line; null: peers are served in clear text. */
  readonly tls: string | null;
  /** Null admits every peer; an empty list (all entries were invalid) admits none. */
  readonly remaddr: readonly RemoteAddress[] | null;
  readonly traceRead: TraceConfig | null;
  readonly traceWrite: TraceConfig | null;
  readonly traceBoth: TraceConfig | null;
  readonly ledRx: LedConfig | null;
  readonly ledTx: LedConfig | null;
  readonly rs485: Rs485Config | null;
  /** Null: the device is not a SOL device. */
  readonly sol: SolOptions | null;
  /** Templates, not yet expanded. */
  readonly banner: string | null;
  readonly openstr: string | null;
  readonly closestr: string | null;
  /** Sent as it is; 254 bytes at most. */
  readonly signature: string | null;
  /** Never empty. */
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

interface BufferSize {
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
  /** Of its first character, in a board profile that of the key it was made of. */
  readonly column: number;
}

/** The context of option words: the DEFAULT values and every name defined so far. */
export interface OptionContext {
  /** Only those a DEFAULT line has set; the others have the start values of defaults.ts. */
  readonly defaults: Readonly<Partial<DefaultValues>>;
  readonly texts: ReadonlyMap<string, NamedText>;
  readonly traceFiles: ReadonlyMap<string, string>;
  readonly leds: ReadonlyMap<string, LedConfig>;
  readonly rs485: ReadonlyMap<string, Rs485Config>;
  readonly pulses: ReadonlyMap<string, Pulse>;
  readonly tls: ReadonlyMap<string, TlsConfig>;
  /** For remaddr words. */
  readonly serviceLookup: ServiceLookup;
}

/** A named sequence of states of the modem lines. */
export interface Pulse {
  /** The steps as written. */
  readonly text: string;
  readonly steps: readonly PulseStep[];
}

/** Lines that are driven in one call, and the wait after it. */
export interface PulseStep {
  readonly lines: Partial<ModemControl>;
  readonly waitMs: number;
}

/** An error in the text of a pulse. */
export interface PulseProblem {
  readonly offset: number;
  readonly message: string;
  readonly expected: string;
}

/** Reads the text of a pulse (pulse/steps.ts). */
export type PulseReader = (text: string) => readonly PulseStep[] | PulseProblem;

/** The values that DEFAULT lines set, by the names used there. */
export interface DefaultValues {
  readonly speed: number;
  readonly databits: 5 | 6 | 7 | 8;
  readonly stopbits: 1 | 2;
  readonly parity: Parity;
  readonly xonxoff: boolean;
  readonly rtscts: boolean;
  readonly local: boolean;
  readonly hangup_when_done: boolean;
  readonly nobreak: boolean;
  readonly remctl: boolean;
  readonly telnet_brk_on_sync: boolean;
  readonly kickolduser: boolean;
  readonly chardelay: boolean;
  readonly "chardelay-scale": number;
  readonly "chardelay-min": number;
  readonly "chardelay-max": number;
  readonly "dev-to-net-bufsize": number;
  readonly "net-to-dev-bufsize": number;
  readonly "max-connections": number;
  readonly hold: number; // seconds
  readonly "always-open": boolean;
  readonly replay: number; // bytes
  readonly "trace-size": number; // bytes
  readonly "trace-keep": number;
  readonly "line-timestamp": boolean;
  readonly "telnet-enter": TelnetEnter;
  readonly writer: WriterRule;
  readonly "tell-user": boolean;
  readonly "esp-auto-reset": boolean;
  readonly mdns: boolean;
  readonly dtr: "on" | "off" | null; // null: left to the driver
  readonly rts: "on" | "off" | null;
  readonly remaddr: string;
  readonly authenticated: boolean;
  readonly encrypted: boolean;
  readonly deassert_CTS_DCD_DSR_on_connect: boolean;
  readonly "shared-serial-alert": SolOptions["sharedSerialAlert"];
  readonly "ack-timeout": number; // microseconds
  readonly "ack-retries": number;
}

/** BANNER, SIGNATURE, OPENSTR, CLOSESTR, CLOSEON and DEVICE share one name space. */
export interface NamedText {
  readonly kind: "banner" | "signature" | "openstr" | "closestr" | "closeon" | "device";
  /** As written, but for CLOSEON: that is stored as the bytes it stands for; and for a SOL device: its public form. */
  readonly text: string;
  /** Of a DEVICE that is a SOL device; null: its line is wrong, and so is a port line that uses it. */
  readonly target?: SolTarget | null;
  /** The same bytes of a CLOSEON, made once for all the ports that have it; null for the others. */
  readonly bytes: Uint8Array | null;
}
