import t from "tap";
import type { PortOptions } from "../../service/config/configuration.js";
import { SPEEDS } from "../../service/config/defaults.js";
import { KEYED_WORDS, PLAIN_WORDS } from "../../service/config/option-table.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { messages, NAMES, onlyPort, optionFaults, portWith, readLines } from "./read.js";

t.test("every word of the serial line sets what it says", async t => {
  for (const speed of SPEEDS) t.same(portWith(String(speed)).line, { ...STANDARD_LINE, speed });
  const cases: readonly (readonly [words: string, object])[] = [
    ["", {}],
    ["2STOPBITS", { stopBits: 2 }],
    ["2STOPBITS 1STOPBIT", { stopBits: 1 }],
    ["5DATABITS", { dataBits: 5 }],
    ["6DATABITS", { dataBits: 6 }],
    ["7DATABITS", { dataBits: 7 }],
    ["7DATABITS 8DATABITS", { dataBits: 8 }],
    ...["none", "even", "odd", "mark", "space"].flatMap((parity): [string, object][] => [
      [`EVEN ${parity}`, { parity }],
      [`ODD ${parity.toUpperCase()}`, { parity }],
    ]),
    ["XONXOFF", { xonxoffIn: true, xonxoffOut: true, xonAny: true }],
    ["XONXOFF -XONXOFF", {}],
    ["RTSCTS", { rtscts: true }],
    ["RTSCTS -RTSCTS", {}],
    ["LOCAL", { local: true }],
    ["LOCAL -LOCAL", {}],
    ["HANGUP_WHEN_DONE", { hangupWhenDone: true }],
    ["HANGUP_WHEN_DONE -HANGUP_WHEN_DONE", {}],
    ["\t1200 \t 300\t", { speed: 300 }],
  ];
  for (const [words, settings] of cases) t.same(portWith(words).line, { ...STANDARD_LINE, ...settings }, words);
  t.equal(portWith("NOBREAK").options.clearBreak, false);
  t.equal(portWith("NOBREAK -NOBREAK").options.clearBreak, true);
});

t.test("every other word sets what it says, and its contrary takes it back", async t => {
  const log = { file: "/tmp/\\p", hexdump: false, timestamp: false };
  const cases: readonly (readonly [words: string, Partial<PortOptions>])[] = [
    ["", {}],
    ["remctl", { remctl: true }],
    ["remctl -remctl", {}],
    ["kickolduser", { kickolduser: true }],
    ["kickolduser -kickolduser", {}],
    ["telnet_brk_on_sync", { telnetBrkOnSync: true }],
    ["telnet_brk_on_sync -telnet_brk_on_sync", {}],
    ["-chardelay", { chardelay: { enabled: false, scale: 20, minUs: 1000, maxUs: 20_000, explicit: false } }],
    ["disable-chardelay", { chardelay: { enabled: false, scale: 20, minUs: 1000, maxUs: 20_000, explicit: false } }],
    ["-chardelay chardelay", {}],
    ["disable-chardelay -disable-chardelay", {}],
    ["chardelay-scale=25", { chardelay: { enabled: true, scale: 25, minUs: 1000, maxUs: 20_000, explicit: true } }],
    ["chardelay-min=1000", { chardelay: { enabled: true, scale: 20, minUs: 1000, maxUs: 20_000, explicit: true } }],
    ["chardelay-max=+5", { chardelay: { enabled: true, scale: 20, minUs: 1000, maxUs: 5, explicit: true } }],
    ["dev-to-net-bufsize=128", { devToNetBufsize: { bytes: 128, explicit: true } }],
    ["dev-to-tcp-bufsize=64", { devToNetBufsize: { bytes: 64, explicit: true } }],
    ["net-to-dev-bufsize=65536", { netToDevBufsize: { bytes: 65_536, explicit: true } }],
    ["tcp-to-dev-bufsize=1", { netToDevBufsize: { bytes: 1, explicit: true } }],
    ["max-connections=3", { maxConnections: 3 }],
    ["hold=60", { holdSeconds: 60 }],
    ["always-open", { alwaysOpen: true }],
    ["always-open -always-open", {}],
    ["line-timestamp", { lineTimestamp: true }],
    ["replay=65536", { replayBytes: 65_536 }],
    ["replay=64k trace-size=1M", { replayBytes: 65_536, traceSize: 1_048_576 }],
    ["replay=16m replay=0", {}],
    ["trace-keep=2", { traceKeep: 2 }],
    ["writer=first", { writer: "first" }],
    ["writer=last writer=all tell-user -tell-user", {}],
    ["tell-user", { tellUser: true }],
    ["telnet-enter=cr", { telnetEnter: "cr" }],
    ["esp-auto-reset", { espAutoReset: true }],
    ["mdns", { mdns: "" }],
    ["mdns=Zigbee", { mdns: "Zigbee" }],
    ["mdns=Zigbee -mdns", {}],
    ["telnet-enter=cr telnet-enter=crlf", {}],
    ["dtr=off", { dtr: false }],
    ["rts=on dtr=on", { dtr: true, rts: true }],
    ["remaddr=10.0.0.1,0", { remaddr: [remote("10.0.0.1,0")] }],
    ["tr=log", { traceRead: log }],
    ["tw=log", { traceWrite: log }],
    ["tb=log", { traceBoth: log }],
    ["tr=log tr=log2", { traceRead: { ...log, file: "/tmp/2" } }],
    ["hexdump", {}],
    ["hexdump tr=log", { traceRead: { ...log, hexdump: true } }],
    ["tr=log hexdump -tr-hexdump", { traceRead: log }],
    ["tr=log tw=log timestamp -tw-timestamp", { traceRead: { ...log, timestamp: true }, traceWrite: log }],
    ["tr=log tr-hexdump tr-timestamp", { traceRead: { ...log, hexdump: true, timestamp: true } }],
    ["tw=log tw-hexdump tw-timestamp", { traceWrite: { ...log, hexdump: true, timestamp: true } }],
    ["tb=log tb-hexdump tb-timestamp", { traceBoth: { ...log, hexdump: true, timestamp: true } }],
    ["tb=log hexdump timestamp -hexdump -timestamp", { traceBoth: log }],
    ["led-rx=rx", { ledRx: { name: "rx", device: "rx0", durationMs: 10, state: 1 } }],
    ["led-tx=tx", { ledTx: { name: "tx", device: "tx0", durationMs: 5, state: 1 } }],
    ["rs485=half", { rs485: { name: "half", delayBeforeMs: 1, delayAfterMs: 2, rtsOnSend: true, rxDuringTx: false } }],
    ["hello", { banner: "Hello \\p\\r\\n" }],
    ["sign", { signature: "A signature \\p" }],
    ["open", { openstr: "wake\\n" }],
    ["bye", { closestr: "sleep\\n" }],
    ["end", { closeon: Uint8Array.from([69, 78, 68, 10]) }],
  ];
  const { options } = portWith("", ...NAMES);
  for (const [words, expected] of cases) {
    const read = readLines(...NAMES, `3000:raw:0:/dev/ttyS0:${words}`);
    t.same(read.diagnostics, [], words);
    t.same(onlyPort(read).options, { ...options, ...expected }, words);
  }
});

function remote(text: string) {
  return { family: "any" as const, transport: "tcp" as const, host: text.split(",")[0] ?? "", port: 0, text };
}

t.test("no word of the table is left out here", async t => {
  t.equal(PLAIN_WORDS.size, SPEEDS.length + 2 + 4 + 10 + 2 * 26 + 3);
  t.equal(KEYED_WORDS.size, 27);
});

t.test("a number out of its range is refused and changes nothing", async t => {
  const ranges: readonly (readonly [word: string, min: number, max: number])[] = [
    ["chardelay-scale", 1, 1000],
    ["chardelay-min", 1, 100_000],
    ["chardelay-max", 1, 1_000_000],
    ["dev-to-net-bufsize", 1, 65_536],
    ["net-to-dev-bufsize", 1, 65_536],
    ["max-connections", 1, 65_536],
    ["hold", 0, 3600],
    ["trace-keep", 0, 99],
  ];
  for (const [word, min, max] of ranges) {
    for (const value of [`${min - 1}`, `${max + 1}`, "-1", "", "x", "5x", "0x5", "5.0", "99999999999999999999999"]) {
      const fault = `Invalid number for ${word}=: ${value} on line 12 (expected a whole number from ${min} to ${max})`;
      t.same(optionFaults(`${word}=${value}`), [fault], `${word}=${value}`);
    }
    t.same(optionFaults(`${word}=${min} ${word}=${max}`), []);
  }
  t.match(portWith("max-connections=3 max-connections=0 remctl").options, { maxConnections: 3, remctl: true });
  t.same(optionFaults("dev-to-tcp-bufsize=0"), [
    "Invalid number for dev-to-tcp-bufsize=: 0 on line 12 (expected a whole number from 1 to 65536)",
  ]);
});

t.test("a size out of its range, or that is not one, is refused", async t => {
  for (const value of ["-1", "", "k", "1g", "1.5m", "0x5", "16385k", "16777217", "9999999999999"]) {
    const fault = `Invalid number for replay=: ${value} on line 12 (expected a number of bytes up to 16777216, k and m count)`;
    t.same(optionFaults(`replay=${value}`), [fault], value);
  }
  t.same(optionFaults("replay=16384k replay=16777216 trace-size=1024m"), []);
});

t.test("a value that is not one of the words is refused, with the nearest", async t => {
  const wrong = (value: string) => `Invalid value for telnet-enter=: ${value} on line 12 (expected crlf or cr`;
  t.same(optionFaults("telnet-enter=CR"), [`${wrong("CR")}; nearest: cr)`]);
  for (const value of ["", "lf", "no-such"]) t.same(optionFaults(`telnet-enter=${value}`), [`${wrong(value)})`], value);
  t.same(optionFaults("dtr=0 rts=onn"), [
    "Invalid value for dtr=: 0 on line 12 (expected on or off)",
    "Invalid value for rts=: onn on line 12 (expected on or off; nearest: on)",
  ]);
  t.match(portWith("telnet-enter=cr telnet-enter=x remctl").options, { telnetEnter: "cr", remctl: true });
});

t.test("a name that is not defined is ignored, and the rest of the line is read", async t => {
  const cases: readonly (readonly [word: string, fault: string])[] = [
    ["tr=x", "Tracefile x not found, it will be ignored (expected the name of a TRACEFILE defined before this line)"],
    [
      "tw=lgo2",
      "Tracefile lgo2 not found, it will be ignored (expected the name of a TRACEFILE defined before this line; nearest: log2)",
    ],
    [
      "tb=log22",
      "Tracefile log22 not found, it will be ignored (expected the name of a TRACEFILE defined before this line; nearest: log2)",
    ],
    [
      "led-rx=nosuch",
      "LED 'nosuch' not found, it will be ignored (expected the name of a LED defined before this line)",
    ],
    [
      "led-tx=TX",
      "LED 'TX' not found, it will be ignored (expected the name of a LED defined before this line; nearest: tx)",
    ],
    [
      "rs485=hlf",
      "RS485 configuration hlf not found, it will be ignored (expected the name of a RS485CONF defined before this line; nearest: half)",
    ],
  ];
  for (const [word, fault] of cases) {
    t.same(optionFaults(word), [fault], word);
    t.equal(portWith(`${word} 300 remctl`, ...NAMES).line.speed, 300, word);
  }
});

t.test("a misspelt word costs only itself", async t => {
  const cases: readonly (readonly [word: string, near: string])[] = [
    ["remctrl", "remctl"],
    ["-remctrl", "-remctl"],
    ["REMCTL", "remctl"],
    ["Even", "EVEN"],
    ["8DATABIT", "8DATABITS"],
    ["1STOPBITS", "1STOPBIT"],
    ["max-conections=4", "max-connections="],
    ["Max-Connections=4", "max-connections="],
    ["max-connections", "max-connections="],
    ["hallo", "hello"],
    ["HELLO", "hello"],
  ];
  for (const [word, near] of cases) {
    const expected = "expected an option or the name of a text defined before this line";
    t.same(optionFaults(`${word} 300`), [`Unknown config item: ${word} on line 12 (${expected}; nearest: ${near})`]);
    t.match(
      portWith(`${word} 300 kickolduser`, ...NAMES),
      { line: { speed: 300 }, options: { kickolduser: true } },
      word,
    );
  }
});

t.test("a word that resembles nothing ends the reading of its line", async t => {
  const expected = "expected an option or the name of a text defined before this line";
  for (const word of ["#", "#9600", "nonsense", "was", "9600baud", "x", "nosuchkey=1", "modem", "=", "=1"]) {
    const port = portWith(`19200 remctl ${word} 2400 -remctl`, ...NAMES);
    t.match(port, { line: { speed: 19200 }, options: { remctl: true } }, word);
    t.same(optionFaults(`300 ${word} 2400`), [
      `Unknown config item: ${word} on line 12 (${expected}; the rest of the line is not read)`,
    ]);
    t.same(
      optionFaults(`300 ${word}  `),
      [`Unknown config item: ${word} on line 12 (${expected})`],
      "nothing is unread",
    );
  }
  t.same(optionFaults("300 # remaddr=10.0.0.1,0"), [
    `Unknown config item: # on line 12 (${expected}; the rest of the line is not read, its remaddr= neither)`,
  ]);
});

t.test("behind a word that resembles nothing remaddr still counts, in a remark it does not", async t => {
  const admitted = (options: string) =>
    portWith(options, ...NAMES).options.remaddr?.map(({ text }) => text) ?? "everyone";
  t.same(admitted("300 nobanner remaddr=10.0.0.1,0 2400 remaddr=10.0.0.2,0;bad,x"), ["10.0.0.1,0", "10.0.0.2,0"]);
  t.same(admitted("300 nobanner noremaddr=10.0.0.1,0"), "everyone");
  for (const remark of ["#", "#was", "nobanner #", "nobanner\t#was"]) {
    t.same(admitted(`300 ${remark} remaddr=10.0.0.1,0`), "everyone", remark);
  }
  t.same(admitted("nobanner remaddr=10.0.0.1,0 # remaddr=10.0.0.2,0"), ["10.0.0.1,0"]);
  const expected = "expected an option or the name of a text defined before this line";
  t.same(optionFaults("300 nobanner 2400 remaddr=bad,x"), [
    `Unknown config item: nobanner on line 12 (${expected}; the rest of the line is not read, only its remaddr=)`,
    "Invalid remote address 'bad,x' on line 12 (expected a port number or the name of a service)",
  ]);
  const { diagnostics } = readLines("3000:raw:0:/dev/a:300 nobanner remaddr=bad,x");
  t.same(
    diagnostics.map(({ column }) => column),
    [23, 40],
  );
});

t.test("a fault is placed at its word", async t => {
  const columns = (options: string) =>
    readLines(`3000:raw:0:/dev/a:${options}`).diagnostics.map(({ column }) => column);
  t.same(columns("9600  remctrl"), [25]);
  t.same(columns("chardelay-min=x tr=nosuch rmectl"), [33, 38, 45]);
  t.same(columns("remaddr=10.0.0.1,0;bad,x,;worse EVENN"), [38, 45, 51]);
});

t.test("a name is tried after the words: one that is spelt like an option cannot be chosen", async t => {
  const port = portWith("9600 remctl", "BANNER:9600:x", "BANNER:remctl:y");
  t.match(port, { line: { speed: 9600 }, options: { remctl: true, banner: null } });
  t.equal(portWith("a=b", "BANNER:a=b:x").options.banner, "x", "but it may hold =");
});

t.test("of several names of a kind the last counts, of different kinds each", async t => {
  const port = portWith("one open two", "BANNER:one:1", "BANNER:two:2", "OPENSTR:open:o");
  t.match(port.options, { banner: "2", openstr: "o", closestr: null });
  t.match(port.names, { banner: "two", openstr: "open" });
  t.equal(portWith("s", `SIGNATURE:s:${"x".repeat(300)}`).options.signature?.length, 254);
});

t.test("a line of faults is given up after a hundred", async t => {
  const { ports, diagnostics } = readLines(`3000:raw:0:/dev/a:${"remctrl ".repeat(200)}300`);
  t.equal(diagnostics.length, 100);
  t.match(diagnostics.at(-1)?.expected, /the rest of the line is not read$/);
  t.equal(ports[0]?.line.speed, 9600);
});

t.test("line ends of DOS stick to the last word", async t => {
  t.same(messages(readLines("3000:raw:0:/dev/a:300 9600\r")), ["Unknown config item: 9600\r on line 1"]);
});
