/** The words behind a device (`9600n81,local,rtscts`) as option words of a port line (gensio(5), "serialdev", "ipmisol"). */
import { isSpeed } from "../config/defaults.js";
import { keyAndValue, readFlag } from "./stack.js";

export interface SerialDraft {
  speed: number;
  dataBits: string;
  parity: string;
  stopBits: string;
  /** By word of the port line. */
  readonly flags: Map<string, boolean>;
  /** `dtr` and `rts`. */
  readonly modem: Map<string, boolean>;
  isPrinter: boolean;
  /** `<before>:<after>:<rts on send>:<rx during tx>`; null: off. */
  rs485: string | null;
}

/** As a serial device is opened by ser2net 4 without any word: 9600n81. */
export function startSerial(): SerialDraft {
  return {
    ...{ speed: 9600, dataBits: "8", parity: "NONE", stopBits: "1" },
    ...{ flags: new Map(), modem: new Map(), isPrinter: false, rs485: null },
  };
}

/** Flags of the connector, by key. */
export const SERIAL_FLAGS: ReadonlyMap<string, string> = new Map([
  ["local", "LOCAL"],
  ["rtscts", "RTSCTS"],
  ["xonxoff", "XONXOFF"],
  ["nobreak", "NOBREAK"],
  ["hangup-when-done", "HANGUP_WHEN_DONE"],
]);
const SOL_FLAGS: ReadonlyMap<string, string> = new Map([
  ["nobreak", "NOBREAK"],
  ["authenticated", "authenticated"],
  ["encrypted", "encrypted"],
  ["deassert-cts-dcd-dsr-on-connect", "deassert_CTS_DCD_DSR_on_connect"],
]);
const PARITIES: Readonly<Record<string, string>> = { n: "NONE", e: "EVEN", o: "ODD", m: "MARK", s: "SPACE" };
/** What ser2net 4 still takes of the words of ser2net 3. */
const OLD_WORDS = /^(?:([5-8])databits|([12])stopbits?|(none|even|odd|mark|space))$/;
/** No difference: every rate is allowed, and how long a close takes is limited. */
const HARMLESS = new Set(["custspeed", "readbuf", "nouucplock", "drain-time", "char-drain-wait"]);

/** Takes a word of a serial device. Returns why it is not carried over, or null. */
export function takeSerialWord(word: string, draft: SerialDraft): string | null {
  const { key: written, value } = keyAndValue(word);
  const isNegative = written.startsWith("-");
  const key = written.replace(/^-/, "");
  if (takeSpeed(key === "speed" ? (value ?? "") : word, draft)) return null;
  const old = value === null ? OLD_WORDS.exec(key) : null;
  if (old !== null) {
    const [, dataBits, stopBits, parity] = old;
    Object.assign(draft, dataBits ? { dataBits } : stopBits ? { stopBits } : { parity: parity?.toUpperCase() });
    return null;
  }
  if (HARMLESS.has(key)) return null;
  if (key === "rs485") return takeRs485(value ?? "", draft);
  const flag = readFlag(value);
  const isKnown = SERIAL_FLAGS.has(key) || key === "wronly" || key === "dtr" || key === "rts";
  if (!isKnown) return `the word ${word} of a serial device is not known`;
  if (flag === null) return `${key}: expected true or false`;
  const isOn = flag !== isNegative;
  if (key === "wronly") draft.isPrinter = isOn;
  else if (key === "dtr" || key === "rts") draft.modem.set(key, isOn);
  else draft.flags.set(SERIAL_FLAGS.get(key) ?? "", isOn);
  return null;
}

/** `115200`, `115200n81`, `9600e`. */
function takeSpeed(word: string, draft: SerialDraft): boolean {
  const found = /^(\d+)([neoms]?)([5-8]?)([12]?)$/i.exec(word);
  const [, speed = "", parity = "", dataBits = "", stopBits = ""] = found ?? [];
  if (found === null || !isSpeed(speed)) return false;
  draft.speed = Number(speed);
  if (parity !== "") draft.parity = PARITIES[parity.toLowerCase()] ?? draft.parity;
  if (dataBits !== "") draft.dataBits = dataBits;
  if (stopBits !== "") draft.stopBits = stopBits;
  return true;
}

/** `<ms before>:<ms after>[:rts_on_send][:rx_during_tx]...` */
function takeRs485(value: string, draft: SerialDraft): string | null {
  if (value === "off") {
    draft.rs485 = null;
    return null;
  }
  const [before = "", after = "", ...words] = value.split(":");
  if (!/^\d+$/.test(before) || !/^\d+$/.test(after)) return `rs485=${value}: expected <ms before>:<ms after>`;
  const has = (word: string) => (words.includes(word) ? 1 : 0);
  draft.rs485 = `${before}:${after}:${has("rts_on_send")}:${has("rx_during_tx")}`;
  const others = words.filter(word => word !== "rts_on_send" && word !== "rx_during_tx");
  return others.length === 0 ? null : `rs485: ${others.join(" ")} has no counterpart`;
}

/** The words of a port line. */
export function serialWords(draft: SerialDraft): string[] {
  const { speed, dataBits, parity, stopBits, flags, modem } = draft;
  return [
    String(speed),
    `${dataBits}DATABITS`,
    parity,
    stopBits === "2" ? "2STOPBITS" : "1STOPBIT",
    ...[...flags].filter(([, isOn]) => isOn).map(([word]) => word),
    ...[...modem].map(([name, isOn]) => `${name}=${isOn ? "on" : "off"}`),
  ];
}

/** A word of a SOL device as one of a port line, or why it is not carried over. */
export function solWord(word: string): { readonly word: string } | { readonly problem: string } {
  const { key, value } = keyAndValue(word);
  const rate = /^(?:speed=)?(\d+)/i.exec(word)?.[1];
  if (rate !== undefined) return { word: rate };
  const flag = SOL_FLAGS.get(key.replace(/^-/, ""));
  const isOn = readFlag(value);
  if (flag !== undefined && isOn !== null) return { word: isOn !== key.startsWith("-") ? flag : `-${flag}` };
  if (key === "shared-serial-alert" && value !== null) return { word: `shared_serial_alert_${value}` };
  if ((key === "ack-timeout" || key === "ack-retries") && value !== null) return { word: `${key}=${value}` };
  return { problem: `the word ${word} of a SOL device is not known` };
}
