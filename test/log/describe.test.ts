import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { describeError, describeReason, oneLine } from "../../service/log/describe.js";

const strerror = (errno: number): string => `error ${errno}`;

t.test("control characters become one space, and none is left at the end", async t => {
  t.equal(oneLine("a\r\nb\0\x1b[31mc\x7f\td\xe9\n"), "a b [31mc d\xe9");
});

t.test("C1 controls go as well, alone or as UTF-8, and other characters keep their bytes", async t => {
  t.equal(oneLine("a\x9b31mb\x85c"), "a 31mb c");
  t.equal(oneLine("a\xc2\x9b\x90\x1b31mb"), "a 31mb");
  for (const text of ["\u0100", "\u2014", "\u00e9", "\u{1f50c}", "\u00a0x"]) {
    const bytes = Buffer.from(text, "utf8").toString("latin1");
    t.equal(oneLine(bytes), bytes, text);
  }
  t.equal(oneLine("\xe2\x80"), "\xe2", "half a character");
});

t.test("the reason is the system's word", async t => {
  t.equal(describeReason(new DeviceError("lost", "/dev/ttyS0", "Input/output error"), strerror), "Input/output error");
  t.equal(describeReason(Object.assign(new Error("ENOENT: x"), { errno: -2 }), strerror), "error 2");
  t.equal(describeReason(new Error("not\nJSON"), strerror), "not JSON");
  t.equal(describeReason("text", strerror), "text");
});

t.test("an error is told with its causes, each once", async t => {
  const inner = new Error("not JSON\nat 3");
  t.equal(describeError(new Error("cannot load profile", { cause: inner })), "cannot load profile: not JSON at 3");
  t.equal(describeError(new Error("x: No such file", { cause: new Error("No such file") })), "x: No such file");
  t.equal(describeError(new Error("", { cause: null })), "Error");
  const circle = new Error("round");
  circle.cause = circle;
  t.equal(describeError(circle), "round");
});
