/** The words of `setportconfig` and SetConfig, which change a port that exists. */
import t from "tap";
import type { OptionContext } from "../../service/config/configuration.js";
import { parsePortWords } from "../../service/config/port-options.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { NAMES, readLines } from "./read.js";

t.test("setportconfig", async t => {
  const { ports, finalContext: atEnd } = readLines(
    ...NAMES,
    "3000:raw:0:/dev/a:115200 EVEN 7DATABITS 2STOPBITS XONXOFF RTSCTS LOCAL HANGUP_WHEN_DONE NOBREAK remctl hello " +
      "remaddr=10.0.0.1,0 tr=log hexdump max-connections=2",
    "DEFAULT:stopbits:2",
    "DEFAULT:kickolduser:1",
  );
  const [port] = ports;
  if (port === undefined) throw new Error("no port");
  const set = (words: string, context: OptionContext = atEnd) => parsePortWords(words, port, context);

  t.test("counts serial words from the DEFAULTs of the last read", async t => {
    const { line, options, problem } = set("2400 ODD");
    t.same(line, { ...STANDARD_LINE, speed: 2400, parity: "odd", stopBits: 2 });
    t.equal(options.clearBreak, true);
    t.equal(problem, null);
  });
  t.test("with a leading + changes only what is named", async t => {
    const others = { ...port.options };
    t.same(set("+2400").line, { ...port.line, speed: 2400 });
    t.same(set("+2400").options, others, "NOBREAK stays too");
    t.same(set(" + ODD -LOCAL").line, { ...port.line, parity: "odd", local: false });
    t.same(set("+kickolduser").options, { ...others, kickolduser: true });
    t.same(set("+"), { line: port.line, options: others, problem: null });
    t.equal(set("+2400 nosuch").problem, "Unknown config item: nosuch");
    t.equal(set("2400 +ODD").problem, "Unknown config item: +ODD", "only in front");
    t.equal(set("++2400").problem, "Unknown config item: +2400");
  });
  t.test("changes the other options from what they are now", async t => {
    const { options } = set("-remctl led-rx=rx tw=log tw-timestamp");
    t.same(options, {
      ...port.options,
      clearBreak: true,
      remctl: false,
      ledRx: atEnd.leds.get("rx"),
      traceWrite: { file: "/tmp/\\p", hexdump: false, timestamp: true },
    });
    t.same(set("").options, { ...port.options, clearBreak: true }, "a DEFAULT changes nothing here");
  });
  t.test("replaces the whole list of addresses", async t => {
    t.same(
      set("remaddr=10.0.0.2,0 remaddr=10.0.0.3,0").options.remaddr?.map(({ text }) => text),
      ["10.0.0.2,0", "10.0.0.3,0"],
    );
    t.equal(set("remaddr=").options.remaddr, null);
  });
  t.test("ends at the first fault, and what stands before it counts", async t => {
    const cases: readonly (readonly [words: string, problem: string])[] = [
      ["1234567890", "Unknown config item: 1234567890"],
      ["kickolduser nosuch 300", "Unknown config item: nosuch"],
      ["kickolduser kickolduserr 300", "Unknown config item: kickolduserr"],
      ["kickolduser chardelay-min=abc 300", "Invalid number for chardelay-min=: abc"],
      ["kickolduser max-connections=5 300", "Option not changeable on a live port: max-connections="],
      ["dev-to-net-bufsize=5 300", "Option not changeable on a live port: dev-to-net-bufsize="],
      ["dev-to-tcp-bufsize=5 300", "Option not changeable on a live port: dev-to-tcp-bufsize="],
      ["net-to-dev-bufsize=5 300", "Option not changeable on a live port: net-to-dev-bufsize="],
      ["tcp-to-dev-bufsize=5 300", "Option not changeable on a live port: tcp-to-dev-bufsize="],
      ["tr=nosuch 300", "Tracefile nosuch not found, it will be ignored"],
      ["led-tx=nosuch 300", "LED 'nosuch' not found, it will be ignored"],
    ];
    for (const [words, problem] of cases) {
      const result = set(words);
      t.equal(result.problem, problem, words);
      t.equal(result.line.speed, 9600, words);
      t.equal(result.options.kickolduser, words.startsWith("kickolduser"), words);
      t.equal(result.options.maxConnections, 2, words);
    }
  });
  t.test("tells a bad address and keeps to the good ones", async t => {
    const { options, line, problem } = set("remaddr=nosuch;10.0.0.2,0 300");
    t.equal(problem, "Invalid remote address 'nosuch'");
    t.same(
      options.remaddr?.map(({ text }) => text),
      ["10.0.0.2,0"],
    );
    t.equal(line.speed, 300);
    t.same(set("remaddr=nosuch").options.remaddr, [], "no entry is valid: no peer is admitted");
  });
});
