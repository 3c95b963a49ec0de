import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { controlPortProblem } from "../../service/config/served-port.js";
import { environment, messages, onlyPort, readLines, readText, serviceLookup } from "./read.js";

/** The diagnostics of a line that is the third of its file. */
function faults(line: string): string[] {
  const { diagnostics } = readLines("", "# third line next", line);
  return diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
}

t.test("a directive without its name or text says what is missing", async t => {
  const cases: readonly (readonly [line: string, fault: string])[] = [
    ["BANNER:", "3:8 No banner name given on line 3"],
    ["BANNER:::", "3:10 No banner name given on line 3"],
    ["SIGNATURE:", "3:11 No signature given on line 3"],
    ["OPENSTR:", "3:9 No open string name given on line 3"],
    ["CLOSESTR:", "3:10 No close string name given on line 3"],
    ["CLOSEON:", "3:9 No close on string name given on line 3"],
    ["DEVICE:", "3:8 No device name given on line 3"],
    ["TRACEFILE:", "3:11 No tracefile name given on line 3"],
    ["TRACEFILE:t", "3:12 No tracefile given on line 3"],
    ["TRACEFILE:t:", "3:13 No tracefile given on line 3"],
    ["RS485CONF:", "3:11 No signature given on line 3"],
    ["RS485CONF:r:", "3:13 No RS485 configuration given on line 3"],
    ["DEFAULT:", "3:9 No default name given on line 3"],
    ["DEFAULT:speed", "3:9 No default value on 3"],
    ["DEFAULT:speed:  ", "3:15 No default value on 3"],
    ["ROTATOR:", "3:9 No rotator name given on line 3"],
    ["ROTATOR:5000", "3:13 No rotator ports given on line 3"],
    ["ROTATOR:5000: \t", "3:16 No rotator ports given on line 3"],
    ["LED:", "3:5 No LED name given on line 3"],
    ["LED:l", "3:6 No LED given on line 3"],
    ["CONTROLPORT:", "3:13 No control port given on line 3"],
  ];
  for (const [line, fault] of cases) t.same(faults(line), [fault], line);
});

t.test("a line that waits for more at the end of its source is dropped, and told", async t => {
  const port = "3000:raw:0:/dev/a:9600";
  const {
    ports,
    diagnostics,
    faultyLines: damaged,
  } = readConfiguration(
    [
      { file: null, text: `${port} \\` },
      { file: "test.conf", text: `# first\n${port}\\\n 9600\\\n` },
    ],
    environment,
  );
  t.same(ports, []);
  t.same(diagnostics.map(formatDiagnostic), [
    "-C:0:24: No continuation of the line on line 0 (expected another line after the backslash)",
    "test.conf:3:6: No continuation of the line on line 3 (expected another line after the backslash)",
  ]);
  t.same(damaged, [`${port} `, port, " 9600"], "a reload keeps its port");
});

t.test("a DOS line end is told where it does harm, and seen", async t => {
  const { diagnostics } = readText("2001:raw:0:/dev/a:9600 remctl\r\nBANNER:b:\r\n");
  t.same(diagnostics.map(formatDiagnostic), [
    "test.conf:1:24: Unknown config item: remctl\\r on line 1 (expected an option or the name of a text defined " +
      "before this line; nearest: remctl; the line ends in CR LF, and the CR is part of it)",
  ]);
});

t.test("a directive may have an empty text", async t => {
  for (const word of ["BANNER", "SIGNATURE", "OPENSTR", "CLOSESTR", "CLOSEON", "DEVICE"]) {
    t.same(readLines(`${word}:x`, `${word}:y:`).diagnostics, [], word);
  }
  t.same(readLines("DEFAULT:remaddr:").diagnostics, []);
});

t.test("colons before a name are skipped, colons in a text are kept", async t => {
  const { finalContext: atEnd } = readLines(
    "BANNER:::b: a:b : ",
    "DEVICE:d:/dev/serial/by-path/pci:1:2",
    "TRACEFILE:t:/tmp/\\d:\\T",
  );
  t.match(atEnd.texts.get("b"), { kind: "banner", text: " a:b : " });
  t.match(atEnd.texts.get("d"), { kind: "device", text: "/dev/serial/by-path/pci:1:2" });
  t.same(atEnd.traceFiles.get("t"), "/tmp/\\d:\\T");
});

t.test("a line that is nothing known has no state, and the nearest word is told", async t => {
  const cases: readonly (readonly [line: string, column: number, near: string | null])[] = [
    ["nonsense", 1, null],
    ["BANNER x", 1, "BANNER:"],
    ["LEDS:x", 1, "LED:"],
    ["banner:x:hello", 1, "BANNER:"],
    ["BANER:x:hello", 1, "BANNER:"],
    ["3000:telent:0:/dev/ttyS0", 6, "telnet"],
    ["3000:RAW:0:/dev/ttyS0", 6, "raw"],
    ["3000:on:0:/dev/ttyS0", 6, null],
    ["3000:raw", 6, "raw"],
    [":", 2, null],
  ];
  for (const [line, column, near] of cases) {
    const { diagnostics } = readLines(line);
    t.match(diagnostics, [{ line: 1, column, message: "No state given on line 1" }], line);
    t.equal(diagnostics.length, 1);
    t.equal(/nearest: (.*)$/.exec(diagnostics[0]?.expected ?? "")?.[1] ?? null, near, line);
  }
});

t.test("a port line reports the first thing that keeps it from being a port", async t => {
  const cases: readonly (readonly [line: string, fault: string])[] = [
    ["3000:raw:", "3:10 No timeout given on line 3"],
    ["3000:raw:::", "3:12 No timeout given on line 3"],
    ["3000:raw:0", "3:11 No device name given on line 3"],
    ["3000:raw:0:", "3:12 No device name given on line 3"],
    ["x:raw:x:/dev/ttyS0", "3:1 port number was invalid on line 3"],
    [":raw:0:/dev/ttyS0", "3:1 port number was invalid on line 3"],
    ["70000:raw:0:/dev/ttyS0", "3:1 port number was invalid on line 3"],
    ["localhost,0:raw:x:/dev/ttyS0", "3:1 port number was zero on line 3"],
    ["tcp,0:raw:0:/dev/ttyS0", "3:1 port number was zero on line 3"],
    ["3000:raw:x:/dev/ttyS0", "3:10 timeout was invalid on line 3"],
    ["3000:raw: 5:/dev/ttyS0", "3:10 timeout was invalid on line 3"],
    ["3000:raw:5 :/dev/ttyS0", "3:10 timeout was invalid on line 3"],
    ["3000:raw:-1:/dev/ttyS0", "3:10 timeout was invalid on line 3"],
    ["3000:raw::/dev/ttyS0:9600", "3:11 timeout was invalid on line 3"],
    ["3000:raw:0:sol.lan", "3:16 SOL config must start with 'lan ', it was lan on line 3"],
  ];
  for (const [line, fault] of cases) {
    t.same(faults(line), [fault], line);
    t.same(readLines(line).ports, [], line);
  }
});

t.test("a port line is read field by field", async t => {
  const port = onlyPort(readLines("::1,3000:rawlp:600:/dev/lp0:9600 remctl"));
  t.match(port, {
    name: "::1,3000",
    networkPort: { family: "any", transport: "tcp", host: "::1", port: 3000 },
    state: "rawlp",
    timeoutSeconds: 600,
    device: { written: "/dev/lp0", path: "/dev/lp0", kind: "tty" },
    file: "test.conf",
    lineNumber: 1,
  });
  t.equal(onlyPort(readLines(" 3000:raw:0:/dev/x")).name, " 3000", "the name is kept as written");
  t.equal(onlyPort(readLines("3000:raw:0:::/dev/x::9600")).device.path, "/dev/x", "runs of colons are one");
  t.equal(onlyPort(readLines("3000:telnet:off:raw:0", "3000:off:0:/dev/x")).state, "off");
  t.equal(onlyPort(readLines("3000:raw:99999999999:/dev/x")).timeoutSeconds, 2_147_483_647);
  t.match(onlyPort(readLines("0:raw:0:/dev/x")).networkPort, { host: null, port: 0 });
  t.match(onlyPort(readLines("00:raw:0:/dev/x")).networkPort, { host: null, port: 0 });
});

t.test("the last line of a name wins entirely, in the place of the first", async t => {
  const { ports } = readLines(
    "3000:raw:5:/dev/a:19200 remctl",
    "3001:raw:0:/dev/b",
    "3000:telnet:0:/dev/c:EVEN",
    "tcp,3000:raw:0:/dev/d",
  );
  t.same(
    ports.map(port => `${port.name} ${port.state} ${port.timeoutSeconds} ${port.device.path} ${port.lineNumber}`),
    ["3000 telnet 0 /dev/c 3", "3001 raw 0 /dev/b 2", "tcp,3000 raw 0 /dev/d 4"],
  );
  t.match(ports[0], { line: { speed: 9600, parity: "even" }, options: { remctl: false } });
  t.equal(readLines("3000:raw:5:/dev/a", "3000:raw:x:/dev/a").ports.length, 1, "a bad line replaces nothing");
});

t.test("names share one space, the latest counts, and only for the lines after it", async t => {
  const { ports, diagnostics } = readLines(
    "1:raw:0:/dev/a:b",
    "BANNER:b:one",
    "2:raw:0:/dev/a:b",
    "BANNER:b:two",
    "3:raw:0:/dev/a:b",
    "DEVICE:b:/dev/b",
    "4:raw:0:b:b",
    "OPENSTR:b:open",
    "5:raw:0:b:b",
  );
  t.same(messages({ diagnostics } as Configuration), [
    "Unknown config item: b on line 1",
    "Unknown config item: b on line 7",
    "Device b has no path on line 9",
  ]);
  t.same(
    ports.map(port => [port.options.banner, port.options.openstr, port.device.path]),
    [
      [null, null, "/dev/a"],
      ["one", null, "/dev/a"],
      ["two", null, "/dev/a"],
      [null, null, "/dev/b"],
      [null, "open", "b"],
    ],
  );
});

t.test("a CLOSEON is translated where it is defined, or dropped with its fault", async t => {
  const good = readLines("CLOSEON:c:bye\\r\\n\\x00\\377", "3000:raw:0:/dev/a:c");
  t.same(good.diagnostics, []);
  t.same(onlyPort(good).options.closeon, Uint8Array.of(98, 121, 101, 13, 10, 0, 255));
  const bad = readLines("CLOSEON:c:ab\\q", "3000:raw:0:/dev/a:c");
  t.same(messages(bad), ["Unknown escape sequence (starting at \\q) on line 1", "Unknown config item: c on line 2"]);
  t.equal(bad.diagnostics[0]?.column, 13);
  t.equal(onlyPort(readLines("CLOSEON:c:", "3000:raw:0:/dev/a:c")).options.closeon, null, "an empty one is none");
});

t.test("rotators list ports, and are TCP", async t => {
  const { rotators } = readLines("ROTATOR:5000: 3000  tcp,3001\t::1,3002 ");
  t.match(rotators, [
    { name: "5000", networkPort: { port: 5000 }, ports: ["3000", "tcp,3001", "::1,3002"], lineNumber: 1 },
  ]);
  t.same(faults("ROTATOR:x:3000"), ["3:9 port number was invalid on line 3"]);
  t.same(faults("ROTATOR:udp,5000:3000"), ["3:9 port number was invalid on line 3"]);
  t.same(faults("ROTATOR:0:3000"), ["3:9 port number was zero on line 3"]);
  t.same(faults("ROTATOR:localhost,0:3000"), ["3:9 port number was zero on line 3"]);
  t.match(readLines("ROTATOR:5000:a", "ROTATOR:5000:b").rotators, [{ ports: ["b"] }], "the last one counts");
});

t.test("the first CONTROLPORT counts, colons and all", async t => {
  t.equal(readLines("3000:raw:0:/dev/a").controlPort, null);
  t.equal(readLines("CONTROLPORT:::1,2000", "CONTROLPORT:4000").controlPort, "::1,2000");
  t.equal(readLines("CONTROLPORT:localhost,2000").controlPortDiagnostic, null);
  t.match(readLines("", "CONTROLPORT:udp,2000"), {
    controlPort: "udp,2000",
    diagnostics: [],
    controlPortDiagnostic: { line: 2, column: 13, message: "Invalid control port specified: udp,2000" },
  });
  for (const text of ["0", "udp,3", "x", "h,", ""]) t.type(controlPortProblem(text, serviceLookup), "string", text);
  for (const text of ["2000", "::1,2000", "tcp,h,2000"]) t.equal(controlPortProblem(text, serviceLookup), null, text);
});

t.test("every definition of an LED is kept, equal ones once", async t => {
  const { leds, finalContext: atEnd } = readLines(
    "LED:a:sysfs:device=x",
    "LED:b:sysfs:device=x duration=20",
    "LED:a:sysfs:device=y",
    "LED:a:sysfs:device=x",
  );
  t.same(
    leds.map(led => `${led.name} ${led.device}`),
    ["b x", "a y", "a x"],
  );
  t.equal(atEnd.leds.get("a")?.device, "x");
});

t.test("sources are read in order and share names, defaults and ports", async t => {
  const { ports, diagnostics } = readConfiguration(
    [
      { file: null, text: "BANNER:b:from -C" },
      { file: null, text: "3000:raw:0:/dev/a:b" },
      { file: null, text: "3001:rawx:0:/dev/a" },
      { file: "x.conf", text: "DEFAULT:speed:300\n3002:raw:0:/dev/c:b\n3000:telnet:0:/dev/b:nosuchthing\n" },
    ],
    environment,
  );
  t.same(
    ports.map(port => `${port.file} ${port.name} ${port.device.path} ${port.line.speed} ${port.options.banner}`),
    ["x.conf 3000 /dev/b 300 null", "x.conf 3002 /dev/c 300 from -C"],
  );
  t.same(diagnostics.map(formatDiagnostic), [
    "-C:0:6: No state given on line 0 (expected a directive or <network port>:<raw, rawlp, telnet or off>:<timeout>:" +
      "<device>[:<options>]; nearest: raw)",
    "x.conf:3:22: Unknown config item: nosuchthing on line 3 (expected an option or the name of a text defined " +
      "before this line)",
  ]);
});

t.test("a fault in a continued line is placed where it is, and numbered by the last line", async t => {
  const { diagnostics } = readText("3000:raw:0:/dev/a:9600\\\n  chardelay-min=x \\\n\t remctl\n");
  t.match(diagnostics, [{ line: 2, column: 17, message: "Invalid number for chardelay-min=: x on line 3" }]);
});

t.test("no line is fatal: a file of nothing but faults is read to its end", async t => {
  const lines = Array.from({ length: 20_000 }, () => "nonsense");
  const { ports, diagnostics, faultyLines: damaged } = readLines(...lines, "3000:raw:0:/dev/a");
  t.equal(ports.length, 1);
  t.equal(diagnostics.length, 10_000, "so many diagnostics are kept");
  t.equal(damaged.length, 20_000);
});

t.test("the physical lines of a faulty line are told", async t => {
  const { faultyLines: damaged } = readText(
    "3000:rwa:0:/dev/a\n3001:raw:0:/dev/b:9600 \\\n3002:raw:0:/dev/c\n3003:raw:0:/dev/d\n",
  );
  t.same(damaged, ["3000:rwa:0:/dev/a", "3001:raw:0:/dev/b:9600 ", "3002:raw:0:/dev/c"]);
});

t.test("a file of nothing but errors is told from one that defines something", async t => {
  const port = "2001:raw:0:/dev/a";
  const file = (text: string) => ({ file: "x", text });
  const broken = (...sources: { file: string | null; text: string }[]) =>
    readConfiguration(sources, environment).brokenFile?.line ?? null;
  for (const text of ["\n# x\nnonsense\nmore\n", "\n\n99999:raw:0:/dev/a\n", "# x\n\n---\nconnection:\n"]) {
    t.equal(broken(file(text)), 3, text);
    t.equal(broken({ file: "profile", text: port }, file(text), { file: "profile", text: "" }), 3, text);
    t.equal(broken({ file: null, text }), null, "a -C line is the same at each reload");
  }
  for (const text of ["", "# nothing\n", `nonsense\n${port}\n`, "nonsense\nDEFAULT:speed:300\n", `${port}:EVENN\n`]) {
    t.equal(broken(file(text)), null, text);
  }
});
