import { closeSync } from "node:fs";
import t from "tap";
import { type Addon, addon } from "../../service/kernel/addon.js";
import { openPty } from "../../service/kernel/kernel.js";
import { randomIntegers } from "../support/random.js";

const SEED = 0x5e12e7;

type Kind =
  | "fd"
  | "integer"
  | "boolean"
  | "bytes"
  | "words"
  | "text"
  | "address"
  | "descriptors"
  | "batch"
  | "function";

/** What each function takes. */
const SIGNATURES: Record<keyof Addon, readonly Kind[]> = {
  read: ["fd", "bytes"],
  write: ["fd", "bytes"],
  setNonBlocking: ["fd"],
  setCloseOnExec: ["fd"],
  errorReason: ["integer"],
  getTermios: ["fd", "words"],
  setTermios: ["fd", "words"],
  getModem: ["fd"],
  setModem: ["fd", "integer", "integer"],
  setBreak: ["fd", "boolean"],
  getCounters: ["fd", "words"],
  queued: ["fd", "words"],
  flush: ["fd", "integer"],
  setExclusive: ["fd", "boolean"],
  rs485: ["fd", "boolean", "words"],
  openPty: ["words"],
  listenTcp: ["address", "integer", "boolean", "integer"],
  bindUdp: ["address", "integer", "boolean"],
  accept: ["fd"],
  localAddress: ["fd"],
  peerAddress: ["fd"],
  socketKind: ["fd", "words"],
  setOption: ["fd", "integer", "integer"],
  atMark: ["fd"],
  shutdownOutput: ["fd"],
  receiveFrom: ["fd", "bytes"],
  sendTo: ["fd", "bytes", "address", "integer"],
  unixDatagram: [],
  sendUnix: ["fd", "text", "bytes", "descriptors"],
  inotifyOpen: [],
  inotifyAdd: ["fd", "bytes", "integer"],
  inotifyRemove: ["fd", "integer"],
  pollStart: ["batch", "function"],
  pollControl: ["integer", "fd", "integer", "integer"],
  pollHold: ["boolean"],
};
const NAMES = Object.keys(SIGNATURES) as (keyof Addon)[];

const { master, slave } = openPty();
const UNOPENED = 1_000_000;
const detached = new Uint8Array(8);
structuredClone(detached.buffer, { transfer: [detached.buffer] });

// Descriptors are only ones of this test or none at all: a random number could be one of the test runner's.
const NO_NUMBERS = [
  undefined,
  null,
  true,
  "1",
  "",
  {},
  [],
  [1],
  () => 1,
  Symbol("1"),
  1n,
  new Date(1),
  new Uint8Array(1),
];
const NO_INTEGERS = [...NO_NUMBERS, -1, -0.5, 1.5, 2 ** 60, -(2 ** 31), Number.NaN, Infinity, -Infinity, 1e300];
const NO_BYTES = [undefined, null, 5, "bytes", {}, [1, 2], new ArrayBuffer(8), new DataView(new ArrayBuffer(8))];
const WRONG: Record<Kind, readonly unknown[]> = {
  fd: [...NO_INTEGERS, 2 ** 31, 2 ** 32 + 1],
  integer: NO_INTEGERS,
  boolean: [undefined, null, 0, 1, "true", {}, []],
  bytes: [...NO_BYTES, new Int8Array(9), new Uint8ClampedArray(9), new Uint16Array(9), new Float64Array(9)],
  words: [...NO_BYTES, new Uint8Array(200), new Int32Array(99), new Uint32Array(0), new Uint32Array(1), detached],
  text: [undefined, null, 5, {}, ["/x"], Symbol("x"), "a\0b", "x".repeat(108), "é".repeat(54), "x".repeat(100_000)],
  address: [
    undefined,
    null,
    5,
    {},
    "",
    "localhost",
    "1.2.3",
    "1.2.3.4\0",
    "::1%",
    ":".repeat(1000),
    "fe80::1%nosuchif",
  ],
  descriptors: [
    undefined,
    null,
    5,
    "x",
    {},
    new Uint8Array(2),
    Array(254).fill(0),
    [1.5],
    [-1],
    ["1"],
    [undefined],
    [2 ** 31],
  ],
  batch: [...NO_BYTES, new Float64Array(255), new Uint8Array(256), new Float32Array(256)],
  function: [undefined, null, 5, "x", {}, [], class {}.prototype],
};
const RIGHT: Record<Kind, readonly unknown[]> = {
  fd: [master, slave, UNOPENED],
  integer: [0, 1, 2, 3, 7, 255],
  boolean: [true, false],
  bytes: [new Uint8Array(0), new Uint8Array(16), new Uint8Array(100_000), new Uint8Array(9).subarray(4), detached],
  words: [new Uint32Array(25), new Uint32Array(100), new Uint32Array(64).subarray(30)],
  text: ["", "@", "/nonexistent", "@kernel-test-nobody", "x".repeat(107)],
  address: ["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:1.2.3.4", "::1%lo", "fe80::1%1"],
  descriptors: [[], [slave], [UNOPENED], Array(253).fill(slave)],
  batch: [],
  function: [() => {}],
};

function call(name: keyof Addon, values: readonly unknown[]): unknown {
  const result: unknown = Reflect.apply(addon[name], addon, values);
  tidyUp(name, values, result);
  return result;
}

/** Closes what a call has opened. */
function tidyUp(name: keyof Addon, values: readonly unknown[], result: unknown): void {
  if (
    ["listenTcp", "bindUdp", "unixDatagram", "inotifyOpen"].includes(name) &&
    typeof result === "number" &&
    result >= 0
  )
    closeSync(result);
  if (name === "openPty" && result === 0) for (const fd of (values[0] as Uint32Array).subarray(0, 2)) closeSync(fd);
  if (name === "pollHold") addon.pollHold(false);
}

t.test("the signatures are complete", async t => {
  t.same(Object.keys(addon).sort(), [...NAMES].sort());
});

t.test("each wrong argument in an otherwise right call throws a TypeError", async t => {
  for (const name of NAMES) {
    const kinds = SIGNATURES[name];
    const right = kinds.map(kind => RIGHT[kind].at(-1));
    let accepted = 0;
    kinds.forEach((kind, at) => {
      for (const wrong of WRONG[kind]) {
        try {
          call(name, right.with(at, wrong));
          accepted++;
          t.fail(`${name}: argument ${at} ${String(wrong).slice(0, 30)}`);
        } catch (error) {
          if (!(error instanceof TypeError)) t.fail(`${name}: argument ${at} throws ${error}`);
        }
      }
    });
    if (kinds.length > 0) t.throws(() => call(name, []), TypeError, `${name} without arguments`);
    t.equal(accepted, 0, name);
  }
});

t.test("no arguments, however mixed, do harm", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomIntegers(SEED);
  const pick = <T>(from: readonly T[]): T | undefined => from[random(from.length)];
  const anything = Object.values(WRONG).flat();
  let returned = 0;
  let thrown = 0;
  for (let round = 0; round < 50_000; round++) {
    const name = pick(NAMES) ?? "read";
    const values: unknown[] = SIGNATURES[name].map(kind => {
      const die = random(10);
      return die < 7 ? pick(RIGHT[kind]) : die < 9 ? pick(WRONG[kind]) : kind === "fd" ? UNOPENED : pick(anything);
    });
    if (random(10) === 0) values.length = random(8);
    try {
      const result = call(name, values);
      returned++;
      if (!["number", "string", "object"].includes(typeof result)) t.fail(`${name} returned ${String(result)}`);
    } catch (error) {
      thrown++;
      if (!(error instanceof TypeError)) t.fail(`${name} throws ${error}`);
    }
  }
  t.ok(returned > 10_000 && thrown > 10_000, `${returned} returned, ${thrown} refused`);
});
