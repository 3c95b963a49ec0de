/** What can go wrong over a restart, or in the time between two processes. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

/** Ports of that state, each with a device and a connection that works. */
async function serve(t: Test, states: readonly string[], limit = 4096) {
  const next = await portNumbers(t);
  const ports: { port: number; device: PtyDevice; line: string }[] = [];
  for (const state of states) {
    const [port, device] = [await next(), PtyDevice.open(t)];
    ports.push({ port, device, line: `127.0.0.1,${port}:${state}:0:${device.path}:9600 max-connections=2` });
  }
  const manager = await ServiceManager.start(t, { config: ports.map(({ line }) => line), limit });
  const served: { client: Client; device: PtyDevice; line: string; port: number }[] = [];
  for (const one of ports) {
    const client = await Client.connect(t, one.port);
    client.send("x");
    await one.device.expect("x");
    served.push({ ...one, client });
  }
  return { manager, served };
}

/** Bytes pass both ways. */
async function works(t: Test, { client, device }: { client: Client; device: PtyDevice }, what: string) {
  client.send("up");
  t.equal(await device.expect("up"), "up", what);
  device.send("down");
  t.equal(await client.expect("down"), "down", what);
}

t.test("the configuration is another one: only what has no place in it any more ends", async t => {
  const { manager, served } = await serve(t, ["raw", "raw", "raw", "raw"]);
  const [gone, moved, changed, same] = served;
  if (gone === undefined || moved === undefined || changed === undefined || same === undefined) return;
  const other = PtyDevice.open(t);
  await manager.end();
  const config = [
    moved.line.replace(moved.device.path, other.path),
    changed.line.replace(":raw:0:", ":telnet:50:").replace(":9600", ":19200"),
    same.line,
  ];
  writeFileSync(manager.configFile, config.join("\n"));
  t.match(await manager.again(), /took over 2 connections, 2 devices/);
  t.equal(await gone.client.untilEnd(), "", "no such port");
  t.equal(await moved.client.untilEnd(), "", "another device");
  await works(t, changed, "a connection stays raw on a port that is telnet now");
  await works(t, same, "nothing has changed");
  await manager.storesOnly(8, "three sockets, two connections, two devices, the journal");
  const client = await Client.connect(t, moved.port);
  await works(t, { client, device: other }, "the other device serves");
});

t.test("a state that is damaged, hostile or open to others costs no connection", async t => {
  const { manager, served } = await serve(t, ["raw", "telnet"]);
  const inside = '{"ports":[{"name":{"a":[[[]]]}}],"connections":1e999}';
  const states: readonly (readonly [string, string, "sealed" | "open"])[] = [
    ["empty", "", "sealed"],
    ["garbage", "\0\xff".repeat(50_000), "sealed"],
    ["truncated", "ser2net-state 1 1.0.0 100000 0000", "sealed"],
    ["a wrong sum", `ser2net-state 1 1.0.0 ${inside.length} ${"0".repeat(64)}\n${inside}`, "sealed"],
    ["of a later format", `ser2net-state 2 9.0.0 ${inside.length} ${"0".repeat(64)}\n${inside}`, "sealed"],
    ["open to others", "ser2net-state 1 1.0.0 0 0\n", "open"],
  ];
  for (const [what, text, seal] of states) {
    await manager.end("SIGKILL");
    manager.put("state", Buffer.from(text, "latin1"), seal);
    t.match(await manager.again(), /took over 2 connections, 2 devices, 0 bytes/, what);
    for (const one of served) {
      one.client.send("up");
      t.equal(await one.device.expect("up"), "up", what);
    }
    t.notOk((await manager.stored()).includes("state"), "it is used once");
  }
  await manager.end("SIGKILL");
  for (const name of ["c-zzz", "d-1z", "l-9", "u-a", "m-b", "t-c", "j-d", "stored"]) {
    manager.put(name, Buffer.from("ser2net-state 1 1.0.0 0 0\n"), "open");
  }
  t.match(await manager.again(), /took over 2 connections/, "descriptors that are not what their name says");
  await manager.storesOnly(7, "two sockets, two connections, two devices, the journal");
});

t.test("restarts follow each other faster than the service can start", async t => {
  const { manager, served } = await serve(t, ["raw"]);
  const [one] = served;
  if (one === undefined) return;
  for (const signal of ["SIGTERM", "SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL", "SIGTERM"] as const) {
    one.client.send("a");
    await manager.end(signal);
    manager.tell("start");
    await manager.next("started");
  }
  await manager.readyText();
  t.equal(await one.device.expect("a".repeat(6)), "a".repeat(6), "none is lost");
  await works(t, one, "in the end");
});

t.test("peers and devices that go in between are noticed", async t => {
  const { manager, served } = await serve(t, ["raw", "raw", "raw"]);
  const [leaving, unplugged, same] = served;
  if (leaving === undefined || unplugged === undefined || same === undefined) return;
  await manager.end();
  leaving.client.send("last words");
  leaving.client.finish();
  unplugged.device.close();
  await manager.again();
  t.equal(await leaving.device.expect("words"), "last words");
  t.equal(await leaving.client.untilEnd(), "");
  t.match(await unplugged.client.untilEnd(), /^(Device open failure: .*)?$/s);
  await works(t, same, "the others go on");
  await manager.storesOnly(6, "three sockets, one connection, one device, the journal");
});

t.test("what the store has no room for ends, and the log says so", async t => {
  const { manager, served } = await serve(t, ["raw", "raw"], 5);
  const [kept, ended] = served;
  if (kept === undefined || ended === undefined) return;
  t.match(await manager.restart(), /took over 1 connection, 1 device/);
  t.equal(await ended.client.untilEnd(), "");
  await works(t, kept, "the one that had room");
  t.match(await manager.running.errors.expect("restart: 1"), "not kept");
});

t.test("a thousand connections go on, and descriptors do not add up", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:115200 max-connections=1000`];
  const manager = await ServiceManager.start(t, { config });
  const clients: Client[] = [];
  for (let at = 0; at < 1000; at++) clients.push(await Client.connect(t, port));
  clients[999]?.send("all");
  await device.expect("all");
  await until("all of them are stored", async () => (await manager.stored()).length === 1003);
  const descriptors = () => readdirSync(`/proc/${manager.pid}/fd`).length;
  const before = { descriptors: descriptors(), stored: (await manager.stored()).length };
  for (let round = 0; round < 3; round++) {
    t.match(await manager.restart(round === 1 ? "SIGKILL" : "SIGTERM"), /took over 1000 connections, 1 device/);
    device.send("!");
    for (const client of clients) await client.expect("!");
    t.same({ descriptors: descriptors(), stored: (await manager.stored()).length }, before);
  }
  t.match(readFileSync(`/proc/${manager.pid}/status`, "latin1"), /VmRSS/);
});
