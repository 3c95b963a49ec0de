/** The parsers of a state that another process left: with a right header any content, and anything. */
import { createHash } from "node:crypto";
import { decodeRecord, decodeState, encodeRecord, encodeState } from "../../service/handover/codec.js";
import { readJournal, SLOT_HEADER_BYTES } from "../../service/handover/journal.js";
import { PARTS } from "../../service/handover/state.js";
import { CONNECTION, DEVICE, STATE } from "../support/handed-over-state.js";
import { fill, insist, type Parser } from "./parser.js";

function sealed(body: Buffer): Buffer {
  const sum = createHash("sha256").update(body).digest("hex");
  return Buffer.concat([Buffer.from(`ser2net-state 1 1.0.0 ${body.length} ${sum}\n`), body]);
}

const whole = Buffer.from(encodeState(STATE, "1.0.0")).toString("latin1");
const content = whole.slice(whole.indexOf("\n") + 1);
const connection = encodeRecord(PARTS.connection, CONNECTION).toString("latin1");
const HEAD = content.slice(0, content.indexOf('"connections":[') + '"connections":['.length);
const TAIL = content.slice(content.indexOf('],"devices"'));

const states: Parser = {
  name: "handed-over states",
  parse(text) {
    const bytes = Buffer.from(text, "latin1");
    decodeState(bytes);
    const { state } = decodeState(sealed(bytes));
    if (state === null) return;
    const again = encodeState(state, "1.0.0");
    insist(decodeState(again).state !== null, "a state that does not come back");
    insist(Buffer.from(again).equals(encodeState(decodeState(again).state ?? STATE, "1.0.0")), "another state");
  },
  samples: [
    whole,
    content,
    HEAD,
    connection,
    TAIL,
    '"',
    "{}",
    "[]",
    "null",
    "1e999",
    "-0",
    "\\u20ac",
    '"__proto__":{}',
  ],
  hurtful: {
    connections: length => `${HEAD}${connection},${fill(`${connection},`, length).slice(0, -1)}${TAIL}`,
    "bad connections": length => `${HEAD}${fill("7,", length)}7${TAIL}`,
    "unknown fields": length =>
      `{${Array.from({ length: length / 12 }, (_, at) => `"a${at}":[]`).join(",")},${content.slice(1)}`,
    "one field again and again": length => `{${fill('"takenMs":1,', length)}${content.slice(1)}`,
    "lists in lists": length => fill("[", length),
    "records in records": length => fill('{"a":', length),
    "a long text": length => `${HEAD}"${fill("A", length)}"${TAIL}`,
    escapes: length => `${HEAD}"${fill("\\u0041", length)}"${TAIL}`,
    "bytes to send": length =>
      `${HEAD}${connection.replace(/"unsent":"[^"]*"/, () => `"unsent":"${"A".repeat(length & ~3)}"`)}${TAIL}`,
    digits: length => `{"takenMs":${fill("9", length)}}`,
  },
};

const records: Parser = {
  name: "journals",
  parse(text) {
    const bytes = Buffer.from(text, "latin1");
    const slotBytes = Math.max(SLOT_HEADER_BYTES, bytes.length >> 1);
    const found = readJournal([bytes], [slotBytes]);
    insist(found === null || found.record.length <= slotBytes, "a record that is longer than its slot");
    for (const kind of [PARTS.port, PARTS.device, PARTS.controlSession]) decodeRecord<unknown>(kind, bytes);
  },
  samples: [encodeRecord(PARTS.device, DEVICE).toString("latin1"), connection, "\0\0\0\0", "\x01\0\0\0\0\0\0\0", "{}"],
  hurtful: { zeros: length => fill("\0", length), ones: length => fill("\xff", length) },
};

export const HANDOVER_PARSERS: readonly Parser[] = [states, records];
