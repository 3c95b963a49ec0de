import t from "tap";
import {
  bitsPerCharacter,
  describeLine,
  formatLine,
  type LineSettings,
  STANDARD_LINE,
} from "../../service/line/settings.js";

t.test("a line is told in short as speed, parity, data and stop bits", async t => {
  const cases: readonly (readonly [Partial<LineSettings>, string])[] = [
    [{}, "9600 N81"],
    [{ speed: 115200, parity: "even", dataBits: 7, stopBits: 2 }, "115200 E72"],
    [{ parity: "odd", dataBits: 5 }, "9600 O51"],
    [{ parity: "mark", dataBits: 6 }, "9600 M61"],
    [{ parity: "space" }, "9600 S81"],
  ];
  for (const [settings, text] of cases) t.equal(formatLine({ ...STANDARD_LINE, ...settings }), text);
});

t.test("a line is told at length in the words of the configuration", async t => {
  t.equal(describeLine(STANDARD_LINE), "9600 1STOPBIT 8DATABITS NONE");
  const all: LineSettings = {
    speed: 300,
    dataBits: 7,
    parity: "even",
    stopBits: 2,
    xonxoffIn: true,
    xonxoffOut: true,
    xonAny: true,
    rtscts: true,
    local: true,
    hangupWhenDone: true,
  };
  t.equal(describeLine(all), "300 XONXOFF RTSCTS LOCAL HANGUP_WHEN_DONE 2STOPBITS 7DATABITS EVEN");
  t.equal(describeLine({ ...STANDARD_LINE, xonxoffIn: true }), "9600 1STOPBIT 8DATABITS NONE", "one direction only");
});

t.test("start, data, parity and stop bits are what a character takes", async t => {
  t.equal(bitsPerCharacter(STANDARD_LINE), 10);
  t.equal(bitsPerCharacter({ ...STANDARD_LINE, parity: "mark", stopBits: 2 }), 12);
  t.equal(bitsPerCharacter({ ...STANDARD_LINE, dataBits: 5 }), 7);
});
