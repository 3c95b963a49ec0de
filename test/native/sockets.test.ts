import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, rmSync } from "node:fs";
import { connect, createServer, type Socket } from "node:net";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import t, { type Test } from "tap";
import { read, write } from "../../service/native/descriptors.js";
import { EAGAIN, EPIPE } from "../../service/native/errors.js";
import { READABLE, Watch } from "../../service/native/poll.js";
import {
  accept,
  bindUdp,
  listenTcp,
  localAddress,
  peerAddress,
  receiveFrom,
  sendTo,
  sendUnix,
  setKeepalive,
  setNoDelay,
  setOobInline,
  setUserTimeout,
  socketKind,
  unixDatagram,
} from "../../service/native/sockets.js";
import { openPair } from "../support/pty-pair.js";
import { until } from "../support/wait.js";

const { ECONNREFUSED } = constants.errno;

type Received = NonNullable<ReturnType<typeof receiveFrom>>;

const OPEN = { v6only: false, backlog: 16 };
const hasPython = spawnSync("python3", ["-c", "import socket"]).status === 0;
const NO_PYTHON = hasPython ? {} : { skip: "no python3" };

/** Closes the descriptor after the test. */
function kept(t: Test, fd: number): number {
  t.teardown(() => closeSync(fd));
  return fd;
}

function readable(fd: number): Promise<void> {
  return new Promise(resolve => {
    const watch = new Watch(fd, () => {
      watch.close();
      resolve();
    });
    watch.arm(READABLE);
  });
}

async function accepted(t: Test, listener: number) {
  await readable(listener);
  const taken = accept(listener);
  if (taken === null) throw new Error("no connection waits");
  kept(t, taken.fd);
  return taken;
}

/** A client by Node's own sockets and our end of the connection. */
async function connection(t: Test): Promise<{ fd: number; client: Socket }> {
  const listener = kept(t, listenTcp("127.0.0.1", 0, OPEN));
  const client = connect(localAddress(listener).port, "127.0.0.1");
  client.on("error", () => {});
  t.teardown(() => client.destroy());
  const { fd } = await accepted(t, listener);
  return { fd, client };
}

function received(fd: number, into: Uint8Array): Promise<Received> {
  return until("a datagram", () => receiveFrom(fd, into));
}

async function readAll(fd: number): Promise<string> {
  const into = new Uint8Array(100);
  let text = "";
  for (;;) {
    const length = read(fd, into);
    if (length === -EAGAIN) await readable(fd);
    else if (length <= 0) return text;
    else text += Buffer.from(into.subarray(0, length)).toString("latin1");
  }
}

t.test("the empty address accepts both families; IPv4 peers appear mapped", async t => {
  const listener = kept(t, listenTcp("", 0, OPEN));
  const { port } = localAddress(listener);
  t.match(localAddress(listener), { family: "ipv6", address: "::" });
  t.equal(accept(listener), null, "no connection waits yet");
  for (const [host, seen] of [
    ["127.0.0.1", "::ffff:127.0.0.1"],
    ["::1", "::1"],
  ] as const) {
    const client = connect(port, host);
    t.teardown(() => client.destroy());
    const taken = await accepted(t, listener);
    await (client.connecting ? once(client, "connect") : undefined);
    t.match(taken, { address: seen, port: client.localPort });
    t.same(peerAddress(taken.fd), { family: "ipv6", address: seen, port: client.localPort });
    t.equal(localAddress(taken.fd).port, port);
  }
});

t.test("an IPv6-only listener leaves the port to IPv4", async t => {
  const v6 = kept(t, listenTcp("::", 0, { v6only: true, backlog: 1 }));
  const { port } = localAddress(v6);
  const v4 = kept(t, listenTcp("0.0.0.0", port, OPEN));
  t.same(localAddress(v4), { family: "ipv4", address: "0.0.0.0", port });
  t.throws(() => listenTcp("0.0.0.0", port, OPEN), { code: "EADDRINUSE", call: "listenTcp" });
});

t.test("only numeric addresses are taken", async t => {
  for (const address of ["localhost", "127.1", "1", "127.0.0.1 ", "::1%nosuchif", "[::1]", "a".repeat(5000), "::\0"])
    t.throws(() => listenTcp(address, 0, OPEN), TypeError, address.slice(0, 20));
  t.throws(() => listenTcp("192.0.2.1", 0, OPEN), { code: "EADDRNOTAVAIL", reason: "Cannot assign requested address" });
  t.throws(() => listenTcp("127.0.0.1", 65_536, OPEN), TypeError);
  const scoped = kept(t, listenTcp("::1%lo", 0, OPEN));
  t.match(localAddress(scoped).address, /^::1/);
});

t.test("what is written arrives; a write to a peer that is gone gives EPIPE", async t => {
  const { fd, client } = await connection(t);
  setKeepalive(fd, { idleSeconds: 30, intervalSeconds: 5, count: 3 });
  setKeepalive(fd);
  setUserTimeout(fd, 60_000);
  setNoDelay(fd);
  const received: Buffer[] = [];
  client.on("data", chunk => received.push(chunk));
  t.equal(write(fd, Buffer.from("to you")), 6);
  await until("the bytes", () => Buffer.concat(received).toString() === "to you");
  client.destroy();
  await until("EPIPE", () => write(fd, Buffer.from("more")) === -EPIPE);
});

t.test("what a peer sends is read to its end", async t => {
  const { fd, client } = await connection(t);
  client.end("to me");
  t.equal(await readAll(fd), "to me");
});

t.test("a stream has a limit", async t => {
  const { fd } = await connection(t);
  const chunk = new Uint8Array(1 << 20);
  let result = 1;
  for (let i = 0; i < 100 && result > 0; i++) result = write(fd, chunk);
  t.equal(result, -EAGAIN);
});

t.test("options of TCP fail on a descriptor that is not a socket", async t => {
  const { slave } = openPair(t);
  const noSocket = { code: "ENOTSOCK" };
  t.throws(() => setKeepalive(slave), noSocket);
  t.throws(() => setUserTimeout(slave, 1), noSocket);
  t.throws(() => setNoDelay(slave), noSocket);
  t.throws(() => setOobInline(slave), noSocket);
  t.throws(() => accept(slave), noSocket);
  t.throws(() => localAddress(slave), noSocket);
  t.throws(() => peerAddress(slave), noSocket);
  t.throws(() => receiveFrom(slave, new Uint8Array(1)), noSocket);
});

t.test("an urgent byte stays in the stream", NO_PYTHON, async t => {
  const listener = kept(t, listenTcp("127.0.0.1", 0, OPEN));
  const script = `import socket,sys
s = socket.create_connection(("127.0.0.1", ${localAddress(listener).port}))
sys.stdin.read(1)
s.send(b"ab")
s.send(b"!", socket.MSG_OOB)
s.send(b"cd")
s.close()`;
  const python = spawn("python3", ["-c", script], { stdio: ["pipe", "ignore", "inherit"] });
  const { fd } = await accepted(t, listener);
  setOobInline(fd);
  python.stdin.end("x");
  await once(python, "exit");
  await readable(fd);
  t.equal(read(fd, new Uint8Array(100)), 2, "a read stops at the mark");
  t.equal(await readAll(fd), "!cd");
});

t.test("inherited descriptors are told apart", async t => {
  const { slave } = openPair(t);
  t.equal(socketKind(slave), null);
  t.throws(() => socketKind(1_000_000), { code: "EBADF" });
  const listener = kept(t, listenTcp("127.0.0.1", 0, OPEN));
  t.same(socketKind(listener), { type: "stream", listening: true, family: "ipv4" });
  const udp = kept(t, bindUdp("::1", 0, { v6only: false }));
  t.same(socketKind(udp), { type: "datagram", listening: false, family: "ipv6" });
  const { fd } = await connection(t);
  t.same(socketKind(fd), { type: "stream", listening: false, family: "ipv4" });
  t.same(socketKind(kept(t, unixDatagram())), { type: "datagram", listening: false, family: "unix" });
});

t.test("a unix socket has its path as address, or none", async t => {
  const path = join(tmpdir(), `kernel-test-${process.pid}.sock`);
  const server = createServer().listen(path);
  await once(server, "listening");
  t.teardown(() => server.close());
  const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
  t.same(localAddress(fd), { family: "unix", address: path, port: 0 });
  t.same(localAddress(kept(t, unixDatagram())), { family: "unix", address: "", port: 0 });
});

t.test("datagrams keep their bounds, the empty one too", async t => {
  const here = kept(t, bindUdp("127.0.0.1", 0, { v6only: false }));
  const there = kept(t, bindUdp("127.0.0.1", 0, { v6only: false }));
  const from = { address: "127.0.0.1", port: localAddress(there).port };
  const into = new Uint8Array(4);
  t.equal(receiveFrom(here, into), null);
  for (const text of ["abc", "", "too long"])
    t.equal(sendTo(there, Buffer.from(text), "127.0.0.1", localAddress(here).port), text.length);
  t.same(await received(here, into), { length: 3, ...from });
  t.same(await received(here, into), { length: 0, ...from });
  t.same(await received(here, into), { length: 4, ...from }, "cut to the buffer");
  t.equal(Buffer.from(into).toString(), "too ");
  t.equal(receiveFrom(here, into), null);
});

t.test("a dual-stack UDP socket takes and reaches IPv4 peers", async t => {
  const dual = kept(t, bindUdp("", 0, { v6only: false }));
  const v4 = kept(t, bindUdp("127.0.0.1", 0, { v6only: false }));
  const into = new Uint8Array(10);
  sendTo(v4, Buffer.from("x"), "127.0.0.1", localAddress(dual).port);
  t.match(await received(dual, into), { length: 1, address: "::ffff:127.0.0.1", port: localAddress(v4).port });
  for (const address of ["::ffff:127.0.0.1", "127.0.0.1"]) {
    t.equal(sendTo(dual, Buffer.from("yz"), address, localAddress(v4).port), 2);
    t.match(await received(v4, into), { length: 2, address: "127.0.0.1", port: localAddress(dual).port });
  }
});

t.test("a datagram without a receiver is an error number", async t => {
  const udp = kept(t, bindUdp("127.0.0.1", 0, { v6only: false }));
  t.ok(sendTo(udp, new Uint8Array(70_000), "127.0.0.1", 9) < 0, "too large");
  t.ok(sendTo(udp, new Uint8Array(1), "::1", 9) < 0, "the other family");
  t.throws(() => sendTo(udp, new Uint8Array(1), "localhost", 9), TypeError);
  const unix = kept(t, unixDatagram());
  t.equal(sendUnix(unix, "@native-test-unbound", new Uint8Array(1)), -ECONNREFUSED);
  t.equal(sendUnix(unix, "/nonexistent/notify", new Uint8Array(1)), -2);
});

const HERE = `kernel-test-notify-${process.pid}`;
for (const name of [`@${HERE}`, join(tmpdir(), HERE)])
  t.test(`a datagram to ${name} carries text`, NO_PYTHON, async t => {
    if (!name.startsWith("@")) t.teardown(() => rmSync(name, { force: true }));
    const script = `import socket,sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1].replace("@", "\\0") if sys.argv[1][0] == "@" else sys.argv[1])
print("bound", flush=True)
print(s.recv(100).decode(), flush=True)`;
    const python = spawn("python3", ["-c", script, name], { stdio: ["ignore", "pipe", "inherit"] });
    const lines = createInterface(python.stdout)[Symbol.asyncIterator]();
    t.equal((await lines.next()).value, "bound");
    const unix = kept(t, unixDatagram());
    t.equal(sendUnix(unix, name, Buffer.from("READY=1")), 7);
    t.equal((await lines.next()).value, "READY=1");
  });
