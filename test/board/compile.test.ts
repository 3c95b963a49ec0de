import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { compileProfile } from "../../service/board/compile.js";
import { loadProfile, readBoard } from "../../service/board/load.js";
import { placeOf } from "../../service/config/logical-lines.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { boards, folder, HERE, machineOf, plant, SHIPPED } from "./tree.js";

const NO_SERVICES = { serviceLookup: () => null, readSolDevice };

t.test("the profiles that come with the daemon come to these lines", async t => {
  const nowhere = machineOf("/");
  for (const name of ["board-a", "board-b", "demo"]) {
    const { text, fallback } = loadProfile(name, nowhere);
    const expected = readFileSync(join(HERE, "fixtures", `${name}.conf`), "utf8");
    t.equal(text + fallback, expected, name);
    t.same(configure(text, fallback).diagnostics, [], `${name} is read without complaint`);
  }
});

t.test("the example of docs/profiles.md comes to the lines shown there", async t => {
  const page = readFileSync(join(SHIPPED, "../docs/profiles.md"), "utf8");
  const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? "";
  const shown = /```\n(# Board profile .*?)```/s.exec(page)?.[1];
  const root = plant(t, "arm-gateway");
  const { text, diagnostics } = loadProfile("cabinet-2", machineOf(root, [boards(t, { "cabinet-2": example })]));
  t.same(diagnostics, []);
  t.equal(text.replaceAll(join(root, "dev"), "/dev"), shown);
});

const PLACES = `{
  "title": "Places",
  "controlPort": "localhost,2000",
  "leds": [{ "id": "led", "sysfs": "green:led", "durationMs": 20, "state": 0 }],
  "pulses": [{ "id": "reset", "steps": "DTR=0 100ms DTR=1" }],
  "ports": [
    { "id": "a", "device": "ttyS1", "networkPort": "2001", "state": "raw", "timeoutSeconds": 60, "electrical": "rs485",
      "line": { "speed": 19200, "dataBits": 7, "parity": "even", "stopBits": 2, "flowControl": "xonxoff", "local": true,
        "hangupWhenDone": true, "dtr": "on", "rts": "off" },
      "espAutoReset": true, "remctl": true, "kickolduser": true, "chardelay": false, "maxConnections": 3,
      "holdSeconds": 9, "alwaysOpen": true, "replayBytes": 4096, "traceFile": "/var/log/a", "traceSize": 100000,
      "traceKeep": 2, "lineTimestamp": true, "writer": "first", "tellUser": true, "telnetEnter": "cr", "mdns": true,
      "leds": { "rx": "led", "tx": "led" }, "rs485": { "rtsOnSend": false }
    },
    { "id": "s", "device": "sol.lan bmc", "networkPort": "2002", "sol": { "encrypted": false } },
    { "id": "plain", "device": "ttyS2", "networkPort": "2003" }
  ]
}`;

/** The line of the configuration, and what stands in the profile where an error in that part of it is reported. */
const PARTS: readonly (readonly [line: string, parts: Readonly<Record<string, string>>])[] = [
  ["LED:led:", { "device=": '"green:led"', "duration=": "20", "state=": "0 }" }],
  ["PULSE:reset:", { PULSE: '{ "id": "reset"', "DTR=1": '"DTR=0 100ms' }],
  ["DEVICE:a:", { DEVICE: '"a"', "/dev": '"ttyS1"' }],
  ["RS485CONF:a", { RS485CONF: '{ "rtsOnSend"' }],
  ["TRACEFILE:a", { "/var": '"/var/log/a"' }],
  [
    "2001:",
    {
      ...{ "2001": '"2001"', raw: '"raw"', "60": "60,", "19200": "19200", "7DATABITS": "7,", EVEN: '"even"' },
      ...{ "2STOPBITS": "2,", XONXOFF: '"xonxoff"', LOCAL: "true,", HANGUP_WHEN_DONE: "true, ", "dtr=": '"on"' },
      ...{
        "rts=": '"off"',
        "esp-auto-reset": "true, ",
        remctl: "true, ",
        kickolduser: "true, ",
        "-chardelay": "false",
      },
      ...{
        "max-connections=": "3,",
        "hold=": "9,",
        "always-open": "true, ",
        "replay=": "4096",
        " tr=": '"/var/log/a"',
      },
      ...{ "trace-size=": "100000", "trace-keep=": "2,", "line-timestamp": "true, ", "writer=": '"first"' },
      ...{
        "tell-user": "true, ",
        "telnet-enter=": '"cr"',
        mdns: "true,\n",
        "led-rx=": '"led", "tx"',
        "led-tx=": '"led" }',
      },
      ...{ "rs485=": '{ "rtsOnSend"' },
    },
  ],
  ["2002:", { ":s:": '"sol.lan', "-encrypted": '{ "encrypted"' }],
  ["2003:", { "2003": '"2003"', "9600": '{ "id": "plain"', NONE: '{ "id": "plain"' }],
  ["CONTROLPORT:", { localhost: '"localhost,2000"' }],
];

t.test("an error in any part of a line is one at the value that the part was made of", async t => {
  const root = boards(t, { places: PLACES });
  const { lines, fallbackLines, diagnostics, text, fallback } = loadProfile("places", machineOf("/", [root]));
  t.same(diagnostics, []);
  const all = [...lines, ...fallbackLines];
  const printed = (text + fallback).split("\n").filter(line => line !== "" && !line.startsWith("#"));
  t.same(
    all.map(line => line.text),
    printed,
    "these are the lines that `board show` prints",
  );
  const seen = new Set<string>();
  for (const [start, parts] of PARTS) {
    const line = all.find(one => one.text.startsWith(start));
    if (line === undefined) throw new Error(`no line ${start}`);
    for (const [part, value] of Object.entries(parts)) {
      const place = placeOf(line, line.text.indexOf(part));
      const at = PLACES.split("\n")[place.line - 1]?.slice(place.column - 1) ?? "";
      t.ok(at.startsWith(value.trim()), `${part} of ${start} is at ${at}`);
      t.equal(place.file, join(root, "places.json"));
      seen.add(`${start} ${line.pieces.findLastIndex(({ offset }) => offset <= line.text.indexOf(part))}`);
    }
  }
  const pieces = all.filter(({ text: one }) => one.startsWith("2001:")).flatMap(line => line.pieces);
  t.ok(
    [...seen].filter(one => one.startsWith("2001: ")).length >= pieces.length - 1,
    "every word of a port line is here",
  );
});

t.test("a SOL port has a line that is read without complaint", async t => {
  const lines = compiled(t, {
    ports: [
      {
        id: "rack7",
        device: "sol.lan -U ADMIN -Pc rack7 192.0.2.7",
        networkPort: "2007",
        line: { speed: 115200 },
        sol: {
          authenticated: false,
          encrypted: false,
          sharedSerialAlert: "succeed",
          deassertOnConnect: true,
          ackTimeoutUs: 500_000,
          ackRetries: 5,
        },
        holdSeconds: 60,
      },
    ],
  });
  t.same(lines, [
    "DEVICE:rack7:sol.lan -U ADMIN -Pc rack7 192.0.2.7",
    "2007:telnet:0:rack7:115200 -authenticated -encrypted shared_serial_alert_succeed deassert_CTS_DCD_DSR_on_connect ack-timeout=500000 ack-retries=5 hold=60",
  ]);
  const { ports, diagnostics } = readConfiguration([{ file: "x", text: lines.join("\n") }], NO_SERVICES);
  t.same(diagnostics, []);
  t.match(ports, [{ device: { kind: "sol" }, line: { speed: 115200 }, options: { sol: { ackRetries: 5 } } }]);
});

t.test("everything a profile can say of a port is on its line", async t => {
  const lines = compiled(t, {
    leds: [
      { id: "flash", sysfs: "board:green:1", durationMs: 25, state: 0 },
      { id: "lamp", sysfs: "board:red:1", trigger: "none" },
    ],
    pulses: [{ id: "recovery", comment: "Boots from the network.", steps: "DTR=0 RTS=1 100ms RTS=0" }],
    ports: [
      {
        id: "port1",
        label: "Serial 1",
        device: "/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0",
        electrical: "rs485",
        lines: ["rts", "cts"],
        networkPort: "ipv4,tcp,127.0.0.1,2001",
        state: "rawlp",
        timeoutSeconds: 600,
        line: {
          speed: 74880,
          dataBits: 7,
          parity: "space",
          stopBits: 2,
          flowControl: "rtscts",
          hangupWhenDone: true,
          dtr: "off",
          rts: "on",
        },
        remctl: true,
        kickolduser: true,
        chardelay: false,
        alwaysOpen: true,
        replayBytes: 65536,
        traceFile: "/var/log/\\p.log",
        traceSize: 1048576,
        traceKeep: 2,
        lineTimestamp: true,
        writer: "last",
        tellUser: true,
        telnetEnter: "cr",
        mdns: true,
        espAutoReset: true,
        maxConnections: 3,
        holdSeconds: 30,
        leds: { rx: "flash", tx: "flash", link: "lamp" },
        rs485: { delayBeforeMs: 5, delayAfterMs: 6, rtsOnSend: false, rxDuringTx: true },
      },
      {
        id: "port2",
        device: "lp0",
        networkPort: "2002",
        line: { flowControl: "xonxoff" },
        remctl: false,
        writer: "all",
        tellUser: false,
        telnetEnter: "crlf",
        alwaysOpen: false,
        replayBytes: 0,
        traceSize: 0,
        lineTimestamp: false,
        holdSeconds: 0,
      },
      { id: "spare", device: "ttyS9" },
    ],
  });
  t.same(lines, [
    "LED:flash:sysfs:device=board:green:1 duration=25 state=0",
    "PULSE:recovery:DTR=0 RTS=1 100ms RTS=0",
    "DEVICE:port1:/dev/serial/by-path/pci-0000:00:14.0-usb-0:1:1.0-port0",
    "RS485CONF:port1:5:6:0:1",
    "TRACEFILE:port1:/var/log/\\p.log",
    "ipv4,tcp,127.0.0.1,2001:rawlp:600:port1:74880 7DATABITS SPACE 2STOPBITS RTSCTS LOCAL HANGUP_WHEN_DONE dtr=off rts=on esp-auto-reset remctl kickolduser -chardelay max-connections=3 hold=30 always-open replay=65536 tr=port1 trace-size=1048576 trace-keep=2 line-timestamp writer=last tell-user telnet-enter=cr mdns led-rx=flash led-tx=flash rs485=port1",
    "DEVICE:port2:/dev/lp0",
    "2002:telnet:0:port2:9600 8DATABITS NONE 1STOPBIT XONXOFF",
    "DEVICE:spare:/dev/ttyS9",
  ]);
});

t.test("a port whose connector has no DCD ignores the modem lines, unless told otherwise", async t => {
  const local = (more: object) => compiled(t, { ports: [{ id: "p", device: "a", networkPort: "1", ...more }] })[1];
  const words = "9600 8DATABITS NONE 1STOPBIT";
  t.equal(local({ lines: ["rts", "cts"] }), `1:telnet:0:p:${words} LOCAL`);
  t.equal(local({ lines: ["rts", "cts", "dcd"] }), `1:telnet:0:p:${words}`);
  t.equal(local({}), `1:telnet:0:p:${words}`, "nothing is said of the lines");
  t.equal(local({ lines: [], line: { local: false } }), `1:telnet:0:p:${words}`);
  t.equal(local({ line: { local: true } }), `1:telnet:0:p:${words} LOCAL`);
});

t.test("a line of ser2net.conf for the same network port takes the place of the profile's", async t => {
  const { text } = loadProfile("board-b", machineOf("/"));
  const { ports, diagnostics } = configure(text, "2002:telnet:60:port2:115200 led-rx=port1-traffic rs485=port2\n");
  t.same(diagnostics, []);
  t.same(
    ports.map(one => one.name),
    ["2001", "2002", "2003", "2004"],
  );
  t.match(ports[1], {
    state: "telnet",
    timeoutSeconds: 60,
    device: { written: "port2", path: "/dev/ttyS1" },
    line: { speed: 115200, parity: "none" },
    options: { ledRx: { device: "board:green:port1" }, ledTx: null, rs485: { rtsOnSend: true } },
  });
});

t.test("nothing in the profile changes what a line of ser2net.conf means by itself", async t => {
  const line = "3001:raw:0:/dev/ttyUSB7:\n";
  const { text } = compileProfile(readBoard("board-b", [SHIPPED]).profile, null);
  const alone = configure(line).ports[0];
  t.match(configure(text, line).ports.at(-1), { line: alone?.line, options: alone?.options });
});

t.test("the profile's control port counts where ser2net.conf has none", async t => {
  const { text, fallback } = loadProfile("demo", machineOf(folder(t)));
  t.equal(configure(text, "", fallback).controlPort, "localhost,2000");
  t.equal(configure(text, "CONTROLPORT:localhost,4000\n", fallback).controlPort, "localhost,4000");
});

t.test("the demo's lines are where SER2NET_DEV says", async t => {
  const { text } = loadProfile("demo", { ...machineOf("/"), dev: "/tmp/lines" });
  t.match(text, "DEVICE:console:/tmp/lines/demo/console\n");
});

/** Without the remarks. */
function compiled(t: Test, document: object): string[] {
  const { text, diagnostics } = loadProfile("x", { roots: [boards(t, { x: document })], sys: "/sys", dev: "/dev" });
  t.same(diagnostics, []);
  t.same(configure(text).diagnostics, []);
  return text.split("\n").filter(line => line !== "" && !line.startsWith("#"));
}

function configure(...texts: string[]) {
  return readConfiguration(
    texts.map((text, index) => ({ file: `${index}`, text })),
    NO_SERVICES,
  );
}
