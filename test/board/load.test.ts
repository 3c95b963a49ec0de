import t from "tap";
import { loadProfile, profileFacts, readBoards, tooFastPorts } from "../../service/board/load.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { boards, machineOf } from "./tree.js";

const DOCUMENT = {
  ports: [
    {
      id: "port1",
      label: "CONSOLE 1",
      device: "/dev/ttyS0",
      maxSpeed: 115200,
      presence: "required",
      networkPort: "2001",
      leds: { rx: "flash", link: "lamp" },
    },
    { id: "port2", device: "/dev/ttyS1", networkPort: "2002" },
  ],
  leds: [
    { id: "flash", sysfs: "green" },
    { id: "lamp", sysfs: "amber", trigger: "none" },
    { id: "status", sysfs: "blue", function: "ok" },
  ],
};

t.test("what the profile knows of a port is found by the port's name", async t => {
  const facts = factsOf("").facts;
  t.match(facts, { board: "x", boxLeds: [{ id: "status", sysfs: "blue", function: "ok" }] });
  t.same(facts.ports.get("2001"), {
    id: "port1",
    label: "CONSOLE 1",
    device: "/dev/ttyS0",
    maxSpeed: 115200,
    required: true,
    leds: {
      rx: { id: "flash", sysfs: "green", function: "port", trigger: "transient", durationMs: 10, state: 1 },
      tx: null,
      link: { id: "lamp", sysfs: "amber", function: "port", trigger: "none", durationMs: 10, state: 1 },
      fault: null,
    },
  });
  t.same(facts.ports.get("2002"), {
    id: "port2",
    label: "port2",
    device: "/dev/ttyS1",
    maxSpeed: null,
    required: false,
    leds: { rx: null, tx: null, link: null, fault: null },
  });
});

t.test("the device decides which connector a line of ser2net.conf is about", async t => {
  const { facts } = factsOf("3001:raw:0:port1:9600\n2002:raw:0:/dev/ttyUSB0:9600\n");
  t.equal(facts.ports.get("3001")?.label, "CONSOLE 1");
  t.equal(facts.ports.has("2002"), false, "another device has no label of this board");
  t.same(
    facts.hardware.map(one => one.label),
    ["CONSOLE 1", "port2"],
  );
});

t.test("a line that asks for more than its connector can do is told", async t => {
  const { facts, ports } = factsOf(
    "2001:telnet:0:port1:230400\n2002:telnet:0:port2:230400\n3001:raw:0:/dev/ttyS0:115200\n",
  );
  t.same(tooFastPorts(facts, ports).map(formatDiagnostic), [
    "ser2net.conf:1:1: 230400 is too fast for port CONSOLE 1 of x on line 1 (expected 115200 at most)",
  ]);
});

function factsOf(conf: string) {
  const profile = loadProfile("x", machineOf("/", [boards(t, { x: DOCUMENT })]));
  const { ports } = readConfiguration(
    [
      { file: "x", text: profile.text },
      { file: "ser2net.conf", text: conf },
    ],
    { serviceLookup: () => null, readSolDevice },
  );
  return { facts: profileFacts(profile.profile, ports), ports };
}

t.test("the folders are listed once, however many profiles extend another", async t => {
  const base = { title: "Base" };
  const root = boards(t, { base, one: { extends: "base" }, two: { extends: "base" }, three: { extends: "base" } });
  let listings = 0;
  const roots = new (class extends Array<string> {
    override [Symbol.iterator]() {
      listings++;
      return super[Symbol.iterator]();
    }
  })();
  roots.push(root);
  t.equal(readBoards(roots).length, 4);
  t.equal(listings, 1);
});
