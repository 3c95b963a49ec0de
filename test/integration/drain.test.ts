/** `ser2net busy`, `drain` and `undrain` with real daemons, several on one machine, and the users of their ports. */
import { mkdirSync, rmSync } from "node:fs";
import t, { type Test } from "tap";
import { DAEMON, ROOT } from "../dbus/stage.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { type DrainStage, drainStage, type Instance } from "../support/drain-stage.js";
import { Manager } from "../support/manager.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const tools = needs("dbus-daemon", "busctl");
const REFUSED = "Port is draining: no new connections for now, try again later\r\n";
const NOTICE = "[Port is draining: please end this connection when you can]";

const addressOf = ({ socket }: Client) => `127.0.0.1,${socket.localPort}`;

async function talk(t: Test, { port, device }: Instance): Promise<Client> {
  const client = await Client.connect(t, port);
  client.send("hello");
  await device.expect("hello");
  return client;
}

const isDraining = async ({ bus }: DrainStage, name: string) =>
  (await bus.busctl("get-property", name, ROOT, DAEMON, "Draining")).output === "b true";

t.test("busy tells of every instance of the machine, or of one", tools, async t => {
  const other = await drainStage(t);
  const stopped = await other.instance(null);
  stopped.daemon.running.process.kill("SIGSTOP");
  const unanswered = other.ask("busy"); // takes as long as the rest
  const stage = await drainStage(t);
  t.match(await stage.ask("busy"), { code: 3, output: "", errors: /^ser2net: no daemon is on the bus/ });
  const [a, b, plain, second] = [
    await stage.instance("board-a"),
    await stage.instance("board-b"),
    await stage.instance(null),
    await stage.instance(null),
  ];
  t.same(await stage.ask("busy"), { code: 0, output: "", errors: "" });
  const client = await talk(t, b);
  const [, row, ...more] = (await stage.ask("busy")).output.split("\n");
  t.same(more, [""]);
  const time = "\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d";
  t.match(row, new RegExp(`^board-b +127.0.0.1,${b.port} +${addressOf(client)} +${time}  connection$`));
  t.match(await stage.ask("busy", "--instance", "board-a"), { code: 0, output: "" });
  t.match(await stage.ask("busy", "--instance", "board-b"), { code: 1, output: addressOf(client) });
  t.match(await stage.ask("busy", "--instance", "board-c"), { code: 3, errors: "no instance board-c runs" });

  const controls = [a, b, plain].flatMap(({ daemon }) => ["-p", `127.0.0.1,${daemon.controlPort}`]);
  t.match(await stage.ask("busy", ...controls), { code: 1, output: addressOf(client) }, "without a bus");
  t.match(await stage.ask("busy", ...controls.slice(0, 2)), { code: 0, output: "" });
  await client.close();
  await until("it is free", async () => (await stage.ask("busy")).code === 0);

  const session = await second.daemon.control();
  t.match(await stage.ask("busy"), { code: 1, output: / {2}control session\n$/ });
  await session.ask(`monitor tcp 127.0.0.1,${second.port}`);
  t.match(await stage.ask("busy"), { code: 1, output: / {2}control session with a monitor\n$/ });
  await session.close();
  await until("it is free", async () => (await stage.ask("busy")).code === 0);

  t.match(await stage.ask("busy", "--dbus", "unix:path=/nonexistent"), { code: 3, errors: "no bus at" });
  t.match(await stage.ask("busy", "--dbus", "sytem"), { code: 2, errors: "not the address of a local bus: sytem" });
  t.match(await stage.ask("busy", "-p", "127.0.0.1,1"), { code: 3, errors: "Connection refused" });
  t.match(await stage.ask("busy", "-p", "no port"), { code: 2, errors: "not a control port: no port" });
  t.match(await stage.ask("busy", "now"), {
    code: 2,
    errors: /^ser2net: busy: wrong word: now\nsee ser2net busy --help\n$/,
  });
  t.match(await unanswered, { code: 2, output: "", errors: "ser2net: a daemon does not answer\n" });
});

t.test("drain waits for the last user, whom it tells; undrain lets users in again", tools, async t => {
  const manager = await Manager.start(t);
  const stage = await drainStage(t);
  const one = await stage.instance("one", { env: { NOTIFY_SOCKET: manager.address } });
  const two = await stage.instance("two");
  const person = new Terminal(t, "telnet", ["-E", "127.0.0.1", String(one.port)]);
  await person.screen.expect("Connected to");
  const { com } = await ComPort.agree(t, two.port);
  const session = await two.daemon.control();
  t.match(await stage.ask("busy"), { code: 1 });

  const draining = stage.command("drain");
  await person.screen.expect(NOTICE);
  await session.expect("[Ports are draining: please end this session when you can]\r\n-> ");
  await draining.errors.expect("Waiting for:\n");
  for (const { port } of [one, two]) t.equal(await (await Client.connect(t, port)).untilEnd(), REFUSED);
  await until("STATUS says so", async () => /STATUS=draining; 1 port: 1 connected/.test(await manager.nextText()));
  t.match(await one.daemon.ask("showport"), "  draining: no new connections\r\n");
  t.equal(await isDraining(stage, "org.ser2net.Ser2net1.one"), true);
  t.match(
    await stage.ask("drain", "--max", "0"),
    { code: 1, output: /^INSTANCE .*\n(?:one|two) / },
    "the limit is over",
  );

  two.device.send("data");
  t.notMatch(await com.client.expect("data"), /draining/, "an RFC 2217 program got no text");
  await com.client.close();
  session.send("exit\r");
  person.screen.send("still here");
  await one.device.expect("still here");
  t.equal(draining.process.exitCode, null, "one user is left");
  await one.daemon.ask(`disconnect 127.0.0.1,${one.port}`);
  await person.screen.expect("Connection closed");
  t.match(await stage.ended(draining), { code: 0, output: "" });
  t.equal(await (await Client.connect(t, one.port)).untilEnd(), REFUSED, "until it is undone");
  t.same(await stage.ask("undrain"), { code: 0, output: "", errors: "" });
  await (await talk(t, one)).close();
  await (await talk(t, two)).close();
});

t.test("a drain that is given up, or whose daemon ends, is over; a new process does not drain", tools, async t => {
  const stage = await drainStage(t);
  const one = await stage.instance("one");
  const client = await talk(t, one);
  const draining = stage.command("drain", "--max", "3600");
  await draining.errors.expect("Waiting for:\n");
  draining.process.kill("SIGINT");
  t.match(await stage.ended(draining), { code: 2, errors: /given up, connections are accepted again\n$/ });
  t.equal(await isDraining(stage, "org.ser2net.Ser2net1.one"), false);

  const again = stage.command("drain");
  await again.errors.expect("Waiting for:\n");
  t.equal(await isDraining(stage, "org.ser2net.Ser2net1.one"), true);
  const root = ["org.ser2net.Ser2net1.one", ROOT, DAEMON];
  t.match(await stage.bus.busctl("call", ...root, "Undrain"), { code: 0 });
  const second = await Client.connect(t, one.port); // and kicks the other
  await second.expect("\xff");
  await client.untilEnd();
  t.match(await stage.bus.busctl("call", ...root, "Drain"), { code: 0 });
  await second.expect(NOTICE);
  t.match((await stage.bus.busctl("get-property", ...root, "Busy")).output, /^a\(sssqt\) 1 "connection" /);
  await one.daemon.stop();
  // It is waited for, ten seconds.
  t.match(await stage.ended(again).catch(() => stage.ended(again)), { code: 0 });
  await stage.instance("one");
  t.equal(await isDraining(stage, "org.ser2net.Ser2net1.one"), false);
});

t.test("a daemon that restarts is found again, and drained again", tools, async t => {
  const stage = await drainStage(t);
  const [one, two] = [await stage.instance("one"), await stage.instance("two")];
  const client = await talk(t, two);
  await talk(t, one);
  const draining = stage.command("drain");
  await draining.errors.expect("Waiting for:\n");
  await one.daemon.stop();
  const again = await stage.instance("one");
  await until("it drains, too", () => isDraining(stage, "org.ser2net.Ser2net1.one"));
  t.equal(await (await Client.connect(t, again.port)).untilEnd(), REFUSED);
  t.equal(draining.process.exitCode, null);
  await client.close();
  t.match(await stage.ended(draining), { code: 0, output: "" });
});

t.test("without a bus, by the control port", async t => {
  const stage = await drainStage(t);
  const one = await stage.instance(null, { args: [] });
  const where = ["-p", `127.0.0.1,${one.daemon.controlPort}`];
  const client = await talk(t, one);
  t.match(await stage.ask("drain", "--max", "0", ...where), { code: 1, output: addressOf(client) });
  t.equal(await (await Client.connect(t, one.port)).untilEnd(), REFUSED);
  const waiting = stage.command("drain", ...where);
  await waiting.errors.expect("Waiting for:\n");
  await client.close();
  t.match(await stage.ended(waiting), { code: 0, output: "" });
  t.same(await stage.ask("undrain", ...where), { code: 0, output: "", errors: "" });
  await talk(t, one);
  for (let sessions = 0; sessions < 4; sessions++) await one.daemon.control();
  t.match(await stage.ask("busy", ...where), { code: 2, errors: /: Too many controller ports\n$/ }, "cannot tell");
});

t.test("without a bus, by the local socket", { skip: process.getuid?.() !== 0 && "needs root" }, async t => {
  const stage = await drainStage(t);
  await stage.bus.kill();
  const name = `drain-test-${process.pid}`;
  const folder = `/run/ser2net/${name}`;
  mkdirSync(folder, { recursive: true });
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const one = await stage.instance(null, { args: ["--control-socket", `${folder}/control`] });
  t.same(await stage.ask("busy", "--instance", name), { code: 0, output: "", errors: "" });
  const client = await talk(t, one);
  t.match(await stage.ask("busy", "--instance", name), { code: 1, output: addressOf(client) });
  t.match(await stage.ask("busy"), { code: 1, output: addressOf(client) }, "with others that there may be");
  t.match(await stage.ask("drain", "--max", "0", "--instance", name), { code: 1, output: addressOf(client) });
  t.equal(await (await Client.connect(t, one.port)).untilEnd(), REFUSED);
  t.match(await stage.ask("undrain", "--instance", name), { code: 0, errors: "" });
  t.match(await stage.ask("busy", "--instance", `${name}-none`), { code: 3, output: "", errors: "no bus at" });
});
