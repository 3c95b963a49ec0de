/** Many ports, many peers, much data. */
import { readdirSync, readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

t.setTimeout(600_000); // slow machines; a working daemon needs a fraction

t.test("256 configured ports: all listen, first and last serve", async t => {
  const next = await portNumbers(t);
  const controlPort = await next();
  const ports: number[] = [];
  while (ports.length < 256) ports.push(await next());
  const devices = [PtyDevice.echo(t), PtyDevice.echo(t)];
  const config = ports.map((port, i) => `127.0.0.1,${port}:raw:0:${devices[i % 2]?.path}:9600`);
  const daemon = await Daemon.start(t, { controlPort, config });
  const rows = (await daemon.ask("showshortport")).trimEnd().split("\r\n").slice(1);
  t.equal(rows.length, 256);
  for (const port of [ports[0], ports[255]]) {
    const client = await Client.connect(t, port ?? 0);
    client.send("hello");
    t.equal(await client.expect("hello"), "hello");
  }
  t.same(await daemon.stop(), { code: 0, signal: null });
});

t.test("48 peers at the same moment, each of a port of its own, are all served", async t => {
  const { ports } = await serveEchoes(t, 48);
  const clients = await Promise.all(ports.map(port => Client.connect(t, port)));
  for (const [i, client] of clients.entries()) client.send(`peer ${i}\n`);
  const answers = await Promise.all(clients.map(client => client.expect("\n")));
  t.same(
    answers,
    ports.map((_, i) => `peer ${i}\n`),
  );
});

t.test("48 peers of one port at the same moment all share its device", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=48`];
  await Daemon.start(t, { controlPort, config });
  const clients = await Promise.all(Array.from({ length: 48 }, () => Client.connect(t, port)));
  for (const client of clients) client.send("x");
  t.equal(await device.expectBytes(48), "x".repeat(48));
  device.send("to all of you");
  for (const client of clients) await client.expect("to all of you");
  t.equal(await (await Client.connect(t, port)).untilEnd(), "Port already in use\r\n", "and no 49th");
});

t.test("10,000 connections leave memory and descriptors where they were", async t => {
  const { daemon, ports } = await serveEchoes(t, 40);
  const cycles = async (count: number) => {
    let left = count;
    const useOnce = async (port: number) => {
      while (left-- > 0) await callOnce(t, port);
    };
    await Promise.all(ports.map(useOnce));
    await until("all ports are free", async () => !(await daemon.ask("showport")).includes("connected to:"));
  };
  await cycles(10_000); // what is made once and kept: compiled code, and the heap's working size
  const before = footprint(daemon.pid);
  await cycles(10_000);
  await until("all descriptors are closed", () => footprint(daemon.pid).descriptors === before.descriptors);
  const grown = footprint(daemon.pid).kilobytes - before.kilobytes;
  t.ok(grown < MAX_GROWN_KB, `memory grew by ${grown} KB, less than a KB a connection`);
});

/** One connection leaked would keep far more than this / 10,000. */
const MAX_GROWN_KB = 8_192;

async function serveEchoes(t: Test, count: number) {
  const next = await portNumbers(t);
  const controlPort = await next();
  const ports: number[] = [];
  const config: string[] = [];
  while (ports.length < count) {
    const port = await next();
    ports.push(port);
    config.push(`127.0.0.1,${port}:raw:0:${PtyDevice.echo(t).path}:115200`);
  }
  return { ports, daemon: await Daemon.start(t, { controlPort, config }) };
}

/** Connects, is served, leaves. A port that has not yet seen the last one end refuses: then it tries again. */
async function callOnce(t: Test, port: number): Promise<void> {
  for (;;) {
    const client = await Client.connect(t, port);
    client.send("!");
    const answer = await client.expectBytes(1).catch(() => "");
    await client.close();
    if (answer === "!") return;
  }
}

/** Memory is what only this process has and has written to. */
function footprint(pid: number): { readonly descriptors: number; readonly kilobytes: number } {
  const dirty = /^Private_Dirty: +(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return { descriptors: readdirSync(`/proc/${pid}/fd`).length, kilobytes: Number(dirty?.[1]) };
}
