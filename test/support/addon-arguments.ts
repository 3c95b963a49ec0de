/** The argument kinds of each function of the addon, with valid and invalid values. */
import { closeSync, unlinkSync } from "node:fs";
import { addon } from "../../service/native/addon.js";
import type { Addon } from "../../service/native/addon-functions.js";
import { openPty } from "./test-addon.js";

export type Kind = "fd" | "integer" | "boolean" | "bytes" | "words" | "text" | "address" | "batch" | "function";

/** The argument kinds of each function. */
export const SIGNATURES: Record<keyof Addon, readonly Kind[]> = {
  read: ["fd", "bytes"],
  write: ["fd", "bytes"],
  setNonBlocking: ["fd"],
  setCloseOnExec: ["fd"],
  lockFile: ["fd"],
  reserveDescriptors: ["integer"],
  errorReason: ["integer"],
  releaseMemory: [],
  setV8Flags: ["text"],
  checksum: ["bytes"],
  getTermios: ["fd", "words"],
  setTermios: ["fd", "words"],
  tcpInfo: ["fd", "words"],
  getModem: ["fd"],
  setModem: ["fd", "integer", "integer"],
  openDevice: ["bytes", "boolean", "integer", "integer"],
  setBreak: ["fd", "boolean"],
  playLines: ["fd", "integer", "words"],
  endLines: ["integer", "boolean"],
  getCounters: ["fd", "words"],
  queued: ["fd", "words"],
  flush: ["fd", "integer"],
  setRs485: ["fd", "words"],
  listenTcp: ["address", "integer", "boolean", "integer"],
  bindUdp: ["address", "integer", "boolean"],
  accept: ["fd"],
  localAddress: ["fd"],
  peerAddress: ["fd"],
  socketKind: ["fd", "words"],
  setOption: ["fd", "integer", "integer"],
  receiveFrom: ["fd", "bytes"],
  sendTo: ["fd", "bytes", "address", "integer"],
  unixDatagram: [],
  bindUnix: ["fd", "text"],
  sendUnix: ["fd", "text", "bytes"],
  listenUnix: ["bytes", "integer"],
  tryUnix: ["bytes"],
  peerCredentials: ["fd", "words"],
  sendDescriptor: ["fd", "text", "bytes", "fd"],
  sendBarrier: ["fd", "text", "integer"],
  memoryFile: [],
  seal: ["fd"],
  isSealed: ["fd"],
  shutdownSocket: ["fd"],
  setInheritable: ["fd", "boolean"],
  becomeProgram: ["bytes", "bytes", "bytes"],
  inotifyOpen: [],
  inotifyAdd: ["fd", "bytes", "integer"],
  inotifyRemove: ["fd", "integer"],
  pollStart: ["batch", "function"],
  pollControl: ["integer", "fd", "integer", "integer", "boolean"],
  pollTick: ["integer"],
  pollHold: ["boolean"],
};
export const NAMES = Object.keys(SIGNATURES) as (keyof Addon)[];

const { master, slave } = openPty();
export const UNOPENED = 1_000_000;
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
export const WRONG: Record<Kind, readonly unknown[]> = {
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
  batch: [...NO_BYTES, new Float64Array(255), new Uint8Array(256), new Float32Array(256)],
  function: [undefined, null, 5, "x", {}, [], class {}.prototype],
};
export const RIGHT: Record<Kind, readonly unknown[]> = {
  fd: [master, slave, UNOPENED],
  integer: [0, 1, 2, 3, 7, 255],
  boolean: [true, false],
  bytes: [new Uint8Array(0), new Uint8Array(16), new Uint8Array(100_000), new Uint8Array(9).subarray(4), detached],
  words: [new Uint32Array(25), new Uint32Array(2048), new Uint32Array(100), new Uint32Array(64).subarray(30)],
  text: ["", "@", "/nonexistent", "@native-test-unbound", "x".repeat(107)],
  address: ["127.0.0.1", "::1", "0.0.0.0", "::", "::ffff:1.2.3.4", "::1%lo", "fe80::1%1"],
  batch: [],
  function: [() => {}],
};

/** Calls it with these arguments, and closes what that has opened. */
export function call(name: keyof Addon, values: readonly unknown[]): unknown {
  const result: unknown = Reflect.apply(addon[name], addon, values);
  tidyUp(name, result);
  const [path] = values;
  if (name === "listenUnix" && Number(result) >= 0 && path instanceof Uint8Array) unlinkSync(Buffer.from(path));
  return result;
}

/** Closes what a call has opened. */
function tidyUp(name: keyof Addon, result: unknown): void {
  if (
    ["openDevice", "listenTcp", "listenUnix", "bindUdp", "unixDatagram", "memoryFile", "inotifyOpen"].includes(name) &&
    typeof result === "number" &&
    result >= 0
  )
    closeSync(result);
  if (name === "accept" && typeof result === "object" && result !== null && "value" in result) {
    closeSync(Number(result.value));
  }
  if (name === "playLines" && Number(result) > 0) addon.endLines(Number(result), true);
  if (name === "pollHold") addon.pollHold(false);
}
