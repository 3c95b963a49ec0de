/** Pseudo-terminals for the tests of the kernel room. The kernel passes bytes on by a worker of its own: they take a moment. */
import { closeSync } from "node:fs";
import type { Test } from "tap";
import { write } from "../../service/native/descriptors.js";
import { queued } from "../../service/native/serial.js";
import { openPty } from "./test-addon.js";
import { until } from "./wait.js";

export interface PtyPair {
  readonly master: number;
  readonly slave: number;
  readonly path: string;
}

export function openPair(t: Test): PtyPair {
  const pair = openPty();
  t.teardown(() => {
    for (const fd of [pair.master, pair.slave]) closeAnyway(fd);
  });
  return pair;
}

/** Writes, and waits until it can be read at the other end. */
export async function pass(from: number, to: number, bytes: Uint8Array): Promise<void> {
  const before = queued(to).input;
  if (write(from, bytes) !== bytes.length) throw new Error("not all was taken");
  await until("the bytes", () => queued(to).input === before + bytes.length);
}

function closeAnyway(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // the test has closed it
  }
}
