// A process of its own for poll.test.ts: what happens is printed.

import { read } from "../../service/native/descriptors.js";
import { READABLE, Watch, WRITABLE } from "../../service/native/poll.js";
import { openPty } from "./test-addon.js";

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function waitForInput(): void {
  const input = new Watch(0, () => {
    say(`got ${read(0, new Uint8Array(10))}`);
    input.close();
  });
  input.arm(READABLE);
  say("waiting");
}

function failInBatch(): void {
  let failed = false;
  const one = new Watch(openPty().slave, () => {
    if (failed) {
      say("one again");
      one.close();
      return;
    }
    failed = true;
    one.arm(WRITABLE);
    throw new Error("from one");
  });
  const two = new Watch(openPty().slave, () => {
    say("two");
    process.nextTick(say, "tick");
    two.close();
  });
  // What is armed last is served first.
  two.arm(WRITABLE);
  one.arm(WRITABLE);
}

if (process.argv[2] === "wait") waitForInput();
if (process.argv[2] === "catch") process.on("uncaughtException", error => say(`caught ${error.message}`));
if (process.argv[2] === "throw" || process.argv[2] === "catch") failInBatch();
