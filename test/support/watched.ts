/** Watches of pseudo-terminals that keep what they were told. */
import { closeSync } from "node:fs";
import type { Test } from "tap";
import { Watch, WRITABLE } from "../../service/native/poll.js";
import { openPair } from "./pty-pair.js";
import { openPty } from "./test-addon.js";

/** A pseudo-terminal, and a watch on its slave end that keeps what it was told. */
export function watched(t: Test, then: (events: number, watch: Watch) => void = () => {}, trigger = 0) {
  const pair = openPair(t);
  const told: number[] = [];
  const watch = new Watch(
    pair.slave,
    events => {
      told.push(events);
      then(events, watch);
    },
    trigger,
  );
  t.teardown(() => watch.close());
  return { ...pair, watch, told };
}

/** Resolves after every event that was there at the call has been told. */
export async function settled(): Promise<void> {
  const { master, slave } = openPty();
  for (let turn = 0; turn < 3; turn++) {
    await new Promise<void>(resolve => {
      const last = new Watch(slave, () => {
        last.close();
        resolve();
      });
      last.arm(WRITABLE);
    });
    await new Promise(resolve => setImmediate(resolve));
  }
  closeSync(master);
  closeSync(slave);
}
