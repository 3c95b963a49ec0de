/** SOL consoles over restarts and kills of the daemon: the BMC sees one session, and the peers one connection. */
import { readFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { askControlPort, Client } from "../support/client.js";
import { type BmcOptions, FakeBmc } from "../support/fake-bmc.js";
import { Installed } from "../support/installed.js";
import { startSimulator } from "../support/ipmi-sim.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { serveSol } from "../support/sol-ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const TOOK_OVER = /took over 1 connection, 1 device/;
/** Both ways together what a BMC with packets of 60 bytes carries, on a busy machine too. */
const BYTES_PER_MS = 3;
const ANEW = /the session of the last run cannot be continued \((.*)\): logs in anew/;

async function served(t: Test, options: Partial<BmcOptions> = {}, words = "115200") {
  const next = await portNumbers(t);
  const [port, controlPort] = [await next(), await next()];
  const bmc = await FakeBmc.start(options);
  t.teardown(() => bmc.stop());
  const device = `sol.lan -U ipmiusr -P test -p ${bmc.port} 127.0.0.1`;
  const config = [`127.0.0.1,${port}:raw:0:${device}:${words}`];
  const manager = await ServiceManager.start(t, { controlPort, config });
  const client = await Client.connect(t, port);
  await until("SOL is active", () => bmc.sol);
  const logins = () => bmc.events.filter(event => event.startsWith("open")).length;
  const received = () => Buffer.concat(bmc.sol?.received ?? []).toString("latin1");
  const log = () => manager.running.errors.text;
  /** Bytes that the port has taken from its connection. */
  const taken = async () =>
    Number(/bytes read from TCP: (\d+)/.exec(await askControlPort(t, controlPort, "showport"))?.[1]);
  return { bmc, manager, client, logins, received, log, taken, name: `127.0.0.1,${port}`, device };
}

t.test("numbered streams both ways go through restarts without a loss, and kills double nothing", async t => {
  const { bmc, manager, client, logins, received, log } = await served(t, { mode: "sink" });
  const up = new NumberedStream(text => client.send(text), BYTES_PER_MS);
  const down = new NumberedStream(text => bmc.sol?.print(Buffer.from(text)), BYTES_PER_MS);
  for (const stream of [up, down]) stream.start();
  const arriveMore = async () => {
    const before = [received().length, client.socket.bytesRead] as const;
    const isMore = () => received().length > before[0] + 500 && client.socket.bytesRead > before[1] + 500;
    await until("bytes both ways", isMore);
  };
  for (let round = 0; round < 3; round++) {
    await arriveMore();
    t.match(await manager.restart(), TOOK_OVER);
  }
  await arriveMore();
  const [lastUp, lastDown] = [up.stop(), down.stop()];
  const text = await client.expect(lastDown);
  await until("all has arrived", () => received().endsWith(lastUp));
  t.match(judge(text), { lost: 0, doubled: 0, torn: 0 }, "from the BMC");
  t.match(judge(received()), { lost: 0, doubled: 0, torn: 0 }, "to the BMC");

  const begin = received().length;
  const [upAgain, downAgain] = [
    new NumberedStream(text => client.send(text), BYTES_PER_MS),
    new NumberedStream(text => bmc.sol?.print(Buffer.from(text)), BYTES_PER_MS),
  ];
  for (const stream of [upAgain, downAgain]) stream.start();
  for (let round = 0; round < 6; round++) {
    await arriveMore();
    t.match(await manager.restart("SIGKILL"), TOOK_OVER);
  }
  await arriveMore();
  const [lastUpAgain, lastDownAgain] = [upAgain.stop(), downAgain.stop()];
  const [arrivedDown, arrivedUp] = [await client.expect(lastDownAgain), () => received().slice(begin)];
  await until("all has arrived", () => arrivedUp().endsWith(lastUpAgain));
  t.equal(judge(arrivedDown).doubled, 0, `from the BMC over kills: ${JSON.stringify(judge(arrivedDown))}`);
  t.equal(judge(arrivedUp()).doubled, 0, `to the BMC over kills: ${JSON.stringify(judge(arrivedUp()))}`);

  t.equal(logins(), 1, "one login");
  t.equal(bmc.sessions.size, 1);
  t.notMatch(log(), ANEW);
  await client.close();
  await until("the session is closed", () => bmc.sessions.size === 0);
  await manager.storesOnly(3, "two listening sockets and the journal");
});

t.test("what the BMC has not acknowledged reaches it once, whatever of it was lost", async t => {
  const { bmc, manager, client, received, log, taken } = await served(t, { mode: "sink" });
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    bmc.faults.deaf = 1; // the packet is lost
    client.send("first,");
    await until("it was sent", () => bmc.faults.deaf === 0);
    const before = await taken();
    client.send("second,"); // it waits for the acknowledgement of the first one
    await until("it is read", async () => (await taken()) === before + 7);
    await manager.restart(signal);
    await until("both arrive", () => received().endsWith("second,"));
    t.equal(received(), "first,second,", signal);
    bmc.sol?.received.splice(0);
  }
  const { repeated } = bmc.sol ?? {};
  bmc.sol?.set("unavailable", true);
  client.send("third");
  await until("it is refused", () => bmc.sol?.seen.at(-1)?.data.toString() === "third");
  await manager.restart("SIGKILL");
  bmc.sol?.set("unavailable", false);
  await until("it arrives", () => received() === "third");
  t.equal(bmc.sol?.repeated, repeated, "no packet was taken for the one before");
  t.notMatch(log(), ANEW);
});

t.test("the keep-alive goes on at once, and a session that is not ours any more is logged in anew", async t => {
  const { bmc, manager, client, logins, log } = await served(t);
  const works = async (text: string) => {
    client.send(text);
    t.equal(await client.expect(text.toUpperCase()), text.toUpperCase());
  };
  const owned = () => bmc.commands.filter(command => command === "64b").length;
  await works("one");
  const asked = owned();
  await manager.restart();
  await until("the BMC is asked for the owner", () => owned() > asked);
  await works("two");
  t.equal(logins(), 1);

  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const before = logins();
    await manager.end(signal);
    bmc.takeAway();
    t.match(await manager.again(), TOOK_OVER);
    await until("it logs in anew", () => logins() > before && bmc.sol !== null);
    await works(`after ${signal}`);
    t.equal(logins(), before + 1);
  }
  t.same(log().match(new RegExp(ANEW, "g"))?.length, 2, "one line each");
  t.match(log(), "(another session has taken Serial over LAN)");
});

t.test("a BMC that has forgotten the session, and one that does not answer at all", async t => {
  const { bmc, manager, client, logins, log } = await served(t);
  client.send("one");
  await client.expect("ONE");
  await manager.end();
  bmc.forget();
  await manager.again();
  await until("it logs in anew", () => logins() === 2 && bmc.sol !== null);
  client.send("two");
  t.equal(await client.expect("TWO"), "TWO");
  t.match(log(), "(the BMC does not answer)");
  await manager.end();
  bmc.takeAway();
  bmc.set({ users: {} });
  await manager.again();
  await client.untilEnd();
  t.match(log(), "the BMC refuses the user name");
  t.equal(log().match(new RegExp(ANEW, "g"))?.length, 2);
});

t.test("a damaged slot of the record costs no session, and a record that cannot be read a login", async t => {
  const { manager, client, logins, received, log } = await served(t, { mode: "sink" });
  const type = async (text: string) => {
    const before = received();
    client.send(text);
    await until(`${text} arrives`, () => received().length >= before.length + text.length);
    t.equal(received(), before + text);
  };
  const damage = async (change: (slots: Buffer) => void) => {
    const devices = async () => (await manager.stored()).filter(one => one.startsWith("d-"));
    await until("the socket and the record are stored", async () => (await devices()).length === 2);
    const name = (await devices()).at(-1) ?? ""; // the socket is before it
    const slots = await manager.content(name);
    await manager.end("SIGKILL");
    change(slots);
    manager.replace(name, null);
    manager.put(name, slots, "open");
  };
  for (const text of ["ab", "cd", "ef"]) await type(text);
  for (const round of [1, 2, 3]) {
    await damage(slots => {
      const newest = slots.readBigUInt64LE(0) > slots.readBigUInt64LE(4096) ? 0 : 4096;
      slots.fill(0xff, newest + 30, newest + 200);
    });
    t.match(await manager.again(), TOOK_OVER);
    await type(`round ${round}`);
    await type("and more");
  }
  t.equal(logins(), 1);
  t.notMatch(log(), "anew");

  await damage(slots => slots.fill(0xff));
  await manager.again();
  await until("it logs in anew", () => logins() === 2 || /in use/.test(log()));
  t.match(log(), "nothing is known of the session of the last run: logs in anew");
});

t.test("a changed line of the configuration counts for the next session; another device ends this one", async t => {
  const { bmc, manager, client, logins, name, device } = await served(t, {}, "115200 -authenticated");
  const works = async () => {
    client.send("x");
    t.equal(await client.expect("X"), "X");
  };
  await works();
  await manager.end();
  writeFileSync(manager.configFile, `${name}:raw:0:${device}:9600 -encrypted\n`);
  t.match(await manager.again(), TOOK_OVER);
  await works();
  t.equal(logins(), 1);
  await manager.end();
  writeFileSync(
    manager.configFile,
    readFileSync(manager.configFile, "latin1").replace("sol.lan", "sol.lan -L operator"),
  );
  await manager.again();
  await client.untilEnd();
  await until("the session is closed", () => bmc.sessions.size === 0);
});

t.test("a console goes on over an upgrade in place, without a service manager", async t => {
  const installed = new Installed(t);
  const start = { program: installed.program };
  const { daemon, ports } = await serveSol(t, { one: { state: "telnet", options: "115200 remctl" } }, start);
  const { bmc, connect } = ports.one;
  const client = await connect();
  for (const text of ["one", "two", "three"]) {
    client.send(text);
    t.match(await client.expect(text.toUpperCase()), text.toUpperCase());
    t.match(await installed.upgrade(t, String(daemon.pid)), { code: 0, output: "took over 1 connection, 1 device" });
  }
  client.send("four");
  await client.expect("FOUR");
  t.equal(bmc.events.filter(event => event.startsWith("open")).length, 1, "one login");
  t.same(await daemon.stop(), { code: 0, signal: null });
  t.equal(bmc.sessions.size, 0, "it logs out at the end");
});

t.test("a console of ipmi_sim goes on", needs("ipmi_sim"), async t => {
  const next = await portNumbers(t);
  const [port, udpPort] = [await next(), await next()];
  const server = PtyDevice.open(t);
  startSimulator(t, udpPort, server.path);
  const device = `sol.lan -U ipmiusr -P test -p ${udpPort} 127.0.0.1`;
  const manager = await ServiceManager.start(t, { config: [`127.0.0.1,${port}:raw:0:${device}:115200 hold=10`] });
  const client = await Client.connect(t, port);
  const both = async (text: string) => {
    client.send(text);
    t.equal(await server.expect(text), text);
    server.send(text.toUpperCase());
    t.equal(await client.expect(text.toUpperCase()), text.toUpperCase());
  };
  await both("begin");
  for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL"] as const) {
    t.match(await manager.restart(signal), TOOK_OVER);
    await both(`after ${signal}`);
  }
  t.notMatch(manager.running.errors.text, ANEW);
});
