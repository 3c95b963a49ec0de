/** COM-PORT-OPTION suboptions (RFC 2217 section 3): bodies ↔ typed requests and replies. */
import { toBytes, toText } from "../line/bytes.js";
import type { LineCounters, ModemState } from "../line/modem.js";
import type { LineSettings, Parity } from "../line/settings.js";
import { COM_PORT } from "./codes.js";
import { encodeSuboption } from "./encoder.js";

/** SET-BAUDRATE travels as four bytes, or as the one-byte code of Cisco IOS; the reply takes the form of the request. */
type BaudForm = "rate" | "cisco";
export type FlowControl = "none" | "xon-xoff" | "rts-cts";
type Queues = "input" | "output" | "both";

/** The requests of a client. A null value is a query or an unsupported value: nothing changes. */
export type ComPortRequest =
  | { readonly kind: "signature"; readonly text: string } // empty: asks for ours
  | { readonly kind: "baud"; readonly form: BaudForm; readonly speed: number | null } // any 32-bit number
  | { readonly kind: "data-size"; readonly bits: LineSettings["dataBits"] | null }
  | { readonly kind: "parity"; readonly parity: Parity | null }
  | { readonly kind: "stop-size"; readonly bits: LineSettings["stopBits"] | null }
  | { readonly kind: "outbound-flow"; readonly flow: FlowControl | null }
  | { readonly kind: "inbound-flow"; readonly flow: "xon-xoff" | null }
  | { readonly kind: "break" | "dtr" | "rts"; readonly on: boolean | null }
  | { readonly kind: "unknown-control" }
  | { readonly kind: "notify-line-state" | "notify-modem-state"; readonly state: number } // no reply
  | { readonly kind: "suspend" | "resume" } // of device data to this client; no reply
  | { readonly kind: "line-state-mask" | "modem-state-mask"; readonly mask: number }
  | { readonly kind: "purge"; readonly queues: Queues | null };

/** The messages to a client: the reply to a request, with its name, or a notification. */
export type ComPortReply =
  | { readonly kind: "signature"; readonly text: string }
  | { readonly kind: "baud"; readonly form: BaudForm; readonly speed: number }
  | { readonly kind: "data-size"; readonly bits: LineSettings["dataBits"] }
  | { readonly kind: "parity"; readonly parity: Parity }
  | { readonly kind: "stop-size"; readonly bits: LineSettings["stopBits"] }
  | { readonly kind: "outbound-flow" | "inbound-flow"; readonly flow: FlowControl }
  | { readonly kind: "break"; readonly on: boolean }
  | { readonly kind: "dtr" | "rts"; readonly on: boolean | null } // null: the line cannot be read
  | { readonly kind: "unknown-control" }
  | { readonly kind: "notify-line-state" | "notify-modem-state"; readonly state: number }
  | { readonly kind: "line-state-mask" | "modem-state-mask"; readonly mask: number }
  | { readonly kind: "purge"; readonly queues: Queues | null };

// The commands of a client; the server's answer to each is the same number and 100 more.
const SIGNATURE = 0;
const SET_BAUDRATE = 1;
const SET_DATASIZE = 2;
const SET_PARITY = 3;
const SET_STOPSIZE = 4;
const SET_CONTROL = 5;
const NOTIFY_LINESTATE = 6;
const NOTIFY_MODEMSTATE = 7;
const FLOWCONTROL_SUSPEND = 8;
const FLOWCONTROL_RESUME = 9;
const SET_LINESTATE_MASK = 10;
const SET_MODEMSTATE_MASK = 11;
const PURGE_DATA = 12;
const SERVER_OFFSET = 100;

const PARITIES = [null, "none", "odd", "even", "mark", "space"] as const;
const QUEUES = [null, "input", "output", "both"] as const;

/** Speeds by their code, as in Cisco IOS; 0: the code has no speed. */
const CISCO_SPEEDS: readonly number[] = [
  0, 0, 0, 300, 600, 1200, 2400, 4800, 9600, 0, 19200, 0, 38400, 57600, 115200, 230400,
];

const MAX_SIGNATURE_BYTES = 254;

/** A suboption body without its option number. Null: not a request, or too short for one; it gets no reply. */
export function parseRequest(body: Uint8Array): ComPortRequest | null {
  const [command, value] = body;
  if (command === SIGNATURE) return { kind: "signature", text: toText(body.subarray(1)) };
  if (command === SET_BAUDRATE) return parseBaud(body.subarray(1));
  if (command === FLOWCONTROL_SUSPEND) return { kind: "suspend" };
  if (command === FLOWCONTROL_RESUME) return { kind: "resume" };
  if (value === undefined) return null;
  switch (command) {
    case SET_DATASIZE:
      return { kind: "data-size", bits: value === 5 || value === 6 || value === 7 || value === 8 ? value : null };
    case SET_PARITY: // the reference does not know mark and space
      return { kind: "parity", parity: PARITIES[value] ?? null };
    case SET_STOPSIZE: // 3, one and a half, is left out: no driver here has it
      return { kind: "stop-size", bits: value === 1 || value === 2 ? value : null };
    case SET_CONTROL:
      return parseControl(value);
    case NOTIFY_LINESTATE:
      return { kind: "notify-line-state", state: value };
    case NOTIFY_MODEMSTATE:
      return { kind: "notify-modem-state", state: value };
    case SET_LINESTATE_MASK:
      return { kind: "line-state-mask", mask: value };
    case SET_MODEMSTATE_MASK:
      return { kind: "modem-state-mask", mask: value };
    case PURGE_DATA:
      return { kind: "purge", queues: QUEUES[value] ?? null };
    default:
      return null;
  }
}

function parseBaud(data: Uint8Array): ComPortRequest | null {
  const [first] = data;
  if (first !== undefined && data.length === 1) {
    return { kind: "baud", form: "cisco", speed: CISCO_SPEEDS[first] || null };
  }
  if (data.length < 4) return null;
  const speed = new DataView(data.buffer, data.byteOffset, 4).getUint32(0);
  return { kind: "baud", form: "rate", speed: speed === 0 ? null : speed };
}

/** 13 to 19 concern inbound flow. Only 15 is obeyed; the others are answered like the query, 13. */
function parseControl(value: number): ComPortRequest {
  switch (value) {
    case 0:
      return { kind: "outbound-flow", flow: null };
    case 1:
      return { kind: "outbound-flow", flow: "none" };
    case 2:
      return { kind: "outbound-flow", flow: "xon-xoff" };
    case 3:
      return { kind: "outbound-flow", flow: "rts-cts" };
    case 4:
      return { kind: "break", on: null };
    case 5:
    case 6:
      return { kind: "break", on: value === 5 };
    case 7:
      return { kind: "dtr", on: null };
    case 8:
    case 9:
      return { kind: "dtr", on: value === 8 };
    case 10:
      return { kind: "rts", on: null };
    case 11:
    case 12:
      return { kind: "rts", on: value === 11 };
    case 15:
      return { kind: "inbound-flow", flow: "xon-xoff" };
    case 13:
    case 14:
    case 16:
    case 17:
    case 18:
    case 19:
      return { kind: "inbound-flow", flow: null };
    default:
      return { kind: "unknown-control" };
  }
}

/** The whole suboption, IAC SB to IAC SE, as it is sent. */
export function encodeReply(reply: ComPortReply): Uint8Array {
  switch (reply.kind) {
    case "signature":
      return encode(SIGNATURE, ...toBytes(reply.text.slice(0, MAX_SIGNATURE_BYTES)));
    case "baud":
      return encode(SET_BAUDRATE, ...(reply.form === "cisco" ? [ciscoCode(reply.speed)] : bigEndian(reply.speed)));
    case "data-size":
      return encode(SET_DATASIZE, reply.bits);
    case "parity":
      return encode(SET_PARITY, PARITIES.indexOf(reply.parity));
    case "stop-size":
      return encode(SET_STOPSIZE, reply.bits);
    case "outbound-flow":
      return encode(SET_CONTROL, { none: 1, "xon-xoff": 2, "rts-cts": 3 }[reply.flow]);
    case "inbound-flow":
      return encode(SET_CONTROL, { none: 14, "xon-xoff": 15, "rts-cts": 16 }[reply.flow]);
    case "break":
      return encode(SET_CONTROL, reply.on ? 5 : 6);
    case "dtr":
      return encode(SET_CONTROL, reply.on === null ? 7 : reply.on ? 8 : 9);
    case "rts":
      return encode(SET_CONTROL, reply.on === null ? 10 : reply.on ? 11 : 12);
    case "unknown-control":
      return encode(SET_CONTROL, 0);
    case "notify-line-state":
      return encode(NOTIFY_LINESTATE, reply.state);
    case "notify-modem-state":
      return encode(NOTIFY_MODEMSTATE, reply.state);
    case "line-state-mask":
      return encode(SET_LINESTATE_MASK, reply.mask);
    case "modem-state-mask":
      return encode(SET_MODEMSTATE_MASK, reply.mask);
    case "purge":
      return encode(PURGE_DATA, QUEUES.indexOf(reply.queues));
    default:
      return reply satisfies never;
  }
}

/**
 * NOTIFY-MODEMSTATE: the lines in the upper half; in the lower one which of them changed since `before`. Of RI only the
 * trailing edge counts as a change.
 */
export function modemStateByte(state: ModemState, before: ModemState | null): number {
  let byte = (state.dcd ? 0x80 : 0) | (state.ri ? 0x40 : 0) | (state.dsr ? 0x20 : 0) | (state.cts ? 0x10 : 0);
  if (before === null) return byte;
  if (before.dcd !== state.dcd) byte |= 0x08;
  if (before.ri && !state.ri) byte |= 0x04;
  if (before.dsr !== state.dsr) byte |= 0x02;
  if (before.cts !== state.cts) byte |= 0x01;
  return byte;
}

/**
 * NOTIFY-LINESTATE: the errors of the line between two counts, 0 without any. The bits for timeout (80), empty
 * transmitter (40, 20) and waiting data (01) are of no use to a network client, and are never set.
 */
export function lineStateByte(now: LineCounters, before: LineCounters): number {
  let byte = 0;
  if (now.break !== before.break) byte |= 0x10;
  if (now.frame !== before.frame) byte |= 0x08;
  if (now.parity !== before.parity) byte |= 0x04;
  if (now.overrun !== before.overrun || now.bufferOverrun !== before.bufferOverrun) byte |= 0x02;
  return byte;
}

function encode(command: number, ...data: readonly number[]): Uint8Array {
  return encodeSuboption(COM_PORT, Uint8Array.of(command + SERVER_OFFSET, ...data));
}

/** 0 for a speed that has no code. */
function ciscoCode(speed: number): number {
  return Math.max(0, CISCO_SPEEDS.indexOf(speed));
}

function bigEndian(value: number): readonly number[] {
  return [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}
