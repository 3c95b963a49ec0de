/** Rotators, and several network ports that lead to one device. */
import { readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client, isRefused } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

interface Rack {
  readonly daemon: Daemon;
  readonly rotator: number;
  readonly ports: readonly number[];
  readonly devices: readonly PtyDevice[];
}

/** A rotator before as many ports as `options` has; `order` is the rotator's list, by index. */
async function serveRack(t: Test, options: readonly string[], order = options.map((_, at) => at)): Promise<Rack> {
  const next = await portNumbers(t);
  const [controlPort, rotator] = [await next(), await next()];
  const ports: number[] = [];
  const devices: PtyDevice[] = [];
  for (const _ of options) {
    ports.push(await next());
    devices.push(PtyDevice.open(t));
  }
  const lines = options.map((words, at) => {
    const [state = "raw", ...rest] = words.split(" ");
    return `127.0.0.1,${ports[at]}:${state}:0:${devices[at]?.path}:9600 ${rest.join(" ")}`;
  });
  const list = order.map(at => `127.0.0.1,${ports[at]}`).join(" ");
  const config = [`ROTATOR:127.0.0.1,${rotator}:${list}`, "BANNER:b:\\p\\r\\n", ...lines];
  return { daemon: await Daemon.start(t, { controlPort, config }), rotator, ports, devices };
}

/** Calls the rotator and says which device answers; -1 when there is none. */
async function call(t: Test, rack: Rack): Promise<{ readonly client: Client; readonly at: number }> {
  const client = await Client.connect(t, rack.rotator);
  client.send("who?");
  const at = await until("an answer", () => {
    if (client.ended) return "none";
    const found = rack.devices.findIndex(device => device.text.includes("who?"));
    return found < 0 ? null : `${found}`;
  });
  if (at === "none") return { client, at: -1 };
  await rack.devices[Number(at)]?.expect("who?");
  return { client, at: Number(at) };
}

t.test("each peer gets the next free port of the list, round and round", async t => {
  const rack = await serveRack(t, ["raw", "raw", "raw"], [2, 0, 1]);
  const calls = [await call(t, rack), await call(t, rack), await call(t, rack)];
  t.same(
    calls.map(({ at }) => at),
    [2, 0, 1],
  );
  const { client, at } = await call(t, rack);
  t.equal(at, -1);
  t.equal(await client.untilEnd(), "No free port found\r\n");
  await calls[1]?.client.close();
  await until("it is free again", async () => (await rack.daemon.ask("showport")).includes("  unconnected\r\n"));
  t.equal((await call(t, rack)).at, 0, "the one that is free");
});

t.test("it starts after the port it found last", async t => {
  const rack = await serveRack(t, ["raw", "raw"]);
  const found: number[] = [];
  for (let round = 0; round < 4; round++) {
    const { client, at } = await call(t, rack);
    found.push(at);
    await client.close();
    await until(
      "both are free",
      async () => (await rack.daemon.ask("showport")).split("state: unconnected").length === 5,
    );
  }
  t.same(found, [0, 1, 0, 1]);
});

t.test("its peers are like others: banner, address in showport, no slot for a second one", async t => {
  const rack = await serveRack(t, ["telnet b"]);
  const { client, at } = await call(t, rack);
  t.equal(at, 0);
  t.equal(
    await client.expect("\r\n"),
    `\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01\xff\xfd\x00\xff\xfb\x00127.0.0.1,${rack.ports[0]}\r\n`,
  );
  t.match(await rack.daemon.ask("showport"), `connected to: 127.0.0.1,${client.socket.localPort}\r\n`);
  const direct = await Client.connect(t, rack.ports[0] ?? 0);
  t.equal(await direct.untilEnd(), "Port already in use\r\n");
});

t.test("ports that are off, closed to the peer, or unknown are passed over; no peer is kicked off", async t => {
  const rack = await serveRack(t, ["off", "raw remaddr=127.0.0.77,0", "raw kickolduser", "raw max-connections=2"]);
  t.equal((await call(t, rack)).at, 2);
  t.equal((await call(t, rack)).at, 3);
  t.equal((await call(t, rack)).at, -1, "not even one place of a port that has two");
  t.equal(await rack.daemon.ask(`setportenable 127.0.0.1,${rack.ports[0]} raw`), "");
  t.equal((await call(t, rack)).at, 0);
});

t.test("a port whose device is used by another port is passed over", async t => {
  const next = await portNumbers(t);
  const [controlPort, rotator, a, b, c] = [await next(), await next(), await next(), await next(), await next()];
  const [shared, own] = [PtyDevice.open(t), PtyDevice.open(t)];
  const line = (port: number, device: PtyDevice) => `127.0.0.1,${port}:raw:0:${device.path}:9600`;
  const list = `127.0.0.1,${b} 127.0.0.1,1 127.0.0.1,${c}`;
  const config = [line(a, shared), line(b, shared), line(c, own), `ROTATOR:127.0.0.1,${rotator}:${list}`];
  await Daemon.start(t, { controlPort, config });
  const direct = await Client.connect(t, a);
  direct.send("x");
  await shared.expect("x");
  const client = await Client.connect(t, rotator);
  client.send("y");
  t.equal(await own.expect("y"), "y");
});

t.test("SIGHUP: a new list counts, a removed rotator is gone, its connections stay", async t => {
  const rack = await serveRack(t, ["raw", "raw"], [0]);
  const { client } = await call(t, rack);
  const inode = () => socketInode(rack.rotator);
  const before = inode();
  const lines = rack.devices.map((device, at) => `127.0.0.1,${rack.ports[at]}:raw:0:${device.path}:9600`);
  rack.daemon.hup([...lines, `ROTATOR:127.0.0.1,${rack.rotator}:127.0.0.1,${rack.ports[1]}`]);
  const second = await until("the new list counts", async () => {
    const { client, at } = await call(t, rack);
    return at < 0 ? null : { client, at };
  });
  t.equal(second.at, 1);
  t.equal(inode(), before, "the listening socket is the same: no peer is refused meanwhile");
  rack.daemon.hup(lines);
  await until("it refuses", () => isRefused(rack.rotator));
  client.send("still");
  await rack.devices[0]?.expect("still");
});

t.test("several network ports, TCP and UDP, share a device: one at a time, the others are told", async t => {
  const next = await portNumbers(t);
  const [controlPort, raw, telnet, udp] = [await next(), await next(), await next(), await next()];
  const device = PtyDevice.open(t);
  const link = join(temporaryFolder(t), "console");
  symlinkSync(device.path, link);
  const config = [
    `DEVICE:dev:${device.path}`,
    `127.0.0.1,${raw}:raw:0:${device.path}:9600`,
    `127.0.0.1,${telnet}:telnet:0:dev:19200 EVEN`,
    `udp,127.0.0.1,${udp}:raw:0:${link}:38400`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config });
  const free = () =>
    until("all are free", async () => (await daemon.ask("showport")).split("state: unconnected").length === 7);
  const refused = "Port's device already in use\r\n";

  const one = await Client.connect(t, raw);
  one.send("one");
  await device.expect("one");
  t.equal(await (await Client.connect(t, telnet)).untilEnd(), refused, "before any negotiation");
  const peer = await UdpPeer.open(t, udp);
  peer.send("three");
  t.equal(await peer.next(), refused, "under another name, too");
  device.send("for one");
  await one.expect("for one");
  await one.close();
  await free();

  const two = await Client.connect(t, telnet);
  two.send("two");
  await device.expect("two");
  t.equal(await (await Client.connect(t, raw)).untilEnd(), refused);
  await two.close();
  await free();

  peer.send("three");
  t.equal(await device.expect("three"), "three", "and what was refused is not delivered later");
  t.equal(await (await Client.connect(t, raw)).untilEnd(), refused);
});

/** The inode of the TCP socket that listens on a port. */
function socketInode(port: number): string | undefined {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const rows = readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .map(row => row.trim().split(/\s+/));
  return rows.find(([, local, , state]) => local?.endsWith(`:${hex}`) && state === "0A")?.[9];
}
