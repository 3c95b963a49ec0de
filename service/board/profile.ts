/** The one description of a board profile's keys: its type, its check and board-profiles/schema.json follow from it. */
import { RANGES, SPEEDS } from "../config/defaults.js";
import type { Shape, ValueOf } from "./shape.js";

const NAME = {
  is: "text",
  pattern: /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/,
  what: "a name: a letter, then letters, digits, - _ and ., 32 characters at most",
} as const satisfies Shape;

const LABEL = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,100}$/,
  what: "a text of one line, 100 characters at most",
} as const satisfies Shape;

const COMMENT = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,1000}$/,
  what: "a text of one line, 1000 characters at most",
} as const satisfies Shape;

/**
 * A path without blanks, `.` and `..`, and with no `\` at its end: there it would continue the DEVICE line.
 * A SOL string, which may hold a password, has blanks.
 */
const DEVICE = {
  is: "text",
  pattern: /^(?!(?:.*\/)?\.\.?\/)[!-~]{0,254}[!-[\]-~]$/,
  what: "a device: ttyS1, /dev/serial/by-path/... or /sys/devices/...",
} as const satisfies Shape;

const LED_DEVICE = {
  is: "text",
  pattern: /^[A-Za-z0-9_:.-]{1,64}$/,
  what: "the name of a directory below /sys/class/leds",
} as const satisfies Shape;

const NETWORK_PORT = {
  is: "text",
  pattern: /^[A-Za-z0-9:][A-Za-z0-9:,.%_-]{0,99}$/,
  what: 'a network port as in ser2net.conf, such as "2001" or "localhost,2001"',
} as const satisfies Shape;

const MATCH_TEXT = {
  is: "text",
  pattern: /^[^\u0000-\u001f\u007f]{1,128}$/,
  what: "a text of one line, in which * stands for anything",
} as const satisfies Shape;

const FLAG = { is: "flag" } as const satisfies Shape;
const TIMEOUT_SECONDS = { is: "integer", min: 0, max: 2_147_483_647 } as const satisfies Shape;
/** The kernel takes no more (RS485_MAX_RTS_DELAY). */
const RS485_DELAY_MS = { is: "integer", min: 0, max: 100 } as const satisfies Shape;

const LINE = {
  is: "object",
  keys: {
    comment: { shape: COMMENT },
    speed: { shape: { is: "choice", of: SPEEDS } },
    dataBits: { shape: { is: "choice", of: [5, 6, 7, 8] } },
    parity: { shape: { is: "choice", of: ["none", "even", "odd", "mark", "space"] } },
    stopBits: { shape: { is: "choice", of: [1, 2] } },
    flowControl: { shape: { is: "choice", of: ["none", "rtscts", "xonxoff"] } },
    local: { shape: FLAG },
    hangupWhenDone: { shape: FLAG },
  },
} as const satisfies Shape;

/** How a port is offered to the network; the same for ports listed and ports found. */
const SERVICE_KEYS = {
  comment: { shape: COMMENT },
  holdSeconds: { shape: { is: "integer", ...RANGES.hold } },
  state: { shape: { is: "choice", of: ["off", "raw", "rawlp", "telnet"] } },
  timeoutSeconds: { shape: TIMEOUT_SECONDS },
  line: { shape: LINE },
  remctl: { shape: FLAG },
  kickolduser: { shape: FLAG },
  chardelay: { shape: FLAG },
  maxConnections: { shape: { is: "integer", ...RANGES["max-connections"] } },
} as const satisfies Readonly<Record<string, { readonly shape: Shape }>>;

const PORT = {
  is: "object",
  keys: {
    id: { shape: NAME, required: true },
    label: { shape: LABEL },
    connector: { shape: LABEL },
    device: { shape: DEVICE, required: true },
    electrical: { shape: { is: "choice", of: ["rs232", "rs422", "rs485", "ttl", "usb", "virtual"] } },
    lines: { shape: { is: "list", of: { is: "choice", of: ["rts", "cts", "dtr", "dsr", "dcd", "ri"] }, most: 6 } },
    maxSpeed: { shape: { is: "integer", min: 300, max: 4_000_000 } },
    presence: { shape: { is: "choice", of: ["required", "optional", "absent"] } },
    networkPort: { shape: NETWORK_PORT },
    ...SERVICE_KEYS,
    leds: {
      shape: {
        is: "object",
        keys: { rx: { shape: NAME }, tx: { shape: NAME }, link: { shape: NAME }, fault: { shape: NAME } },
      },
    },
    rs485: {
      shape: {
        is: "object",
        keys: {
          delayBeforeMs: { shape: RS485_DELAY_MS },
          delayAfterMs: { shape: RS485_DELAY_MS },
          rtsOnSend: { shape: FLAG },
          rxDuringTx: { shape: FLAG },
        },
      },
    },
  },
} as const satisfies Shape;

const LED = {
  is: "object",
  keys: {
    id: { shape: NAME, required: true },
    comment: { shape: COMMENT },
    sysfs: { shape: LED_DEVICE, required: true },
    /** port: one of a port's own; the others tell the state of the whole box. */
    function: { shape: { is: "choice", of: ["port", "ok", "fault"] } },
    trigger: { shape: { is: "choice", of: ["transient", "none"] } },
    durationMs: { shape: { is: "integer", min: 1, max: 10_000 } },
    state: { shape: { is: "choice", of: [0, 1] } },
  },
} as const satisfies Shape;

const MATCH = {
  is: "object",
  keys: {
    compatible: { shape: MATCH_TEXT },
    model: { shape: MATCH_TEXT },
    dmi: {
      shape: {
        is: "object",
        keys: {
          sys_vendor: { shape: MATCH_TEXT },
          product_name: { shape: MATCH_TEXT },
          board_name: { shape: MATCH_TEXT },
        },
      },
    },
  },
} as const satisfies Shape;

export const PROFILE = {
  is: "object",
  keys: {
    $schema: { shape: LABEL },
    schema: { shape: { is: "choice", of: [1] } },
    id: { shape: NAME },
    title: { shape: LABEL },
    comment: { shape: COMMENT },
    extends: { shape: NAME },
    match: { shape: { is: "list", of: MATCH, most: 32 } },
    controlPort: { shape: NETWORK_PORT },
    ports: { shape: { is: "list", of: PORT, most: 256 } },
    leds: { shape: { is: "list", of: LED, most: 1024 } },
    enumerate: {
      shape: {
        is: "object",
        keys: { firstNetworkPort: { shape: { is: "integer", min: 1, max: 65_535 }, required: true }, ...SERVICE_KEYS },
      },
    },
  },
} as const satisfies Shape;

export type ProfileDocument = ValueOf<typeof PROFILE>;
export type BoardPort = ValueOf<typeof PORT>;
export type WrittenLed = ValueOf<typeof LED>;
export type BoardMatch = ValueOf<typeof MATCH>;
export type Enumeration = NonNullable<ProfileDocument["enumerate"]>;

/** What is sound of a profile, with nothing left to look up. */
export interface BoardProfile {
  readonly name: string;
  readonly title: string;
  /** Any of these, all parts of it. */
  readonly match: readonly BoardMatch[];
  readonly controlPort: string | null;
  /** Without the absent ones; no two share an id, a device or a network port. */
  readonly ports: readonly BoardPort[];
  readonly leds: readonly BoardLed[];
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
