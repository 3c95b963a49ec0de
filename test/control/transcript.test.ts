/** Sessions with the reference, in test/reference as they were captured, played again. */
import { readFileSync } from "node:fs";
import t from "tap";
import { type LineSettings, STANDARD_LINE } from "../../service/line/settings.js";
import type { PortFacts } from "../../service/port/facts.js";
import { ask, createFakeControl } from "../support/fake-control.js";
import type { FakeLink } from "../support/fake-link.js";
import { busyFacts, connectionFacts, createFakeOperable, idleFacts } from "../support/fake-operable.js";

const CONFIGURED = [
  idleFacts({ state: "telnet", ...place(0) }),
  idleFacts({
    ...place(1),
    timeoutSeconds: 600,
    line: line({
      ...{ speed: 115200, xonxoffOut: true, xonxoffIn: true, rtscts: true, local: true, hangupWhenDone: true },
      ...{ stopBits: 2, dataBits: 7, parity: "even" },
    }),
  }),
  idleFacts({ ...place(2), line: line({ dataBits: 5, parity: "mark" }) }),
  busyFacts({
    ...place(3),
    name: "localhost,7003",
    deviceWritten: "console",
    line: line({ speed: 460800, parity: "odd" }),
    slots: [connectionFacts({ address: "127.0.0.1", port: 60028 }), null],
  }),
  idleFacts({ state: "off", ...place(4) }),
  idleFacts({ state: "rawlp", line: null, ...place(5) }),
  idleFacts({ ...place(6), name: "udp,7006" }),
  busyFacts({
    ...place(7),
    name: "ipv4,127.0.0.1,7007",
    slots: [connectionFacts({ address: "127.0.0.1", port: 38986 })],
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
    busyFacts({
      ...place(0),
      slots: [connectionFacts({ address: "::ffff:127.0.0.1", port: 51708, bytesFromNet: 8, bytesToNet: 16 })],
      ...{ bytesFromDevice: 16, bytesToDevice: 8, pending: "reconfigure" },
    }),
    busyFacts({
      ...place(1),
      slots: [connectionFacts({ address: "::ffff:127.0.0.1", port: 58442 })],
      pending: "delete",
    }),
    busyFacts({
      ...place(2),
      slots: [connectionFacts({ address: "::ffff:127.0.0.1", port: 60900 })],
      pending: "reconfigure",
    }),
  ];
  const header = /^Port name .*\n/m;
  t.equal(replay(reference, ports).replace(header, ""), `${reference}-> \n`);
});

/** Gives each line after a prompt to a session, and the whole as the transcript writes it. */
function replay(transcript: string, ports: readonly PortFacts[]): string {
  const link: FakeLink = createFakeControl(ports.map(facts => createFakeOperable(facts))).connect();
  const commands = [...transcript.matchAll(/^-> (.+)$/gm)].map(([, command]) => command ?? "");
  const answers = commands.map(command => `-> ${command}\n${ask(link, command).replaceAll("\r\n", "\n")}`);
  return `${answers.join("")}-> \n`;
}

function place(number: number): Pick<PortFacts, "name" | "devicePath" | "deviceWritten"> {
  const device = `/dev/ttyDEMO0${number}`;
  return { name: `700${number}`, devicePath: device, deviceWritten: device };
}

function line(settings: Partial<LineSettings>): LineSettings {
  return { ...STANDARD_LINE, ...settings };
}
