import t from "tap";
import { messages, readLines } from "./read.js";

t.test("an LED is read from key=value words", async t => {
  const cases: readonly (readonly [text: string, device: string, durationMs: number, state: number])[] = [
    ["device=tx0", "tx0", 10, 1],
    ["device=board:green:tx duration=100 state=0", "board:green:tx", 100, 0],
    ["DEVICE=a\tDuration=5  STATE=1", "a", 5, 1],
    ["device=a device=b", "b", 10, 1],
    ["device=a=b", "a", 10, 1],
    ["device=a colour=red blinking", "a", 10, 1],
    ["device=a duration=0", "a", 10, 1],
    ["device=a duration=slow", "a", 10, 1],
    ["device=a duration=25ms", "a", 25, 1],
    ["device=a state=-1", "a", 10, 1],
    ["device=a state=off", "a", 10, 0],
    ["device=a duration=99999999999999999999", "a", 2_147_483_647, 1],
  ];
  for (const [text, device, durationMs, state] of cases) {
    const { leds, diagnostics } = readLines(`LED:l:sysfs:${text}`);
    t.same(leds, [{ name: "l", device, durationMs, state }], text);
    t.same(diagnostics, [], text);
  }
});

t.test("a bad LED is dropped, a bad number in it replaced", async t => {
  const cases: readonly (readonly [text: string, kept: number, messages: readonly string[]])[] = [
    ["sysfs", 0, ["Couldn't parse LED definition for 'l' on 1"]],
    ["gpio:device=a", 0, ["Unknown LED driver 'gpio' for LED 'l' on 1"]],
    ["sysfs:", 0, ["LED 'l': parameter 'device' required, but missing on line 1."]],
    ["sysfs:duration=-1", 0, ["LED 'l': parameter 'device' required, but missing on line 1."]],
    ["sysfs:device=", 0, ["LED 'l': parameter 'device' required, but missing on line 1."]],
    ["sysfs:device=a duration=-5", 1, ["LED 'l': invalid duration, using default on line 1."]],
    ["sysfs:device=a state=2", 1, ["LED 'l': invalid state, using default on line 1."]],
    [
      "sysfs:device=a duration=-5 state=-2",
      1,
      ["LED 'l': invalid duration, using default on line 1.", "LED 'l': invalid state, using default on line 1."],
    ],
  ];
  for (const [text, kept, expected] of cases) {
    const configuration = readLines(`LED:l:${text}`);
    t.same(messages(configuration), expected, text);
    t.equal(configuration.leds.length, kept, text);
    for (const led of configuration.leds) t.match(led, { durationMs: 10, state: 1 });
  }
});

t.test("an RS485 configuration is four numbers", async t => {
  const cases: readonly (readonly [text: string, numbers: readonly unknown[] | string])[] = [
    ["1:2:0:1", [1, 2, false, true]],
    [" 10: 20: 1: 0junk", [10, 20, true, false]],
    ["9999999999:0:1:1", [2_147_483_647, 0, true, true]],
    ["12345678901:0:1:1", "Couldn't parse RS485 config on 1"],
    ["1:2:0", "Couldn't parse RS485 config on 1"],
    ["1 :2:0:0", "Couldn't parse RS485 config on 1"],
    ["-1:2:0:0", "Couldn't parse RS485 config on 1"],
    ["a", "Couldn't parse RS485 config on 1"],
    ["1:2:10:0", "Couldn't parse RS485 config on 1"],
    ["1:2:2:0", "RTS_ON_SEND parameter can be 0 or 1 on 1"],
    ["1:2:0:300", "RX_DURING_TX parameter can be 0 or 1 on 1"],
    ["1:2:0:100", [1, 2, false, true]],
  ];
  for (const [text, expected] of cases) {
    const configuration = readLines(`RS485CONF:r:${text}`);
    const read = configuration.finalContext.rs485.get("r");
    if (typeof expected === "string") {
      t.same(messages(configuration), [expected], text);
      t.equal(read, undefined, text);
    } else {
      t.same(configuration.diagnostics, [], text);
      t.same([read?.delayBeforeMs, read?.delayAfterMs, read?.rtsOnSend, read?.rxDuringTx], expected, text);
    }
  }
});
