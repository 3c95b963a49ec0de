/** A bus that is missing, goes away, comes back, hangs or refuses. */
import t from "tap";
import { instanceName, WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { busyStatus, createFakeManagedPort } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { FakeBus, serve } from "./fake-bus.js";
import { OPEN_POLICY, PrivateBus } from "./private-bus.js";
import { RawClient } from "./raw-client.js";
import { nextSignal, PORT, ROOT, UP } from "./stage.js";
import { start } from "./started.js";

const tools = needs("dbus-daemon", "busctl");
const PORT_PATH = `${ROOT}/port/_32001`;

t.test("without a bus the log says so once; attempts go on, less and less often, until it is there", tools, async t => {
  const bus = new PrivateBus(t);
  const { log, waits, fire } = start(t, bus.address);
  await until("the first failure", () => log.lines.length > 0);
  for (const delayMs of [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    await until(`a retry in ${delayMs} ms`, () => waits.at(-1)?.delayMs === delayMs);
    fire();
  }
  const missing = `D-Bus: connect ENOENT ${bus.socket}; the ports are served without it`;
  t.same(log.lines, [missing]);
  await until("one more retry", () => waits.at(-1)?.delayMs === 60_000);
  await bus.start();
  fire();
  await until("it is on the bus", () => log.lines.length > 1);
  t.same(log.lines, [missing, UP]);
});

t.test("a bus that is lost is said to be so once; then all is as before, signals too", tools, async t => {
  const bus = await PrivateBus.start(t);
  const { log, waits, fire, port, service } = start(t, bus.address);
  await until("it is on the bus", () => log.lines.length === 1);
  const lost = "D-Bus: the bus closed the connection; the ports are served without it";
  for (let times = 1; times <= 2; times++) {
    await bus.kill();
    await until("the loss is noticed", () => log.lines.length === 2 * times);
    service.portChanged(port);
    service.portsChanged();
    fire();
    await until("a second attempt is due", () => waits.at(-1)?.delayMs === 2000);
    await bus.start();
    fire();
    await until("it is back", () => log.lines.length === 2 * times + 1);
    t.same(log.lines, times === 1 ? [UP, lost, UP] : [UP, lost, UP, lost, UP]);
    const get = await bus.busctl("get-property", WELL_KNOWN_NAME, PORT_PATH, PORT, "Phase");
    t.equal(get.output, 's "open"');
    const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
    await bus.busctl("call", WELL_KNOWN_NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
    port.known = { ...port.known, timeoutSeconds: times };
    service.portChanged(port);
    t.match(await nextSignal(monitor), {
      member: "PropertiesChanged",
      data: [PORT, { TimeoutSeconds: { data: times } }],
    });
    fire("the pause between signals");
  }
});

t.test("changes while the bus was away are not signalled afterwards: a new client reads the state", tools, async t => {
  const bus = await PrivateBus.start(t);
  const { log, fire, known, port, service } = start(t, bus.address);
  await until("it is on the bus", () => log.lines.length === 1);
  await bus.kill();
  await until("the loss is noticed", () => log.lines.length === 2);
  known.delete("2001");
  service.portsChanged();
  const other = createFakeManagedPort(busyStatus({ name: "2002", slots: [null] }));
  known.set("2002", other);
  service.portsChanged();
  await bus.start();
  const monitor = await bus.signalMonitor(WELL_KNOWN_NAME);
  fire();
  await until("it is back", () => log.lines.length === 3);
  await bus.busctl("call", WELL_KNOWN_NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
  service.portsChanged();
  other.known = { ...other.known, timeoutSeconds: 1 };
  service.portChanged(other);
  service.portChanged(port);
  t.match(await nextSignal(monitor), { member: "PropertiesChanged", path: `${ROOT}/port/_32002` });
});

t.test("a bus that takes the connection and says nothing is given up after a while", async t => {
  const silent = await FakeBus.start(t, () => {});
  const { log, waits, fire } = start(t, silent.address);
  await until("it is connected", () => silent.count === 1);
  t.equal(waits.at(-1)?.delayMs, 10_000);
  fire();
  await until("it is given up", () => log.lines.length > 0);
  t.same(log.lines, ["D-Bus: the bus does not answer; the ports are served without it"]);
  await until("a retry", () => waits.at(-1)?.delayMs === 1000);
  fire();
  await until("it is connected again", () => silent.count === 2);
});

t.test("a bus that says something else than a bus would is left", async t => {
  const sayings: readonly (readonly [string, string])[] = [
    ["REJECTED EXTERNAL DBUS_COOKIE_SHA1\r\n", "the bus refused the authentication"],
    ["ERROR\r\n", "the bus refused the authentication"],
    ["OKAY\r\n", "the bus refused the authentication"],
    ["x".repeat(2000), "the bus refused the authentication"],
    ["OK 0123\r\nHTTP/1.1 400 Bad Request\r\n", "the bus sent what is not a message"],
  ];
  for (const [said, reason] of sayings) {
    const odd = await FakeBus.start(t, socket => socket.write(said));
    const { log } = start(t, odd.address);
    await until("it is left", () => log.lines.length > 0);
    t.same(log.lines, [`D-Bus: ${reason}; the ports are served without it`], said.slice(0, 20));
  }
});

t.test("an answer in pieces is an answer", async t => {
  const slow = await FakeBus.start(t, socket => {
    socket.once("data", () => socket.write("O"));
    socket.once("data", () => setImmediate(() => socket.write("K 0123\r")));
    socket.once("data", () => setTimeout(() => socket.write("\n"), 20));
    socket.on("data", bytes => {
      if (bytes.includes("BEGIN")) socket.end("begun");
    });
  });
  const { log } = start(t, slow.address);
  await until("the end", () => log.lines.length > 0);
  t.same(log.lines, ["D-Bus: the bus closed the connection; the ports are served without it"]);
});

t.test("only the bus can answer for the bus", async t => {
  const names: unknown[] = [];
  const bus = await FakeBus.start(
    t,
    serve((call, peer) => {
      if (call.member === "RequestName") names.push(call.body()[0]);
      peer.refuse(call, "forged", ":1.666");
      peer.reply(call, "u", [2], ":1.666");
      if (call.member === "Hello") peer.reply(call, "s", [":1.1"]);
      else peer.reply(call, "u", [1]);
    }),
  );
  const { log } = start(t, bus.address);
  await until("it has the name", () => log.lines.length > 0);
  t.same([log.lines, names], [[UP], [WELL_KNOWN_NAME]]);
});

t.test("a bus whose answer cannot be read is left", async t => {
  for (const member of ["Hello", "RequestName"]) {
    const odd = await FakeBus.start(
      t,
      serve((call, peer) => {
        if (call.member === member) peer.replyUnreadable(call);
        else if (call.member === "Hello") peer.reply(call, "s", [":1.1"]);
      }),
    );
    const { log } = start(t, odd.address);
    await until("it is left", () => log.lines.length > 0);
    t.same(log.lines, ["D-Bus: the bus sent a message that cannot be read; the ports are served without it"], member);
  }
});

t.test("a bus that has no place for us is asked again later", tools, async t => {
  const bus = await PrivateBus.start(t, `${OPEN_POLICY}<limit name="max_connections_per_user">1</limit>`);
  const first = await RawClient.connect(t, bus);
  const { log, waits, fire } = start(t, bus.address);
  await until("it is refused", () => log.lines.length > 0);
  t.match(log.lines, [/^D-Bus: The maximum number of active connections for UID \d+ has been reached; the ports/]);
  await until("a retry", () => waits.at(-1)?.delayMs === 1000);
  first.close();
  await until("the place is free", () => first.closed !== null);
  while (!log.lines.includes(UP)) {
    fire(); // the bus may notice later than we that the other one has left
    await until("an outcome", () => log.lines.includes(UP) || waits.at(-1)?.delayMs !== 10_000);
  }
  t.equal(log.lines.length, 2);
});

t.test("a bus whose policy does not let us have the name says so in the log, once", tools, async t => {
  const bus = await PrivateBus.start(t, OPEN_POLICY.replace('<allow own="*"/>', ""));
  const { log, waits, fire } = start(t, bus.address);
  await until("it is refused", () => waits.at(-1)?.delayMs === 1000);
  fire();
  await until("it is refused again", () => waits.at(-1)?.delayMs === 2000);
  t.equal(log.lines.length, 1);
  t.match(log.lines[0], /^D-Bus: .*is not allowed to own the service "org\.ser2net\.Ser2net1"/);
  t.match(log.lines[0], /\(systemctl reload dbus makes the bus read its policies anew\); the ports are served/);
});

t.test("a name that another program has is ours when that program leaves", tools, async t => {
  const bus = await PrivateBus.start(t);
  const first = start(t, bus.address);
  await until("the first has the name", () => first.log.lines.length === 1);
  const second = start(t, bus.address);
  await until("the second waits", () => second.log.lines.length === 1);
  const waiting = `D-Bus: ${WELL_KNOWN_NAME} belongs to another program, waiting for it; the ports are served without it`;
  t.same(second.log.lines, [waiting]);
  await first.service.stop();
  await until("the second has it", () => second.log.lines.length === 2);
  t.same(second.log.lines, [waiting, UP]);
  t.same(first.log.lines, [UP], "and the first one said nothing");
});

t.test("an instance has a name of its own, and the common one as long as it is the only one", tools, async t => {
  const bus = await PrivateBus.start(t);
  const board = start(t, bus.address, { busName: instanceName("board-a") });
  await until("it is on the bus", () => board.log.lines.length === 1);
  const other = start(t, bus.address, { busName: instanceName("b") });
  await until("the other too", () => other.log.lines.length === 1);
  t.same(other.log.lines, ["D-Bus: serving org.ser2net.Ser2net1.b"]);
  const names = async () => {
    const { output } = await bus.busctl("--no-legend", "--acquired", "list");
    return output
      .split("\n")
      .map(line => line.split(/ +/)[0])
      .sort();
  };
  t.same(await names(), [
    "org.freedesktop.DBus",
    WELL_KNOWN_NAME,
    "org.ser2net.Ser2net1.b",
    "org.ser2net.Ser2net1.board_2da",
  ]);
  await board.service.stop();
  const get = await bus.busctl("get-property", WELL_KNOWN_NAME, PORT_PATH, PORT, "Name");
  t.equal(get.output, 's "2001"', "the other one answers to the common name");
  t.same(await names(), ["org.freedesktop.DBus", WELL_KNOWN_NAME, "org.ser2net.Ser2net1.b"]);
});

t.test("a bus that does not read what it is sent is left before that fills the memory", async t => {
  const deaf = await FakeBus.start(
    t,
    serve((call, peer) => {
      if (call.member === "Hello") peer.reply(call, "s", [":1.1"]);
      if (call.member !== "RequestName") return;
      peer.reply(call, "u", [1]);
      peer.socket.pause();
    }),
  );
  const { log, port, service, fire, waits } = start(t, deaf.address);
  await until("it is on the bus", () => log.lines.length === 1);
  for (let round = 0; log.lines.length === 1 && round < 100; round++) {
    port.known = { ...port.known, lastError: `${round} ${"x".repeat(1_000_000)}` };
    service.portChanged(port);
    const rounds = waits.length;
    await until("a round", () => waits.length > rounds);
    fire("the pause between signals");
  }
  t.same(log.lines, [UP, "D-Bus: the bus does not read what it is sent; the ports are served without it"]);
});

t.test("a text that is not an address of a local bus is logged once, without retries", async t => {
  for (const address of ["", "tcp:host=localhost,port=1", "nonsense"]) {
    const { log, waits, service } = start(t, address);
    t.same(log.lines, [`D-Bus: no address of a local bus: ${address}; the ports are served without it`]);
    t.same(waits, []);
    await service.stop();
  }
});

t.test("a service that is stopped is off the bus, whatever it was doing", tools, async t => {
  const bus = await PrivateBus.start(t);
  const served = start(t, bus.address);
  await until("it is on the bus", () => served.log.lines.length === 1);
  await Promise.all([served.service.stop(), served.service.stop()]);
  await served.service.stop();
  const { output } = await bus.busctl("--no-legend", "--acquired", "list");
  t.notMatch(output, WELL_KNOWN_NAME);
  t.same(served.log.lines, [UP]);
  const connecting = start(t, bus.address);
  await connecting.service.stop();
  const missing = start(t, "unix:path=/nonexistent/bus");
  await until("it has failed", () => missing.log.lines.length === 1);
  await missing.service.stop();
  t.ok(missing.waits.every(({ cancelled }) => cancelled));
});
