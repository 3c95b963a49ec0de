import { readFileSync } from "node:fs";
import t from "tap";
import { formatPort, formatShortPort, HELP, SHORT_HEADER } from "../../service/control/format.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { busyStatus, connectionStatus, idleStatus } from "../support/fake-managed-port.js";

t.test("an idle port shows one unconnected line, however many it would take", async t => {
  t.same(
    [...formatPort(idleStatus({ state: "telnet", timeoutSeconds: 600, slots: [null, null, null] }))],
    [
      "TCP Port 7000",
      "  enable state: telnet",
      "  timeout: 600",
      "  unconnected",
      "  device: /dev/ttyDEMO00",
      "  device config: 9600 1STOPBIT 8DATABITS NONE",
      "  device controls: not currently connected",
      "  tcp to device state: unconnected",
      "  device to tcp state: unconnected",
      "  bytes read from device: 0",
      "  bytes written to device: 0",
    ],
  );
});

t.test("a busy port shows every place, free ones as unconnected", async t => {
  const status = busyStatus({
    slots: [
      connectionStatus({ address: "::ffff:127.0.0.1", port: 51708, bytesFromNet: 8, bytesToNet: 16 }),
      null,
      connectionStatus({ address: "::1", port: 9, bytesFromNet: 4294967296, bytesToNet: 9007199254740991 }),
    ],
    devicePath: "/dev/ttyDEMO03",
    deviceWritten: "console",
    control: { dtr: false, rts: true },
    toNet: "waiting output",
    bytesFromDevice: 5000000000,
    bytesToDevice: 12,
  });
  t.same(
    [...formatPort(status)],
    [
      "TCP Port 7000",
      "  enable state: raw",
      "  timeout: 0",
      "  connected to: ::ffff:127.0.0.1,51708",
      "    bytes read from TCP: 8",
      "    bytes written to TCP: 16",
      "  unconnected",
      "  connected to: ::1,9",
      "    bytes read from TCP: 4294967296",
      "    bytes written to TCP: 9007199254740991",
      "  device: /dev/ttyDEMO03 (console)",
      "  device config: 9600 1STOPBIT 8DATABITS NONE",
      "  device controls: RTSHI DTRLO ",
      "  tcp to device state: waiting input",
      "  device to tcp state: waiting output",
      "  bytes read from device: 5000000000",
      "  bytes written to device: 12",
    ],
  );
});

t.test("modem lines that cannot be read show low", async t => {
  t.ok([...formatPort(busyStatus({ control: null }))].includes("  device controls: RTSLO DTRLO "));
  t.ok([...formatPort(busyStatus({ control: { dtr: true, rts: false } }))].includes("  device controls: RTSLO DTRHI "));
});

t.test("a port that is closing is not idle, though no connection is left", async t => {
  const closing = busyStatus({ slots: [null, null], toDevice: "waiting output", toNet: "closing" });
  const lines = [...formatPort(closing)];
  t.equal(lines.filter(line => line === "  unconnected").length, 2);
  t.ok(lines.includes("  device controls: RTSHI DTRHI "));
  t.ok(lines.includes("  tcp to device state: waiting output"));
  t.ok(lines.includes("  device to tcp state: closing"));
  t.match(formatShortPort(closing), /0 unconnected {41}\/dev.*waiting output closing .*RTSHI DTRHI $/);
});

t.test("the device config has the real values, and all words", async t => {
  const config = (line: Partial<typeof STANDARD_LINE>): string =>
    [...formatPort(idleStatus({ line: { ...STANDARD_LINE, ...line } }))].find(text => text.includes("device config")) ??
    "";
  t.equal(config({ dataBits: 5, parity: "mark" }), "  device config: 9600 1STOPBIT 5DATABITS MARK");
  t.equal(config({ dataBits: 6, parity: "space" }), "  device config: 9600 1STOPBIT 6DATABITS SPACE");
  t.equal(
    config({
      ...{ speed: 115200, xonxoffOut: true, xonxoffIn: true, rtscts: true, local: true, hangupWhenDone: true },
      ...{ stopBits: 2, dataBits: 7, parity: "even" },
    }),
    "  device config: 115200 XONXOFF RTSCTS LOCAL HANGUP_WHEN_DONE 2STOPBITS 7DATABITS EVEN",
  );
  t.equal(config({ xonxoffOut: true }), "  device config: 9600 1STOPBIT 8DATABITS NONE");
});

t.test("what RFC 2217 changed does not show", async t => {
  const lines = [...formatPort(busyStatus({ lineInForce: { ...STANDARD_LINE, speed: 300 } }))];
  t.ok(lines.includes("  device config: 9600 1STOPBIT 8DATABITS NONE"));
});

t.test("a rawlp port has no config, and no blank before the controls of its row", async t => {
  t.ok([...formatPort(idleStatus({ state: "rawlp", line: null }))].includes("  device config: none"));
  t.match(formatShortPort(idleStatus({ state: "rawlp", line: null })), /0 {9}0 {9}0 {9}0 $/);
  t.match(formatShortPort(busyStatus({ state: "rawlp", line: null, control: null })), / 0 RTSLO DTRLO $/);
});

t.test("a port about to be deleted or reconfigured says so", async t => {
  const deleted = busyStatus({ pending: "delete", state: "raw" });
  t.equal([...formatPort(deleted)].at(-1), "  Port will be deleted when current session closes.");
  t.equal([...formatPort(deleted)][1], "  enable state: off");
  t.match(formatShortPort(deleted), /^7000 {19}DEL {10}0 127/);

  const reconfigured = busyStatus({ pending: "reconfigure" });
  t.equal([...formatPort(reconfigured)].at(-1), "  Port will be reconfigured when current session closes.");
  t.equal([...formatPort(reconfigured)][1], "  enable state: raw");
  t.equal(formatShortPort(reconfigured), formatShortPort(busyStatus()));
});

t.test("the short form has a row under its header", async t => {
  const status = busyStatus({
    timeoutSeconds: 1234567,
    slots: [null, connectionStatus({ bytesFromNet: 1, bytesToNet: 22 }), connectionStatus({ port: 1 })],
    bytesFromDevice: 333,
    bytesToDevice: 4444,
  });
  t.same(
    [SHORT_HEADER, formatShortPort(status)],
    [
      "Port name              Type   Timeout Remote address                                      Device                 TCP to device  Device to TCP     TCP in   TCP out    Dev in   Dev out State",
      "7000                   raw    1234567 127.0.0.1,60028                                     /dev/ttyDEMO00         waiting input  waiting input          1        22       333      4444 9600 1STOPBIT 8DATABITS NONE RTSHI DTRHI ",
    ],
  );
});

t.test("long names and counts push the columns; an address is cut at 51", async t => {
  const row = (address: string): string =>
    formatShortPort(
      busyStatus({
        name: "ipv4,127.127.127.127,65000",
        timeoutSeconds: 4294967295,
        slots: [connectionStatus({ address, bytesFromNet: 12345678901 })],
        devicePath: "/dev/serial/by-id/a-long-name",
      }),
    );
  const widest = "1111:2222:3333:4444:5555:6666:123.123.123.123";
  t.match(
    row(widest),
    `ipv4,127.127.127.127,65000 raw    4294967295 ${widest},60028 /dev/serial/by-id/a-long-name waiting`,
  );
  t.match(row("x"), "waiting input  12345678901         0");
  const scoped = `fe80::1111:2222:3333:4444%${"e".repeat(20)}`;
  t.match(row(scoped), ` ${`${scoped},60028`.slice(0, 48)}... /dev/serial`);
});

t.test("help is the reference's, blanks at line ends included", async t => {
  const reference = readFileSync("test/reference/control-port-help.txt", "latin1");
  t.equal(HELP.map(line => `${line}\n`).join(""), reference);
});
