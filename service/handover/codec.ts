/**
 * A state as bytes: a line that says what it is, then JSON. The line is
 * `ser2net-state FORMAT PROGRAM-VERSION LENGTH SHA256`, of the JSON. FORMAT changes only when an older program must not read it.
 */
import { createHash } from "node:crypto";
import { type Field, StateError } from "./fields.js";
import { STATE_BYTES, STATE_ITEMS } from "./limits.js";
import { type DaemonState, STATE } from "./state.js";

const FORMAT = 1;
const HEADER = /^ser2net-state (\d{1,9}) ([\x21-\x7e]{1,64}) (\d{1,9}) ([0-9a-f]{64})\n/;
const MAX_HEADER_BYTES = 180;
const [COMMA, OPEN_LIST, OPEN_RECORD, QUOTE, BACKSLASH] = [...Buffer.from(',[{"\\')];

interface DecodedState {
  /** Null: it cannot be used, `problems` says why. */
  readonly state: DaemonState | null;
  /** Version of the program that wrote it; null: the header cannot be read. */
  readonly version: string | null;
  /** One text for each part that is left out. */
  readonly problems: readonly string[];
}

/** @param version of the program: printable ASCII without blanks */
export function encodeState(state: DaemonState, version: string): Uint8Array {
  const body = encodeRecord(STATE, state);
  const header = `ser2net-state ${FORMAT} ${version} ${body.length} ${sha256(body)}\n`;
  return Buffer.concat([Buffer.from(header, "latin1"), body]);
}

/** Never throws, whatever the bytes are; takes time in proportion to their length. */
export function decodeState(encoded: Uint8Array): DecodedState {
  const whole = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length);
  if (whole.length > STATE_BYTES) return unusable(null, `the state has more than ${STATE_BYTES} bytes`);
  const head = HEADER.exec(whole.toString("latin1", 0, MAX_HEADER_BYTES));
  if (head === null) return unusable(null, "not a state of ser2net");
  const [line, format, version = "", length, sum] = head;
  if (Number(format) !== FORMAT) return unusable(version, `the state has format ${format}, known is ${FORMAT}`);
  const body = whole.subarray(line.length);
  if (body.length !== Number(length)) return unusable(version, `the state has ${body.length} bytes of ${length}`);
  if (sha256(body) !== sum) return unusable(version, "the checksum of the state is wrong");
  const { value, problems } = decodeRecord(STATE, body);
  return { state: value, version, problems };
}

/** Encodes a part of a state (PARTS) without a header, for a journal. */
export function encodeRecord<T>(kind: Field<T>, value: T): Buffer {
  return Buffer.from(JSON.stringify(kind.write(value)));
}

/** As `decodeState`; the value is null where it cannot be used. */
export function decodeRecord<T>(
  kind: Field<T>,
  encoded: Uint8Array,
): { readonly value: T | null; readonly problems: readonly string[] } {
  const problems: string[] = [];
  try {
    return { value: kind.read(parse(encoded), problems), problems };
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    return { value: null, problems: [error.message] };
  }
}

function parse(encoded: Uint8Array): unknown {
  if (countItems(encoded) > STATE_ITEMS) throw new StateError("too many items");
  try {
    return JSON.parse(Buffer.from(encoded.buffer, encoded.byteOffset, encoded.length).toString("utf8"));
  } catch (error) {
    throw new StateError("not JSON", { cause: error });
  }
}

/** An upper bound of the number of values: JSON.parse makes an object, of far more memory, of the two bytes of `{}`. */
function countItems(encoded: Uint8Array): number {
  let items = 0;
  let isText = false;
  for (let at = 0; at < encoded.length; at++) {
    const byte = encoded[at];
    if (isText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) isText = false;
    } else if (byte === QUOTE) isText = true;
    else if (byte === COMMA || byte === OPEN_LIST || byte === OPEN_RECORD) items++;
  }
  return items;
}

function unusable(version: string | null, problem: string): DecodedState {
  return { state: null, version, problems: [problem] };
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
