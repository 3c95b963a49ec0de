import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { listenTcp as listenSocket } from "../../service/native/sockets.js";
import { type Link, LinkError, type Listener } from "../../service/net/link.js";
import { adoptTcp, listenTcp } from "../../service/net/tcp.js";
import { Client } from "../support/client.js";
import { runProgram } from "../support/daemon.js";
import { PATIENCE_MS } from "../support/incoming.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const SPEC = { family: "any", transport: "tcp", host: "127.0.0.1", port: 0 } as const;
const HERE = [{ address: "127.0.0.1", v6only: true }];

interface UdpSocket {
  readonly listener: Listener;
  readonly port: number;
  readonly links: Link[];
  readonly failures: string[];
}

function serve(t: Test, addresses = HERE): UdpSocket {
  const links: Link[] = [];
  const failures: string[] = [];
  const events = { accepted: (link: Link) => void links.push(link), failed: (why: string) => void failures.push(why) };
  const listener = listenTcp(SPEC, addresses, events);
  t.teardown(() => {
    listener.close();
    for (const link of links) link.close();
  });
  return { listener, port: listener.addresses[0]?.port ?? 0, links, failures };
}

async function meet(t: Test): Promise<{ listener: UdpSocket; client: Client; link: Link }> {
  const listener = serve(t);
  const client = await Client.connect(t, listener.port);
  const link = await until("the peer", () => listener.links[0]);
  return { listener, client, link };
}

/** The bytes that have arrived, as text; `(end)` after the last one. */
function take(link: Link): string {
  const into = new Uint8Array(65_536);
  const count = link.read(into);
  return count < 0 ? "(end)" : Buffer.from(into.subarray(0, count)).toString("latin1");
}

/** Waits until there is something to read. */
function readable(link: Link): Promise<void> {
  return new Promise(resolve => link.whenReadable(resolve));
}

t.test("a peer has an address, bytes pass both ways, an end is an end", async t => {
  const { listener, client, link } = await meet(t);
  t.same(link.peer, { address: "127.0.0.1", port: client.socket.localPort });
  t.same(link.local(), { address: "127.0.0.1", port: listener.port });
  t.equal(link.read(new Uint8Array(10)), 0, "nothing yet");
  client.send("hello");
  await readable(link);
  t.equal(take(link), "hello");
  t.equal(link.write(Buffer.from("world")), 5);
  await client.expect("world");
  client.finish();
  await readable(link);
  t.equal(take(link), "(end)");
});

t.test("a dual-stack socket shows IPv4 peers as IPv4-mapped addresses", async t => {
  const listener = serve(t, [{ address: "::", v6only: false }]);
  await Client.connect(t, listener.port);
  const link = await until("the peer", () => listener.links[0]);
  t.equal(link.peer.address, "::ffff:127.0.0.1");
});

t.test("a peer that does not read fills its link, which tells when there is room again", async t => {
  const { client, link } = await meet(t);
  client.socket.pause();
  const chunk = new Uint8Array(65_536).fill(1);
  let sent = 0;
  await until("a full link", () => {
    for (let count = 1; count > 0; sent += count) count = link.write(chunk);
    return link.write(chunk) === 0;
  });
  let writable = false;
  link.whenWritable(() => {
    writable = true;
  });
  client.socket.resume();
  await until("room", () => writable);
  await client.expectBytes(sent);
});

t.test("what was written before close arrives, though the peer still sends", async t => {
  const { client, link } = await meet(t);
  client.send("unread ".repeat(1000));
  await readable(link);
  link.write(Buffer.from("last words"));
  link.close();
  link.close();
  t.equal(await client.untilEnd(), "last words");
  t.notOk(client.reset);
});

t.test("a reset is an error of the link, for a read and for a write", async t => {
  const { client, link } = await meet(t);
  const gone = readable(link);
  client.socket.resetAndDestroy();
  await gone;
  try {
    take(link);
    t.fail("it was read");
  } catch (error) {
    t.ok(error instanceof LinkError);
    t.match(error, { code: "reset", reason: "Connection reset by peer" });
  }
  t.throws(() => link.write(Buffer.from("x")), { code: "pipe", reason: "Broken pipe" });
});

t.test("a reset is reported without a reader too, an orderly end is not", async t => {
  for (const [end, told] of [
    ["reset", 1],
    ["FIN", 0],
  ] as const) {
    const { client, link } = await meet(t);
    let breaks = 0;
    link.whenBroken?.(() => breaks++);
    client.send("unread");
    await until("it is there", () => take(link) === "unread");
    client.send("more");
    if (end === "reset") client.socket.resetAndDestroy();
    else client.finish();
    if (end === "FIN") await until("the end", () => take(link) === "(end)");
    else await until("the news", () => breaks > 0);
    t.equal(breaks, told, end);
  }
});

t.test("urgent data stays in the stream once asked for", needs("python3"), async t => {
  const python =
    "import socket,sys;s=socket.create_connection(('127.0.0.1',int(sys.argv[1])));s.send(b'a');s.recv(1);s.send(b'b\\xff\\xf2',socket.MSG_OOB);s.send(b'c');s.recv(1)";
  const listener = serve(t);
  runProgram(t, "python3", ["-c", python, String(listener.port)]);
  const link = await until("the peer", () => listener.links[0]);
  link.keepUrgentInline?.();
  link.write(Buffer.from("."));
  let text = "";
  await until("all of it", () => {
    text += take(link);
    return text.length === 5;
  });
  t.equal(text, "ab\xff\xf2c");
  link.write(Buffer.from("."));
});

t.test("while it does not accept, peers wait; then they are served, with what they sent", async t => {
  const listener = serve(t);
  listener.listener.accepting = false;
  const clients: Client[] = [];
  for (let count = 0; count < 40; count++) clients.push(await Client.connect(t, listener.port));
  for (const [index, client] of clients.entries()) client.send(`${index};`);
  await new Promise(resolve => setImmediate(resolve));
  t.equal(listener.links.length, 0);
  listener.listener.accepting = true;
  t.ok(listener.listener.accepting);
  await until("all of them", () => listener.links.length === 40);
  for (const link of listener.links) link.write(Buffer.from("hi"));
  for (const client of clients) await client.expect("hi");
});

t.test("it stops in the middle of a storm of peers when it is told to", async t => {
  const links: Link[] = [];
  const listener = listenTcp(SPEC, HERE, {
    accepted: link => {
      links.push(link);
      listener.accepting = links.length % 5 !== 0;
    },
    failed: () => {},
  });
  t.teardown(() => {
    listener.close();
    for (const link of links) link.close();
  });
  listener.accepting = false;
  for (let count = 0; count < 12; count++) await Client.connect(t, listener.addresses[0]?.port ?? 0);
  listener.accepting = true;
  await until("five", () => links.length === 5);
  await new Promise(resolve => setImmediate(resolve));
  t.equal(links.length, 5);
  listener.accepting = true;
  await until("five more", () => links.length === 10);
  listener.accepting = true;
  await until("the rest", () => links.length === 12);
});

t.test("a closed listener refuses", async t => {
  const listener = serve(t);
  t.notOk(listener.listener.isBroken);
  listener.listener.close();
  listener.listener.close();
  t.notOk(listener.listener.isBroken, "it was asked to");
  const socket: Socket = connect(listener.port, "127.0.0.1");
  const [error] = await once(socket, "error");
  t.equal(error.code, "ECONNREFUSED");
});

t.test("addresses that cannot be opened are skipped; when none can, why", async t => {
  const listener = serve(t, [{ address: "192.0.2.1", v6only: true }, ...HERE]);
  t.equal(listener.listener.addresses.length, 1);
  const taken = { ...SPEC, port: listener.port };
  const events = { accepted: () => {}, failed: () => {} };
  t.throws(() => listenTcp(taken, HERE, events), { name: "SystemError", code: "EADDRINUSE" });
});

t.test("a handed-over socket is given back at close, still open", async t => {
  const fd = listenSocket("127.0.0.1", 0, { v6only: true, backlog: 16 });
  t.teardown(() => closeSync(fd));
  const given: number[] = [];
  const links: Link[] = [];
  const events = { accepted: (link: Link) => void links.push(link), failed: () => {} };
  const listener = adoptTcp([fd], events, back => given.push(...back));
  const port = listener.addresses[0]?.port ?? 0;
  await Client.connect(t, port);
  await until("the peer", () => links.length === 1);
  listener.close();
  t.same(given, [fd]);
  await Client.connect(t, port); // the kernel still accepts connections
  const again = adoptTcp([fd], events, () => {});
  await until("the peer that connected meanwhile", () => links.length === 2);
  again.close();
  for (const link of links) link.close();
});

t.test("out of descriptors it says so, rests, and goes on", needs("prlimit"), async t => {
  const script = fileURLToPath(new URL("../support/descriptors-process.ts", import.meta.url));
  const child = spawnSync(process.execPath, [...process.execArgv, script], { encoding: "utf8", timeout: 60_000 });
  t.equal(child.stderr, "");
  t.same(JSON.parse(child.stdout), { failures: ["Too many open files"], acceptedBefore: 0, acceptedAfter: 1 });
});

const MAY_CUT = spawnSync("unshare", ["--net", "ip", "link", "set", "lo", "up"]).status === 0;

t.test(
  "a peer that stopped reading is there, one behind a cut cable is gone",
  MAY_CUT ? {} : { skip: "needs root" },
  async t => {
    const script = fileURLToPath(new URL("../support/gone-process.ts", import.meta.url));
    const args = ["--net", process.execPath, ...process.execArgv, script];
    const { stdout, stderr } = spawnSync("unshare", args, { encoding: "utf8", timeout: 3 * PATIENCE_MS });
    t.same(
      stdout.trim().split("\n"),
      ["paused: there", "cut while paused: gone", "cut with bytes under way: gone", "ended: true"],
      stderr,
    );
  },
);
