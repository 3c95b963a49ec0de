import { join } from "node:path";
import t, { type Test } from "tap";
import { compileProfile } from "../../service/board/compile.js";
import { readBoard } from "../../service/board/load.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { boards } from "./tree.js";

t.test("an unknown key is refused with its path, its place and the key that was meant", async t => {
  const text = `{
  "ports": [
    { "id": "port1", "device": "ttyS0" },
    { "id": "port2", "device": "ttyS1", "lable": "2" }
  ]
}`;
  const { told, profile } = read(t, text);
  t.same(told, ["x.json:4:41: ports[1].lable: unknown key (nearest: label)"]);
  t.match(profile.ports, [{ id: "port1" }, { id: "port2", device: "ttyS1" }]);
});

t.test("a wrong type or value is refused with what is expected there, and only it is left out", async t => {
  const { told, profile } = read(t, {
    ports: [
      {
        id: "port1",
        device: "ttyS0",
        networkPort: 2001,
        maxSpeed: "fast",
        electrical: "rs323",
        state: "telnet",
        lines: ["rts", "ctss", "cts"],
        line: { speed: 49, stopBits: 2 },
        maxConnections: 0,
        remctl: "yes",
      },
    ],
  });
  t.same(told.map(withoutPlace), [
    'ports[0].networkPort: wrong type: 2001 (expected a network port as in ser2net.conf, such as "2001" or "localhost,2001")',
    'ports[0].maxSpeed: wrong type: "fast" (expected a whole number from 50 to 16000000)',
    'ports[0].electrical: wrong value: "rs323" (expected one of "rs232", "rs422", "rs485", "ttl", "usb", "virtual"; nearest: rs232)',
    'ports[0].lines[1]: wrong value: "ctss" (expected one of "rts", "cts", "dtr", "dsr", "dcd", "ri"; nearest: cts)',
    "ports[0].line.speed: wrong value: 49 (expected a whole number from 50 to 16000000)",
    "ports[0].maxConnections: wrong value: 0 (expected a whole number from 1 to 65536)",
    'ports[0].remctl: wrong type: "yes" (expected true or false)',
  ]);
  t.same(profile.ports, [
    { id: "port1", device: "ttyS0", state: "telnet", lines: ["rts", "cts"], line: { stopBits: 2 } },
  ]);
});

t.test("an entry that lacks what it needs is left out, the others are served", async t => {
  const { told, profile } = read(t, {
    ports: [{ id: "port1" }, { device: "ttyS1" }, 7, { id: "port4", device: "a b -P secret" }, port(5)],
    leds: [{ id: "one" }, { id: "two", sysfs: "a/../b" }, { id: "three", sysfs: "green:three" }],
  });
  t.same(told.map(withoutPlace), [
    "ports[2]: wrong type: 7 (expected an object)",
    'ports[3].device: wrong value: "a b -P *** (expected a device: ttyS1, /dev/serial/by-path/..., /sys/devices/... or sol.lan ...)',
    'leds[1].sysfs: wrong value: "a/../b" (expected the name of a directory below /sys/class/leds)',
    'ports[0]: no "device" (this entry is left out)',
    'ports[1]: no "id" (this entry is left out)',
    'ports[3]: no "device" (this entry is left out)',
    'leds[0]: no "sysfs" (this entry is left out)',
    'leds[1]: no "sysfs" (this entry is left out)',
  ]);
  t.same(
    profile.ports.map(one => one.id),
    ["port5"],
  );
  t.same(
    profile.leds.map(one => one.id),
    ["three"],
  );
});

t.test("a SOL port has the keys of SOL, and no secret", async t => {
  const line = { speed: 19200, parity: "even", local: true } as const;
  const { told, profile } = read(t, {
    ports: [
      port(1, {
        device: "sol.lan -U a -Pc rack1 bmc1",
        line,
        lines: ["rts"],
        sol: { encrypted: false, ackRetries: 3 },
      }),
      port(2, { device: "sol.lan -U a -P secret bmc2" }),
      port(3, { device: "sol.lan -U a -Rk secret bmc3" }),
      port(4, { device: "sol.lan -U a" }),
      port(5, { device: "sol.lan bmc5", line: { speed: 300 } }),
      port(6, { device: "sol.lan bmc5" }),
      port(7, { sol: { encrypted: false } }),
    ],
  });
  t.same(told.map(withoutPlace), [
    "ports[0].lines: a SOL device has no lines (this key is left out)",
    "ports[0].line.parity: a SOL device has no parity (expected only speed)",
    "ports[0].line.local: a SOL device has no local (expected only speed)",
    "ports[1].device: a board profile must not have a password or a key (expected -Pf or -Pc)",
    "ports[2].device: a board profile must not have a password or a key (expected -Pf or -Pc)",
    "ports[3].device: Invalid SOL arguments (expected a host)",
    "ports[4].line.speed: a SOL device does not have the rate 300 (expected one of 9600, 19200, 38400, 57600, 115200)",
    "ports[5].device: is the device of port5 already (this port is left out)",
    "ports[6].sol: the device is not a SOL device (expected sol.lan)",
  ]);
  t.match(profile.ports, [
    { device: "sol.lan -U a -Pc rack1 bmc1", line: { speed: 19200 }, sol: { encrypted: false, ackRetries: 3 } },
    { device: "sol.lan bmc5", line: {} },
    { id: "port7", sol: undefined },
  ]);
});

t.test("of two that cannot both be, the first is served", async t => {
  const { told, profile } = read(t, {
    ports: [
      port(1, { networkPort: "2001" }),
      port(2, { id: "port1" }),
      port(3, { device: "ttyS1" }),
      port(4, { networkPort: "tcp,2001" }),
      port(5, { networkPort: "udp,2001" }),
    ],
    leds: [
      { id: "one", sysfs: "a" },
      { id: "one", sysfs: "b" },
    ],
  });
  t.same(told.map(withoutPlace), [
    "leds[1].id: there is a LED one already (this one is left out)",
    "ports[1].id: there is a port port1 already (this one is left out)",
    "ports[2].device: is the device of port1 already (this port is left out)",
    "ports[3].networkPort: is the network port of port1 already (this one is left out)",
  ]);
  t.same(
    profile.ports.map(one => [one.id, one.networkPort]),
    [
      ["port1", "2001"],
      ["port4", undefined],
      ["port5", "udp,2001"],
    ],
  );
});

t.test("a network port is one that can be listened on, a control port one of TCP", async t => {
  for (const text of ["0", "70000", "telnet", "tcp,ipv4,2001", "::1,", "localhost,0"]) {
    const { told, profile } = read(t, { controlPort: text, ports: [port(1, { networkPort: text })] });
    t.equal(told.length, 2, text);
    t.match(profile, { controlPort: null, ports: [{ networkPort: undefined }] }, text);
  }
  t.equal(
    read(t, { controlPort: "udp,2000" }).told.map(withoutPlace)[0],
    'controlPort: "udp,2000" is not a TCP port (expected no udp,)',
  );
  const good = read(t, { controlPort: "::1,2000", ports: [port(1, { networkPort: "ipv6,udp,fe80::1%eth0,2001" })] });
  t.same(good.told, []);
  t.match(good.profile, { controlPort: "::1,2000", ports: [{ networkPort: "ipv6,udp,fe80::1%eth0,2001" }] });
});

t.test("a port is not set to what its hardware cannot do", async t => {
  const { told, profile } = read(t, {
    ports: [
      port(1, { maxSpeed: 115200, line: { speed: 230400, parity: "odd" } }),
      port(2, { lines: ["rts"], line: { flowControl: "rtscts", parity: "odd" } }),
      port(3, { electrical: "rs232", rs485: { rtsOnSend: true } }),
    ],
  });
  t.same(told.map(withoutPlace), [
    "ports[0].line.speed: 230400 is too fast (expected 115200 at most (maxSpeed))",
    "ports[1].line.flowControl: the port has no RTS and CTS (expected none or xonxoff)",
    'ports[2].rs485: the port is not RS-485 (expected "electrical": "rs485")',
  ]);
  t.match(profile.ports, [{ line: { parity: "odd" } }, { line: { parity: "odd" } }, { id: "port3" }]);
  t.notMatch(compileProfile(profile, null).text, /230400|RTSCTS|rs485/);
});

t.test("a port's LEDs are LEDs of ports, and do what is asked of them", async t => {
  const { told, profile } = read(t, {
    ports: [
      port(1, { leds: { rx: "flashh", tx: "lamp", link: "flash", fault: "ok" } }),
      port(2, { leds: { rx: "flash", fault: "lamp" } }),
    ],
    leds: [
      { id: "flash", sysfs: "a" },
      { id: "lamp", sysfs: "b", trigger: "none" },
      { id: "ok", sysfs: "c", function: "ok", trigger: "transient" },
    ],
  });
  t.same(told.map(withoutPlace), [
    'leds[2].trigger: a LED of function "ok" does not flash (expected "none")',
    "ports[0].leds.rx: there is no LED flashh (nearest: flash)",
    'ports[0].leds.tx: lamp has the trigger none (expected one of trigger "transient")',
    'ports[0].leds.link: flash has the trigger transient (expected one of trigger "none")',
    'ports[0].leds.fault: ok tells the state of the whole box (expected a LED of function "port")',
  ]);
  t.same(
    profile.ports.map(one => one.leds),
    [{}, { rx: "flash", fault: "lamp" }],
  );
});

t.test("a match that would fit every board fits none, and the file's name is the profile's", async t => {
  const { told, profile } = read(t, { id: "y", match: [{}, { dmi: {} }, { model: "X" }] });
  t.same(told.map(withoutPlace), [
    'id: the file is that of x (expected "x")',
    "match[0]: would match every board (expected compatible, model or dmi)",
    "match[1]: would match every board (expected compatible, model or dmi)",
  ]);
  t.match(profile, { name: "x", match: [{ model: "X" }] });
});

t.test("a file that is not a profile serves nothing, with a reason", async t => {
  for (const [text, told] of [
    ['{\n  "ports": [,]\n}', "x.json:2:13: not JSON (expected a value)"],
    ["[]", "x.json:1:1: no board profile (expected an object)"],
  ] as const) {
    const one = read(t, text);
    t.same(one.told, [told]);
    t.match(one.profile, { name: "x", ports: [], leds: [] });
  }
  const missing = readBoard("/nonexistent/x.json", []);
  t.match(missing.diagnostics, [{ file: "/nonexistent/x.json", message: /^Unable to read the board profile: ENOENT/ }]);
});

t.test("there is an end to what one file reports", async t => {
  const keys = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`nosuch${index}`, 1]));
  t.equal(read(t, keys).told.length, 100);
});

function port(number: number, more: object = {}): object {
  return { id: `port${number}`, device: `ttyS${number}`, ...more };
}

/** The profile `x`, and what is told about it with its file named without the folder. */
function read(t: Test, document: unknown) {
  const root = boards(t, { x: document });
  const { profile, diagnostics } = readBoard("x", [root]);
  return { profile, told: diagnostics.map(one => formatDiagnostic(one).replace(join(root, "/"), "")) };
}

function withoutPlace(told: string): string {
  return told.replace(/^x\.json:\d+:\d+: /, "");
}
