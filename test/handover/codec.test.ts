import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { decodeRecord, decodeState, encodeRecord, encodeState } from "../../service/handover/codec.js";
import { PARTS } from "../../service/handover/state.js";
import { CONNECTION, STATE } from "../support/handed-over-state.js";

const GOLDEN = join(import.meta.dirname, "golden");

/** A state with that content: the header is right. */
function sealed(content: string | Uint8Array, format = 1): Buffer {
  const body = Buffer.from(content);
  const sum = createHash("sha256").update(body).digest("hex");
  return Buffer.concat([Buffer.from(`ser2net-state ${format} 9.9.9 ${body.length} ${sum}\n`), body]);
}

/** The state, with what `change` makes of its content. */
function changed(change: (content: object) => void): Buffer {
  const text = Buffer.from(encodeState(STATE, "1.0.0")).toString("utf8");
  const content = JSON.parse(text.slice(text.indexOf("\n")));
  change(content);
  return sealed(JSON.stringify(content));
}

t.test("a state comes back as it was", async t => {
  t.same(decodeState(encodeState(STATE, "1.2.3-rc1")), { state: STATE, version: "1.2.3-rc1", problems: [] });
});

t.test("states of all versions are read", async t => {
  for (const file of readdirSync(GOLDEN)) {
    const { state, version, problems } = decodeState(readFileSync(join(GOLDEN, file)));
    t.same(problems, [], file);
    t.equal(version, file.replace(".state", ""));
    t.same(state, STATE, `${file} has the state of test/support/handed-over-state.ts`);
  }
});

t.test("a state that is cut off anywhere is none", async t => {
  const whole = encodeState(STATE, "1.0.0");
  for (let length = 0; length < whole.length; length++) {
    const { state, problems } = decodeState(whole.subarray(0, length));
    if (state !== null || problems.length !== 1) t.fail(`cut after ${length} bytes`);
  }
  t.equal(decodeState(Buffer.concat([whole, Buffer.from("\n")])).state, null, "nor one with a byte more");
});

t.test("a state with another byte anywhere is none", async t => {
  const whole = encodeState(STATE, "1.0.0");
  const bodyAt = whole.indexOf(10) + 1;
  for (let at = 0; at < whole.length; at++) {
    const damaged = Uint8Array.from(whole);
    damaged[at] = (damaged[at] ?? 0) ^ 1;
    const { state } = decodeState(damaged);
    if (at >= bodyAt && state !== null) t.fail(`byte ${at}`);
  }
  t.match(decodeState(Uint8Array.from(whole).fill(65, bodyAt)).problems, [/checksum/]);
});

t.test("what cannot be used says why", async t => {
  const cases: readonly (readonly [title: string, bytes: Uint8Array, problem: RegExp])[] = [
    ["nothing", new Uint8Array(0), /not a state/],
    ["another file", Buffer.from("#!/bin/sh\n"), /not a state/],
    ["a later format", sealed("{}", 2), /format 2, known is 1/],
    ["not JSON", sealed("{"), /not JSON/],
    ["a list", sealed("[]"), /not a record/],
    ["nothing in it", sealed("{}"), /^takenMs: not a whole number$/],
    ["lists in lists", sealed("[".repeat(1_000_000)), /not JSON/],
    ["too many values", sealed(`[${"0,".repeat(4_000_001)}0]`), /too many items/],
    ["a number that is none", changed(state => Object.assign(state, { takenMs: 1.5 })), /^takenMs: /],
    ["too many ports", changed(state => Object.assign(state, { ports: Array(16_385).fill(0) })), /^ports: too many$/],
    ["ports that are no list", changed(state => Object.assign(state, { ports: { length: 1 } })), /^ports: not a list$/],
  ];
  for (const [title, bytes, problem] of cases) {
    const { state, problems } = decodeState(bytes);
    t.equal(state, null, title);
    t.match(problems, [problem], title);
  }
});

t.test("a connection that cannot be used is left out, and told", async t => {
  const bad: readonly (readonly [field: string, value: unknown])[] = [
    ["name", "x".repeat(256)],
    ["name", "\u20ac"],
    ["transport", "quic"],
    ["slot", -1],
    ["fixed", 0],
    ["bytesToNet", "7"],
    ["unsent", "A"],
    ["unsent", "AA==\n"],
    ["unsent", "A".repeat(6_000_000)],
    ["inbox", Array(65).fill("")],
    ["telnet", undefined],
    ["peer", { address: "::1", port: 65_536 }],
    ["__proto__", undefined],
  ];
  const good = encodeRecord(PARTS.connection, CONNECTION).toString();
  for (const [field, value] of bad) {
    const one = { ...JSON.parse(good), [field]: value };
    if (field === "__proto__") delete one.id;
    const { state, problems } = decodeState(
      changed(all => Object.assign(all, { connections: [JSON.parse(good), one, JSON.parse(good)] })),
    );
    t.same(state?.connections, [CONNECTION, CONNECTION], field);
    t.match(problems, [/^connections\.1\.|^1\./], field);
    t.same(state?.devices, STATE.devices, "the rest lives on");
  }
});

t.test("so many problems are not all told", async t => {
  const { state, problems } = decodeState(changed(all => Object.assign(all, { connections: Array(10_000).fill(7) })));
  t.same(state?.connections, []);
  t.equal(problems.length, 20);
});

t.test("what a newer version adds is read over, at any depth", async t => {
  const added = JSON.parse(
    Buffer.from(encodeRecord(PARTS.connection, CONNECTION))
      .toString()
      .replaceAll('"option":', '"colour":[{"x":null}],"option":'),
  );
  const { state, problems } = decodeState(
    changed(all => Object.assign(all, { connections: [{ ...added, tls: { keys: [1, 2] } }], quic: [7] })),
  );
  t.same(problems, []);
  t.same(state, STATE);
});

t.test("the size of a state is limited before it is looked at", async t => {
  t.match(decodeState(new Uint8Array(64 * 1024 * 1024 + 1)).problems, [/more than 67108864 bytes/]);
});

t.test("a part of a state comes back as it was", async t => {
  t.same(decodeRecord(PARTS.connection, encodeRecord(PARTS.connection, CONNECTION)), {
    value: CONNECTION,
    problems: [],
  });
  t.match(decodeRecord(PARTS.port, Buffer.from("7")), { value: null, problems: ["not a record"] });
});
