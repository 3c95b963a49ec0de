/** The one description of a board profile's keys: its type, its check and board-profiles/schema.json follow from it. */
import { CHOICES, RANGES, SIZES } from "../config/defaults.js";
import { SPEED_RANGE } from "../line/settings.js";
import type { Schema, ValueOf } from "./schema.js";

const NAME = {
  is: "text",
  pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/,
  what: "a name: a letter, then letters, digits, - _ and ., 32 characters at most",
} as const satisfies Schema;

const LABEL = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,100}$/,
  what: "a text of one line, 100 characters at most",
} as const satisfies Schema;

const COMMENT = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,1000}$/,
  what: "a text of one line, 1000 characters at most",
} as const satisfies Schema;

/**
 * A path without blanks, `.` and `..`, or a SOL device; with no `\` at its end: there it would continue the DEVICE line.
 */
const DEVICE = {
  is: "text",
  pattern: /^(?:sol\.lan [ -~]{0,500}|(?!(?:.*\/)?\.\.?\/)[!-~]{0,254})[!-[\]-~]$/,
  what: "a device: ttyS1, /dev/serial/by-path/..., /sys/devices/... or sol.lan ...",
} as const satisfies Schema;

/** With no `\` at its end: there it would continue the TRACEFILE line. */
const TRACE_FILE = {
  is: "text",
  pattern: /^\/[^\u0000-\u001f\u007f]{0,1000}[^\u0000-\u0020\u007f\\]$/,
  what: "an absolute path, in which the escapes of TRACEFILE count",
} as const satisfies Schema;

/** pulse/steps.ts checks the order and the length. */
const PULSE_STEPS = {
  is: "text",
  pattern: /^(?:(?:(?:DTR|RTS)=[01]|[0-9]{1,5}m?s)(?: |$)){1,128}$/,
  what: 'the steps of a pulse, such as "DTR=0 RTS=1 100ms DTR=1 RTS=0"',
} as const satisfies Schema;

const LED_DEVICE = {
  is: "text",
  pattern: /^[A-Za-z0-9_:.-]{1,64}$/,
  what: "the name of a directory below /sys/class/leds",
} as const satisfies Schema;

const NETWORK_PORT = {
  is: "text",
  pattern: /^[A-Za-z0-9:][A-Za-z0-9:,.%_-]{0,99}$/,
  what: 'a network port as in ser2net.conf, such as "2001" or "localhost,2001"',
} as const satisfies Schema;

const MATCH_TEXT = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,128}$/,
  what: "a text of one line, in which * stands for anything",
} as const satisfies Schema;

const FLAG = { is: "flag" } as const satisfies Schema;
const TIMEOUT_SECONDS = { is: "integer", min: 0, max: 2_147_483_647 } as const satisfies Schema;
/** The kernel takes no more (RS485_MAX_RTS_DELAY). */
const RS485_DELAY_MS = { is: "integer", min: 0, max: 100 } as const satisfies Schema;

const LINE = {
  is: "object",
  keys: {
    comment: { schema: COMMENT },
    speed: { schema: { is: "integer", min: SPEED_RANGE.lowest, max: SPEED_RANGE.highest } },
    dataBits: { schema: { is: "choice", of: [5, 6, 7, 8] } },
    parity: { schema: { is: "choice", of: ["none", "even", "odd", "mark", "space"] } },
    stopBits: { schema: { is: "choice", of: [1, 2] } },
    flowControl: { schema: { is: "choice", of: ["none", "rtscts", "xonxoff"] } },
    local: { schema: FLAG },
    hangupWhenDone: { schema: FLAG },
    dtr: { schema: { is: "choice", of: CHOICES.dtr } },
    rts: { schema: { is: "choice", of: CHOICES.rts } },
  },
} as const satisfies Schema;

const SOL = {
  is: "object",
  keys: {
    authenticated: { schema: FLAG },
    encrypted: { schema: FLAG },
    sharedSerialAlert: { schema: { is: "choice", of: CHOICES["shared-serial-alert"] } },
    deassertOnConnect: { schema: FLAG },
    ackTimeoutUs: { schema: { is: "integer", ...RANGES["ack-timeout"] } },
    ackRetries: { schema: { is: "integer", ...RANGES["ack-retries"] } },
  },
} as const satisfies Schema;

/** How a port is offered to the network; the same for ports listed and ports found. */
const SERVICE_KEYS = {
  comment: { schema: COMMENT },
  holdSeconds: { schema: { is: "integer", ...RANGES.hold } },
  state: { schema: { is: "choice", of: ["off", "raw", "rawlp", "telnet"] } },
  timeoutSeconds: { schema: TIMEOUT_SECONDS },
  line: { schema: LINE },
  remctl: { schema: FLAG },
  kickolduser: { schema: FLAG },
  chardelay: { schema: FLAG },
  alwaysOpen: { schema: FLAG },
  replayBytes: { schema: { is: "integer", min: 0, max: SIZES.replay } },
  traceSize: { schema: { is: "integer", min: 0, max: SIZES["trace-size"] } },
  traceKeep: { schema: { is: "integer", ...RANGES["trace-keep"] } },
  traceFile: { schema: TRACE_FILE },
  lineTimestamp: { schema: FLAG },
  writer: { schema: { is: "choice", of: CHOICES.writer } },
  tellUser: { schema: FLAG },
  espAutoReset: { schema: FLAG },
  mdns: { schema: FLAG },
  telnetEnter: { schema: { is: "choice", of: CHOICES["telnet-enter"] } },
  maxConnections: { schema: { is: "integer", ...RANGES["max-connections"] } },
} as const satisfies Readonly<Record<string, { readonly schema: Schema }>>;

const PORT = {
  is: "object",
  keys: {
    id: { schema: NAME, required: true },
    label: { schema: LABEL },
    connector: { schema: LABEL },
    device: { schema: DEVICE, required: true },
    electrical: { schema: { is: "choice", of: ["rs232", "rs422", "rs485", "ttl", "usb", "virtual"] } },
    lines: { schema: { is: "list", of: { is: "choice", of: ["rts", "cts", "dtr", "dsr", "dcd", "ri"] }, most: 6 } },
    maxSpeed: { schema: { is: "integer", min: SPEED_RANGE.lowest, max: SPEED_RANGE.highest } },
    presence: { schema: { is: "choice", of: ["required", "optional", "absent"] } },
    networkPort: { schema: NETWORK_PORT },
    ...SERVICE_KEYS,
    leds: {
      schema: {
        is: "object",
        keys: { rx: { schema: NAME }, tx: { schema: NAME }, link: { schema: NAME }, fault: { schema: NAME } },
      },
    },
    sol: { schema: SOL },
    rs485: {
      schema: {
        is: "object",
        keys: {
          delayBeforeMs: { schema: RS485_DELAY_MS },
          delayAfterMs: { schema: RS485_DELAY_MS },
          rtsOnSend: { schema: FLAG },
          rxDuringTx: { schema: FLAG },
        },
      },
    },
  },
} as const satisfies Schema;

const LED = {
  is: "object",
  keys: {
    id: { schema: NAME, required: true },
    comment: { schema: COMMENT },
    sysfs: { schema: LED_DEVICE, required: true },
    /** port: one of a port's own; the others tell the state of the whole box. */
    function: { schema: { is: "choice", of: ["port", "ok", "fault"] } },
    trigger: { schema: { is: "choice", of: ["transient", "none"] } },
    durationMs: { schema: { is: "integer", min: 1, max: 10_000 } },
    state: { schema: { is: "choice", of: [0, 1] } },
  },
} as const satisfies Schema;

const PULSE = {
  is: "object",
  keys: {
    id: { schema: NAME, required: true },
    comment: { schema: COMMENT },
    steps: { schema: PULSE_STEPS, required: true },
  },
} as const satisfies Schema;

const MATCH = {
  is: "object",
  keys: {
    compatible: { schema: MATCH_TEXT },
    model: { schema: MATCH_TEXT },
    dmi: {
      schema: {
        is: "object",
        keys: {
          sys_vendor: { schema: MATCH_TEXT },
          product_name: { schema: MATCH_TEXT },
          board_name: { schema: MATCH_TEXT },
        },
      },
    },
  },
} as const satisfies Schema;

export const PROFILE = {
  is: "object",
  keys: {
    $schema: { schema: LABEL },
    schema: { schema: { is: "choice", of: [1] } },
    id: { schema: NAME },
    title: { schema: LABEL },
    comment: { schema: COMMENT },
    extends: { schema: NAME },
    match: { schema: { is: "list", of: MATCH, most: 32 } },
    controlPort: { schema: NETWORK_PORT },
    ports: { schema: { is: "list", of: PORT, most: 256 } },
    leds: { schema: { is: "list", of: LED, most: 1024 } },
    pulses: { schema: { is: "list", of: PULSE, most: 64 } },
    enumerate: {
      schema: {
        is: "object",
        keys: { firstNetworkPort: { schema: { is: "integer", min: 1, max: 65_535 }, required: true }, ...SERVICE_KEYS },
      },
    },
  },
} as const satisfies Schema;

export type ProfileDocument = ValueOf<typeof PROFILE>;
export type BoardPort = ValueOf<typeof PORT>;
export type BoardPulse = ValueOf<typeof PULSE>;
export type WrittenLed = ValueOf<typeof LED>;
export type BoardMatch = ValueOf<typeof MATCH>;
export type Enumeration = NonNullable<ProfileDocument["enumerate"]>;

/** A validated profile, with every reference resolved. */
export interface BoardProfile {
  readonly name: string;
  readonly title: string;
  /** The board matches when all conditions of one entry hold. */
  readonly match: readonly BoardMatch[];
  readonly controlPort: string | null;
  /** Without the absent ones; no two share an id, a device or a network port. */
  readonly ports: readonly BoardPort[];
  readonly leds: readonly BoardLed[];
  readonly pulses: readonly BoardPulse[];
  /** Null: only the ports listed. */
  readonly enumerate: Enumeration | null;
}

export interface BoardLed {
  readonly id: string;
  /** Directory below /sys/class/leds. */
  readonly sysfs: string;
  readonly function: "port" | "ok" | "fault";
  /** transient flashes with the traffic; none is switched on and off. */
  readonly trigger: "transient" | "none";
  readonly durationMs: number;
  readonly state: 0 | 1;
}

/** What a profile knows of the ports of a configuration beyond their lines: for D-Bus and LEDs. */
export interface ProfileFacts {
  readonly board: string;
  /** By port name. A configuration line may serve the device under another network port: the device decides. */
  readonly ports: ReadonlyMap<string, PortHardware>;
  /** Every connector of the board, served or not. */
  readonly hardware: readonly PortHardware[];
  /** LEDs that show the state of the whole box: function ok or fault. */
  readonly boxLeds: readonly BoardLed[];
}

export interface PortHardware {
  /** In the profile. */
  readonly id: string;
  /** As printed on the case. */
  readonly label: string;
  readonly device: string;
  readonly maxSpeed: number | null; // bits per second
  /** The board is healthy only while the device is there. */
  readonly required: boolean;
  readonly leds: PortLeds;
}

/** rx and tx flash by their LED lines; link is on while a connection exists, fault while the device fails. */
interface PortLeds {
  readonly rx: BoardLed | null;
  readonly tx: BoardLed | null;
  readonly link: BoardLed | null;
  readonly fault: BoardLed | null;
}
