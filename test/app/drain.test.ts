import t from "tap";
import { DaemonDrain, LONGEST_DRAIN_MS } from "../../service/app/drain.js";
import { ControlServer } from "../../service/control/server.js";
import type { Rotator } from "../../service/port/rotator.js";
import { GREETING, NO_DAEMON } from "../support/fake-control.js";
import { World } from "../support/fake-environment.js";
import { createFakeLink, type FakeLink } from "../support/fake-link.js";
import { rotate } from "../support/fake-rotator.js";

const REFUSED = "Port is draining: no new connections for now, try again later\r\n";
const NOTICE = "\r\n[Port is draining: please end this connection when you can]\r\n";
const CONTROL_NOTICE = "\r\n[Ports are draining: please end this session when you can]\r\n-> ";

/** Ports 7001 and so on, one for each line; the rest of a daemon that has to do with a drain. */
function drained(...lines: readonly string[]) {
  const world = new World();
  lines.forEach((line, at) => {
    world.port(line.replace("DEVICE", `/dev/tty${at}`));
  });
  const { time: clock } = world;
  const { log } = world.environment;
  let changes = 0;
  const drain: DaemonDrain = new DaemonDrain({
    ports: world.ports,
    sessions: asker => control.activities(asker),
    tellSessions: (text, asker) => control.tell(text, asker),
    changed: () => {
      changes++;
      world.isDraining = drain.isDraining;
    },
    log,
    clock,
  });
  const facts = { profile: () => null, ports: world.ports, version: "1", daemon: NO_DAEMON };
  const control = new ControlServer({ ...facts, drain, log, clock });
  const operator = (): FakeLink => {
    const link = createFakeLink({ address: "192.0.2.9", port: 50_001 });
    control.accept(link);
    if (link.take() !== GREETING) throw new Error("not greeted");
    return link;
  };
  return { world, drain, operator, changes: () => changes };
}

t.test("while a port drains new peers are refused, whichever way they come; afterwards they are served", async t => {
  const { world, drain } = drained(
    "7001:raw:0:DEVICE:9600",
    "7002:telnet:0:DEVICE:9600 kickolduser",
    "udp,7003:raw:0:DEVICE:9600",
  );
  const rotator: Rotator = rotate(world, "ROTATOR:6000:7001 7002");
  t.teardown(() => rotator.close());
  const present = await world.call("7002");
  const speaker = await world.call("udp,7003", "hello");
  drain.begin();
  for (const name of ["7001", "7002", "6000"]) {
    const late = await world.call(name);
    t.match({ received: late.received, closed: late.closed }, { received: REFUSED, closed: true }, name);
  }
  const sender = await world.call("udp,7003", "hello", { address: "192.0.2.5" });
  t.match({ received: sender.received, closed: sender.closed }, { received: REFUSED, closed: true }, "udp");
  t.notOk(present.closed || speaker.closed, "those present stay");
  drain.end();
  t.notOk((await world.call("7001")).closed);
  t.notOk((await world.call("6000")).received.includes(REFUSED));
});

t.test("telnet peers are told once, between their data; RFC 2217 programs and raw peers are not", async t => {
  const { world, drain } = drained("7001:telnet:0:DEVICE:9600 remctl max-connections=2", "7002:raw:0:DEVICE:9600");
  const person = await world.call("7001");
  const program = await world.call("7001", Uint8Array.of(255, 251, 44)); // IAC WILL COM-PORT-OPTION
  const raw = await world.call("7002");
  for (const link of [person, program, raw]) link.take();
  drain.begin();
  drain.begin();
  t.equal(person.take(), NOTICE);
  t.equal(program.take() + raw.take(), "");
  drain.end();
  drain.begin();
  t.equal(person.take(), NOTICE, "and again with the next drain");
});

t.test("control sessions are told, but for the one that asks, and stay possible", async t => {
  const { drain, operator } = drained("7001:raw:0:DEVICE:9600");
  const [asker, other] = [operator(), operator()];
  other.send("vers");
  t.equal(other.take(), "vers");
  asker.send("drain\r");
  t.equal(asker.take(), "drain\r\n-> ");
  t.equal(drain.isDraining, true);
  t.equal(other.take(), CONTROL_NOTICE);
  other.send("ion\r");
  t.equal(other.take(), "ion\r\nser2net version 1\r\n-> ", "what was typed is kept");
  const third = operator();
  third.send("showport 7001\r");
  t.match(third.take(), /^ {2}draining: no new connections\r$/m);
  third.send("undrain\r");
  third.take();
  t.equal(drain.isDraining, false);
  third.send("showport 7001\r");
  t.notMatch(third.take(), /draining/);
});

t.test("a session that is in the middle of a listing is told between two lines of it", async t => {
  const { world, drain, operator } = drained("7001:raw:0:DEVICE:9600", "7002:raw:0:DEVICE:9600");
  const link = operator();
  link.room = 10;
  link.send("showport\r");
  link.settle();
  drain.begin();
  link.room = Number.POSITIVE_INFINITY;
  let received = link.take();
  while (!received.endsWith("-> ") || !received.includes("7002")) {
    world.time.pass(1);
    received += link.take();
  }
  t.ok(received.includes(CONTROL_NOTICE), received);
});

t.test("what an update would disturb: connections, sessions in use, output that is under way", async t => {
  const { world, drain, operator } = drained(
    "7001:raw:0:DEVICE:9600",
    "7002:raw:0:DEVICE:9600",
    "udp,7003:raw:0:DEVICE:9600 remaddr=udp,192.0.2.1,99",
  );
  await world.settle();
  const since = world.time.date().getTime();
  const kinds = (asker?: object) => drain.activities(asker).map(({ kind }) => kind);
  t.same(kinds(), ["connection"], "a fixed peer that was attached just now");
  world.time.pass(61_000);
  t.same(kinds(), [], "and one without data for a minute");

  const late = await world.call("7001", "x", { address: "192.0.2.7", port: 4711 });
  t.same(drain.activities(), [
    { kind: "connection", port: "7001", address: "192.0.2.7", portNumber: 4711, since: since + 61_000 },
  ]);
  world.device.stuck = true;
  late.send("y");
  await world.settle();
  const endMs = world.time.date().getTime();
  late.finish();
  await world.pass(10);
  world.time.pass(500);
  const [closing] = drain.activities();
  t.match(closing, { kind: "closing", port: "7001", address: "", portNumber: 0 });
  t.ok((closing?.since ?? 0) >= endMs && (closing?.since ?? 0) <= endMs + 10, "since its connection ended");
  world.time.pass(4000); // what a device may take to close
  await world.settle();
  t.same(kinds(), []);

  const session = operator();
  t.match(drain.activities(), [{ kind: "control", port: "control", address: "192.0.2.9", portNumber: 50_001 }]);
  session.send("busy\r");
  t.equal(session.take(), "busy\r\n-> ", "a session does not see itself");
  await world.call("7002", "", { address: "192.0.2.8", port: 4712 });
  session.send("busy\r");
  const time = world.time.date().toISOString();
  t.equal(session.take(), `busy\r\nconnection 7002 192.0.2.8,4712 ${time}\r\n-> `);
  world.time.pass(601_000);
  t.same(kinds(), ["connection"], "a session without input for ten minutes holds up nothing");
  session.send("monitor tcp 7002\r");
  session.take();
  world.time.pass(601_000);
  t.same(kinds(), ["connection", "monitor"], "one that monitors does");
});

t.test("a drain that was forgotten ends after an hour, counted from the last call", async t => {
  const { world, drain, changes } = drained("7001:raw:0:DEVICE:9600");
  drain.begin();
  world.time.pass(LONGEST_DRAIN_MS - 1);
  drain.begin();
  world.time.pass(LONGEST_DRAIN_MS - 1);
  t.equal(drain.isDraining, true);
  world.time.pass(1);
  t.equal(drain.isDraining, false);
  t.equal(changes(), 2);
  t.match(world.logged, [
    "notice Draining: new connections are refused, 0 left",
    "warning The drain ends, nothing has ended it for an hour",
    "notice The drain has ended, connections are accepted again",
  ]);
  drain.end();
  t.equal(changes(), 2);
});
