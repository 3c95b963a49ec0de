import t from "tap";
import { defaultValues, SPEEDS, START_VALUES } from "../../service/config/defaults.js";
import { onlyPort, readLines } from "./read.js";

/** All values after one DEFAULT line, or its message. */
function after(name: string, value: string): object | string {
  const { diagnostics, finalContext: atEnd } = readLines(`DEFAULT:${name}:${value}`);
  return diagnostics[0]?.message ?? defaultValues(atEnd);
}

t.test("the start values are those of the manual page", async t => {
  t.match(START_VALUES, {
    speed: 9600,
    databits: 8,
    stopbits: 1,
    parity: "none",
    chardelay: true,
    "chardelay-scale": 20,
    "chardelay-min": 1000,
    "chardelay-max": 20_000,
    "dev-to-net-bufsize": 64,
    "net-to-dev-bufsize": 64,
    "max-connections": 1,
    hold: 0,
    "always-open": false,
    replay: 0,
    "trace-size": 0,
    "trace-keep": 4,
    "line-timestamp": false,
    "telnet-enter": "crlf",
    writer: "all",
    "tell-user": false,
    remaddr: "",
  });
});

t.test("every number has its range", async t => {
  const ranges: readonly (readonly [name: string, min: number, max: number])[] = [
    ["databits", 5, 8],
    ["stopbits", 1, 2],
    ["chardelay-scale", 1, 1000],
    ["chardelay-min", 1, 100_000],
    ["chardelay-max", 1, 1_000_000],
    ["dev-to-net-bufsize", 1, 65_536],
    ["net-to-dev-bufsize", 1, 65_536],
    ["max-connections", 1, 65_536],
    ["hold", 0, 3600],
    ["trace-keep", 0, 99],
  ];
  for (const [name, min, max] of ranges) {
    t.match(after(name, String(min)), { [name]: min }, `${name} from ${min}`);
    t.match(after(name, String(max)), { [name]: max }, `${name} to ${max}`);
    t.match(after(name, `+${max}`), { [name]: max });
    const outOfRange = `Integer value out of range on 1, min is ${min}, max is ${max}`;
    for (const value of [min - 1, max + 1, -1, "99999999999999999999"]) t.equal(after(name, String(value)), outOfRange);
    for (const value of ["x", "1x", "1.5", "0x1", "true"])
      t.equal(after(name, value), "Invalid integer value on 1", value);
  }
  t.match(after("dev-to-tcp-bufsize", "100"), { "dev-to-net-bufsize": 100 }, "a former name");
  t.match(after("tcp-to-dev-bufsize", "100"), { "net-to-dev-bufsize": 100 }, "a former name");
});

t.test("every flag takes a number or true and false", async t => {
  const flags = [
    "xonxoff",
    "rtscts",
    "local",
    "hangup_when_done",
    "nobreak",
    "remctl",
    "telnet_brk_on_sync",
    "kickolduser",
    "always-open",
    "line-timestamp",
    "tell-user",
  ];
  for (const name of [...flags, "chardelay"]) {
    for (const value of ["true", "TRUE", "1", "17", "-1"])
      t.match(after(name, value), { [name]: true }, `${name} ${value}`);
    for (const value of ["false", "FALSE", "0", "-0"])
      t.match(after(name, value), { [name]: false }, `${name} ${value}`);
    for (const value of ["True", "yes", "on", "1x"]) t.equal(after(name, value), "Invalid integer value on 1", value);
  }
});

t.test("speed and parity are words of a list", async t => {
  for (const speed of SPEEDS) t.match(after("speed", String(speed)), { speed });
  for (const value of ["110", "1800", "14400", "12345", "9600x", "x"]) {
    t.equal(after("speed", value), "Invalid enumeration value on 1", value);
  }
  for (const parity of ["none", "even", "odd", "mark", "space"]) {
    t.match(after("parity", parity), { parity });
    t.match(after("parity", parity.toUpperCase()), { parity });
  }
  for (const value of ["Even", "E", "0"]) t.equal(after("parity", value), "Invalid enumeration value on 1", value);
});

t.test("sizes may end in k or m", async t => {
  t.match(after("replay", "64k"), { replay: 65_536 });
  t.match(after("trace-size", "2M"), { "trace-size": 2_097_152 });
  t.equal(after("replay", "17m"), "Integer value out of range on 1, min is 0, max is 16777216");
  t.equal(after("replay", "x"), "Invalid integer value on 1");
});

t.test("telnet-enter, dtr and rts are each one of their words", async t => {
  for (const [name, value] of [
    ["dtr", "on"],
    ["dtr", "off"],
    ["rts", "off"],
  ] as const)
    t.match(after(name, value), { [name]: value });
  t.equal(after("rts", "1"), "Invalid enumeration value on 1");
  t.match(after("telnet-enter", "cr"), { "telnet-enter": "cr" });
  t.match(after("telnet-enter", "crlf"), { "telnet-enter": "crlf" });
  for (const value of ["CR", "lf", "1"]) t.equal(after("telnet-enter", value), "Invalid enumeration value on 1", value);
});

t.test("a value ends at a blank, but remaddr takes the rest of the line", async t => {
  t.match(after("speed", "  19200 # fast"), { speed: 19200 });
  t.match(after("remaddr", " 10.0.0.1,0;10.0.0.2,0 "), { remaddr: "10.0.0.1,0;10.0.0.2,0 " });
  t.match(after("remaddr", ""), { remaddr: "" });
});

t.test("the SOL values are checked", async t => {
  for (const name of ["authenticated", "encrypted", "deassert_CTS_DCD_DSR_on_connect"]) {
    t.same(after(name, "0"), { ...START_VALUES, [name]: false }, name);
    t.equal(after(name, "maybe"), "Invalid integer value on 1", name);
  }
  for (const name of ["ack-timeout", "ack-retries"]) {
    t.same(after(name, "2147483647"), { ...START_VALUES, [name]: 2_147_483_647 }, name);
    t.equal(after(name, "0"), "Integer value out of range on 1, min is 1, max is 2147483647", name);
  }
  for (const value of ["fail", "deferred", "succeed"]) {
    t.same(after("shared-serial-alert", value), { ...START_VALUES, "shared-serial-alert": value });
  }
  t.equal(after("shared-serial-alert", "x"), "Invalid enumeration value on 1");
});

t.test("an unknown name is told, with the nearest known one", async t => {
  t.equal(after("nosuch", "1"), "unknown default name 'nosuch' on 1");
  const [fault] = readLines("DEFAULT:xonoff:1").diagnostics;
  t.match(fault, { column: 9, message: "unknown default name 'xonoff' on 1", expected: "nearest: xonxoff" });
  for (const name of ["constructor", "toString", "__proto__"])
    t.equal(after(name, "1"), `unknown default name '${name}' on 1`);
});

t.test("a default counts for the lines after it, until the next one", async t => {
  const { ports } = readLines(
    "1:raw:0:/dev/a",
    "DEFAULT:speed:300",
    "2:raw:0:/dev/a",
    "3:raw:0:/dev/a:19200",
    "DEFAULT:speed:bad",
    "4:raw:0:/dev/a",
    "DEFAULT:speed:1200",
    "5:raw:0:/dev/a",
  );
  t.same(
    ports.map(port => port.line.speed),
    [9600, 300, 19200, 300, 1200],
  );
});

t.test("every default reaches the port", async t => {
  const port = onlyPort(
    readLines(
      "DEFAULT:speed:1200",
      "DEFAULT:databits:7",
      "DEFAULT:stopbits:2",
      "DEFAULT:parity:EVEN",
      "DEFAULT:xonxoff:1",
      "DEFAULT:rtscts:1",
      "DEFAULT:local:1",
      "DEFAULT:hangup_when_done:1",
      "DEFAULT:nobreak:1",
      "DEFAULT:remctl:1",
      "DEFAULT:telnet_brk_on_sync:1",
      "DEFAULT:kickolduser:1",
      "DEFAULT:chardelay:0",
      "DEFAULT:chardelay-scale:30",
      "DEFAULT:chardelay-min:2000",
      "DEFAULT:chardelay-max:30000",
      "DEFAULT:dev-to-net-bufsize:128",
      "DEFAULT:net-to-dev-bufsize:256",
      "DEFAULT:max-connections:3",
      "DEFAULT:telnet-enter:cr",
      "DEFAULT:writer:last",
      "DEFAULT:dtr:off",
      "DEFAULT:rts:on",
      "DEFAULT:remaddr:10.0.0.1,0",
      "3000:raw:0:/dev/a",
    ),
  );
  t.same(port.line, {
    speed: 1200,
    dataBits: 7,
    stopBits: 2,
    parity: "even",
    xonxoffIn: true,
    xonxoffOut: true,
    xonAny: true,
    rtscts: true,
    local: true,
    hangupWhenDone: true,
  });
  t.match(port.options, {
    clearBreak: false,
    remctl: true,
    telnetBrkOnSync: true,
    kickolduser: true,
    chardelay: { enabled: false, scale: 30, minUs: 2000, maxUs: 30_000, explicit: true },
    devToNetBufsize: { bytes: 128, explicit: true },
    netToDevBufsize: { bytes: 256, explicit: true },
    maxConnections: 3,
    telnetEnter: "cr",
    writer: "last",
    dtr: false,
    rts: true,
    remaddr: [{ text: "10.0.0.1,0" }],
  });
});
