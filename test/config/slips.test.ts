/** Idioms of real configuration files and slips in them: recognised, with the right text. */
import t from "tap";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { NAMES, onlyPort, optionFaults, portWith, readLines } from "./read.js";

t.test("options written as one word count, and the missing blanks are said", async t => {
  const meant = [
    ["115200,NONE,8DATABITS,2STOPBITS", { line: { speed: 115_200, parity: "none", stopBits: 2 } }],
    ["38400:EVEN:7DATABITS", { line: { speed: 38_400, parity: "even", dataBits: 7 } }],
    ["19200,remctl,hello", { line: { speed: 19_200 }, options: { remctl: true } }],
    ["57600o72", { line: { speed: 57_600, parity: "odd", dataBits: 7, stopBits: 2 } }],
    ["115200n81", { line: { speed: 115_200, parity: "none", dataBits: 8, stopBits: 1 } }],
  ] as const;
  for (const [word, wanted] of meant) {
    const port = portWith(`${word} kickolduser`, ...NAMES);
    t.match(port, wanted, word);
    t.ok(port.options.kickolduser, "the rest counts too");
    t.match(optionFaults(word), [/^Unknown config item: .* \(options are separated by blanks; taken as: [\w ]+\)$/]);
  }
  for (const word of ["9600,nosuch", "9600,", ",", "9600,,NONE", "9600n91", "max-connections=3,remctl"]) {
    t.match(optionFaults(word), [/^(?!.*separated by blanks)/], word);
  }
});

t.test("any rate that hardware may take is a rate, and no number resembles another", async t => {
  for (const speed of [50, 110, 31_250, 74_880, 250_000, 12_000_000]) {
    t.equal(portWith(`${speed} remctl`).line.speed, speed);
    t.same(optionFaults(String(speed)), []);
  }
  for (const word of ["49", "0", "00300", "16000001", "99999999999999999999"]) {
    t.match(optionFaults(`${word} remctl`), [/^Unknown config item: \d+ on line \d+ \((?!.*nearest)/], word);
    t.ok(portWith(`${word} remctl`).options.remctl, "it costs only itself");
  }
});

t.test("a remaddr= without its blank never opens the port", async t => {
  for (const [word, wanted] of [
    ["9600,nosuch,remaddr=10.0.0.1,0", ["10.0.0.1,0"]],
    ["9600,remaddr=10.0.0.1,2000", ["10.0.0.1,2000"]],
    ["9600,remaddr=udp,10.0.0.1,2000", []], // not a UDP port: no peer
    ["9600:remctl:remaddr=10.0.0.1,0;::1,7", ["10.0.0.1,0", "::1,7"]],
    ["9600,remaddr=nothing valid", []],
  ] as const) {
    const { remaddr } = portWith(word, ...NAMES).options;
    t.same(
      remaddr?.map(({ text }) => text),
      wanted,
      word,
    );
    t.ok(optionFaults(word).length > 0, word);
  }
});

t.test("slips of real files are told with what to write", async t => {
  const cases = [
    ["localhost:2002:raw:0:/dev/ttyS0:9600", "write localhost,2002"],
    ["[::1]:4001:raw:0:/dev/ttyS0:9600", "write ::1,4001"],
    [
      "2000:raw:0:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0:9600",
      "a device with colons needs a line of its own before this one: DEVICE:<name>:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0",
    ],
    ["BANNER:hello welcome to the rack", "expected BANNER:hello:<text>, with a colon"],
  ] as const;
  for (const [line, hint] of cases) {
    const { diagnostics, ports } = readLines(line);
    t.equal(diagnostics.length, 1, line);
    t.match(diagnostics[0]?.expected, hint, line);
    t.same(ports, []);
  }
  const good = ["DEVICE:dev:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0", "2000:raw:0:dev:9600"];
  t.match(readLines(...good), { diagnostics: [], ports: [{ device: { path: good[0]?.slice("DEVICE:dev:".length) } }] });
  const byId = "2000:raw:0:/dev/serial/by-id/usb-FTDI_FT232R-if00-port0:9600 remctl";
  t.match(readLines(byId), { diagnostics: [], ports: [{ options: { remctl: true } }] });
});

t.test("a device without /dev/ is told; where it is certain which one is meant, it is served", async t => {
  const taken = (path: string) =>
    `taken as ${path}; expected a whole path, or the name of a DEVICE defined before this line`;
  const other = "expected a whole path such as /dev/ttyS0, or the name of a DEVICE defined before this line";
  for (const [device, path] of [
    ["ttyS0", "/dev/ttyS0"],
    ["dev/ttyUSB1", "/dev/ttyUSB1"],
    ["serial/by-id/usb-FTDI-if00-port0", "/dev/serial/by-id/usb-FTDI-if00-port0"],
    ["lp0", "/dev/lp0"],
    ["usb/lp1", "/dev/usb/lp1"],
    ["modem", null],
    ["COM3", null],
    ["../ttyS0", null],
    ["./tty/../x", null],
  ] as const) {
    const expected = path === null ? other : taken(path);
    const direct = readLines(`2001:telnet:0:${device}:19200`);
    t.match(direct.diagnostics, [{ column: 15, message: `Device ${device} has no path on line 1`, expected }]);
    t.match(onlyPort(direct), { device: { path: path ?? device }, line: { speed: 19200 } });
    const named = readLines(`DEVICE:one:${device}`, "2001:telnet:0:one:19200");
    t.match(named.diagnostics, [{ line: 1, column: 12, message: `Device ${device} has no path on line 1`, expected }]);
    t.equal(named.diagnostics.length, 1, "told once");
    t.match(onlyPort(named).device, { path: path ?? device });
  }
  const named = readLines("DEVICE:ttyS0:/dev/ttyS7", "2001:telnet:0:ttyS0");
  t.match(named, { diagnostics: [], ports: [{ device: { path: "/dev/ttyS7" } }] }, "a name is a name");
});

t.test("a YAML file of ser2net 4 is one diagnostic", async t => {
  const yaml = "%YAML 1.1\n---\nconnection: &con0\n  accepter: tcp,2000\n  enable: on\n";
  for (const [text, line] of [
    [yaml, 1],
    [`# a comment\n\n${yaml}`, 3],
    ["connection: &con0\n  accepter: tcp,2000\n", 1],
    ["define: &banner \\r\\n\n", 1],
  ] as const) {
    const { diagnostics, ports } = readConfiguration([{ file: "x", text }], {
      serviceLookup: () => null,
      readSolDevice,
    });
    t.match(diagnostics, [{ line, column: 1, message: "This is a YAML configuration of ser2net 4" }]);
    t.equal(diagnostics.length, 1);
    t.same(ports, []);
  }
  t.same(readLines("# connection: &con0", "2000:raw:0:/dev/ttyS0:9600").diagnostics, []);
});
