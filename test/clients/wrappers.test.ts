/** TCP wrappers: hosts.allow and hosts.deny before every data port, rotator and control port. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { NEEDS_NAMESPACE, withPrivateFiles } from "../support/namespace.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

const DENIED = "Access denied\r\n";

interface Guarded {
  readonly daemon: Daemon;
  readonly folder: string;
  /** Dual-stack, behind `device`. */
  readonly port: number;
  readonly rotator: number;
  readonly udp: number;
  readonly device: PtyDevice;
  /** New tables, from now on. */
  tables(allow: string, deny: string): void;
  /** What a client receives: the refusal, or "" when the port serves it. */
  call(from?: string): Promise<string>;
}

async function serveGuarded(t: Test): Promise<Guarded> {
  const folder = temporaryFolder(t);
  const tables = (allow: string, deny: string) => {
    writeFileSync(join(folder, "hosts.allow"), allow);
    writeFileSync(join(folder, "hosts.deny"), deny);
  };
  tables("", "");
  const next = await portNumbers(t);
  const [controlPort, port, rotator, udp] = [await next(), await next(), await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [
    `${port}:raw:0:${device.path}:9600`,
    `udp,127.0.0.1,${udp}:raw:0:${device.path}:9600`,
    `ROTATOR:127.0.0.1,${rotator}:${port}`,
  ];
  const under = withPrivateFiles({ hosts: folder });
  const daemon = await Daemon.start(t, { controlPort, config, under, foreground: "-d" });
  const call = async (from = "127.0.0.1") => {
    const client = await Client.connect(t, port, "127.0.0.1", from);
    client.send(`${from}!`);
    await until("an answer", () => client.ended || device.text.includes(`${from}!`));
    if (client.ended) return client.text;
    await device.expect(`${from}!`);
    await client.close();
    const idle = "tcp to device state: unconnected";
    await until("the port is free", async () => (await daemon.ask(`showport ${port}`)).includes(idle));
    return "";
  };
  return { daemon, folder, port, rotator, udp, device, tables, call };
}

t.test(
  "tables are read for every peer; data ports and the control port have names of their own",
  NEEDS_NAMESPACE,
  async t => {
    const { daemon, tables, call, rotator } = await serveGuarded(t);
    t.equal(await call(), "", "empty tables admit every peer");
    tables("", "ser2net: ALL\n");
    t.equal(await call(), DENIED);
    t.equal(await (await Client.connect(t, rotator)).untilEnd(), DENIED, "the rotator is a data port");
    t.match(await daemon.ask("version"), /^ser2net version /, "the control port is not");
    tables("", "ser2net-control: ALL\n");
    t.equal(await call().catch(() => "control port denied"), "control port denied");
    t.equal(await (await Client.connect(t, daemon.controlPort)).untilEnd(), DENIED);
    tables("ALL: 127.0.0.1\n", "ALL: ALL\n");
    t.equal(await call(), "");
    t.equal(await call("127.0.0.2"), DENIED);
  },
);

t.test("the forms of a client pattern", NEEDS_NAMESPACE, async t => {
  const { tables, call } = await serveGuarded(t);
  // An IPv4 peer of a dual-stack port is matched by its IPv4 address.
  for (const [clients, one, two] of [
    ["127.0.0.2", DENIED, ""],
    ["127.0.0.", "", ""],
    ["127.0.0.0/255.255.255.254", "", DENIED],
    ["127.0.0.0/24", "", ""],
    ["127.0.0.? EXCEPT 127.0.0.1", DENIED, ""],
    ["localhost", "", DENIED],
    ["LOCAL EXCEPT 127.0.0.2", "", DENIED],
    ["[::1]", DENIED, DENIED],
    ["no.such.name", DENIED, DENIED],
  ] as const) {
    tables(`ser2net: ${clients}\nser2net-control: ALL\n`, "ALL: ALL\n");
    t.same([await call("127.0.0.1"), await call("127.0.0.2")], [one, two], clients);
  }
});

t.test("a denied peer is told nothing of the port; UDP is not checked", NEEDS_NAMESPACE, async t => {
  const { tables, port, udp, device, daemon } = await serveGuarded(t);
  const first = await Client.connect(t, port);
  first.send("first");
  await device.expect("first");
  tables("ser2net-control: ALL\n", "ALL: ALL\n");
  t.equal(await (await Client.connect(t, port)).untilEnd(), DENIED, "not that it is in use");
  first.send("still here");
  await device.expect("still here");
  await first.close();
  await until("it is free", async () => (await daemon.ask("showport")).split("state: unconnected").length === 5);
  const peer = await UdpPeer.open(t, udp);
  peer.send("datagram");
  t.equal(await device.expect("datagram"), "datagram");
});

t.test("options: spawn, banners, deny in the table that allows, twist", NEEDS_NAMESPACE, async t => {
  const { tables, call, folder } = await serveGuarded(t);
  const note = join(folder, "note");
  const control = "ser2net-control: ALL\n";
  tables(`ser2net: 127.0.0.1: spawn echo %d %a %A > ${note}\n${control}`, "ALL: ALL\n");
  t.equal(await call(), "");
  t.match(readFileSync(note, "latin1"), /^ser2net (::ffff:)?127\.0\.0\.1 (::ffff:)?127\.0\.0\.1\n$/);

  mkdirSync(join(folder, "banners"));
  writeFileSync(join(folder, "banners", "ser2net"), "hello %a\nnot today\n");
  tables(`ser2net: ALL: banners ${folder}/banners: deny\n${control}`, "");
  t.match(await call(), /^hello (::ffff:)?127\.0\.0\.1\r\nnot today\r\nAccess denied\r\n$/);

  rmSync(note);
  tables(`ser2net: ALL: twist echo %a > ${note}\n${control}`, "");
  t.equal(await call(), DENIED);
  t.notOk(existsSync(note), "the daemon does not become another program");
});

t.test("mistakes in the tables are said to the log, and deny rather than admit", NEEDS_NAMESPACE, async t => {
  const { tables, call, daemon } = await serveGuarded(t);
  const { errors } = daemon.running;
  tables("ser2net 127.0.0.1\nALL: ALL\n", "");
  t.equal(await call(), "");
  await errors.expect(/hosts\.allow, line 1: missing ":" separator/);
  tables("ser2net: ALL: nosuchoption\nser2net-control: ALL\n", "");
  t.equal(await call(), DENIED);
  await errors.expect(/hosts\.allow, line 1: .*bad option name/);
  tables("ser2net-control: ALL\n", "ser2net: 10.");
  t.equal(await call(), DENIED, "a last line without its end");
  await errors.expect(/hosts\.deny, line \d: missing newline/);
});

t.test("peers whose names take their time do not delay others", NEEDS_NAMESPACE, async t => {
  const { tables, call, folder } = await serveGuarded(t);
  const gate = join(folder, "gate");
  const wait = `aclexec while [ ! -e ${gate} ]; do sleep 0.01; done`;
  tables(`ser2net: 127.0.0.2: ${wait}\nALL: ALL\n`, "");
  const slow = call("127.0.0.2");
  t.equal(await call("127.0.0.1"), "", "meanwhile");
  writeFileSync(gate, "");
  t.equal(await slow, "");
});
