/** Sessions with the reference, in test/reference as they were captured, played again. */
import { readFileSync } from "node:fs";
import t from "tap";
import { type LineSettings, STANDARD_LINE } from "../../service/line/settings.js";
import type { PortStatus } from "../../service/port/status.js";
import { ask, createFakeControl } from "../support/fake-control.js";
import type { FakeLink } from "../support/fake-link.js";
import { busyStatus, connectionStatus, createFakeManagedPort, idleStatus } from "../support/fake-managed-port.js";

const CONFIGURED = [
  idleStatus({ state: "telnet", ...place(0) }),
  idleStatus({
    ...place(1),
    timeoutSeconds: 600,
    line: line({
      ...{ speed: 115200, xonxoffOut: true, xonxoffIn: true, rtscts: true, local: true, hangupWhenDone: true },
      ...{ stopBits: 2, dataBits: 7, parity: "even" },
    }),
  }),
  idleStatus({ ...place(2), line: line({ dataBits: 5, parity: "mark" }) }),
  busyStatus({
    ...place(3),
    name: "localhost,7003",
    deviceWritten: "console",
    line: line({ speed: 460800, parity: "odd" }),
    slots: [connectionStatus({ address: "127.0.0.1", port: 60028 }), null],
  }),
  idleStatus({ state: "off", ...place(4) }),
  idleStatus({ state: "rawlp", line: null, ...place(5) }),
  idleStatus({ ...place(6), name: "udp,7006" }),
  busyStatus({
    ...place(7),
    name: "ipv4,127.0.0.1,7007",
    slots: [connectionStatus({ address: "127.0.0.1", port: 38986 })],
  }),
];

/** Where we know better than the reference: real values, and free places that are shown as free. */
const DEVIATIONS = [
  ["1STOPBIT unknown databits ODD", "1STOPBIT 5DATABITS MARK"],
  [
    "  connected to: *err*,ai_family not supported\n    bytes read from TCP: 0\n    bytes written to TCP: 0\n",
    "  unconnected\n",
  ],
] as const;

t.test("showshortport, showport and version as captured", async t => {
  let reference = readFileSync("test/reference/control-port.txt", "latin1");
  for (const [theirs, ours] of DEVIATIONS) {
    t.ok(reference.includes(theirs));
    reference = reference.replace(theirs, ours);
  }
  t.equal(replay(reference, CONFIGURED), reference);
});

t.test("changes that wait for a session to end, as captured", async t => {
  const reference = `-> showshortport\n${readFileSync("test/reference/control-port-pending.txt", "latin1")}`;
  const ports = [
    busyStatus({
      ...place(0),
      slots: [connectionStatus({ address: "::ffff:127.0.0.1", port: 51708, bytesFromNet: 8, bytesToNet: 16 })],
      ...{ bytesFromDevice: 16, bytesToDevice: 8, pending: "reconfigure" },
    }),
    busyStatus({
      ...place(1),
      slots: [connectionStatus({ address: "::ffff:127.0.0.1", port: 58442 })],
      pending: "delete",
    }),
    busyStatus({
      ...place(2),
      slots: [connectionStatus({ address: "::ffff:127.0.0.1", port: 60900 })],
      pending: "reconfigure",
    }),
  ];
  const header = /^Port name .*\n/m;
  t.equal(replay(reference, ports).replace(header, ""), `${reference}-> \n`);
});

/** Gives each line after a prompt to a session, and the whole as the transcript writes it. */
function replay(transcript: string, ports: readonly PortStatus[]): string {
  const link: FakeLink = createFakeControl(ports.map(status => createFakeManagedPort(status))).connect();
  const commands = [...transcript.matchAll(/^-> (.+)$/gm)].map(([, command]) => command ?? "");
  const answers = commands.map(command => `-> ${command}\n${ask(link, command).replaceAll("\r\n", "\n")}`);
  return `${answers.join("")}-> \n`;
}

function place(number: number): Pick<PortStatus, "name" | "devicePath" | "deviceWritten"> {
  const device = `/dev/ttyDEMO0${number}`;
  return { name: `700${number}`, devicePath: device, deviceWritten: device };
}

function line(settings: Partial<LineSettings>): LineSettings {
  return { ...STANDARD_LINE, ...settings };
}
