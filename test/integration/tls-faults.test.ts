/** TLS with peers that misbehave, that are many, or that are slow. */
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:tls";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon, runProgram } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { authority, bob, ca, LINES, server, TlsClient } from "../support/tls-stage.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const MANY = 500;
const DAY_MS = 86_400_000;
/** As docs/tls.md says. */
const [MOST_RUNNING, MOST_PENDING] = [32, 512];
/** Connections to one port that the kernel keeps until they are accepted; more of them come in waves of seconds. */
const IN_BACKLOG = 120;

interface Served {
  readonly daemon: Daemon;
  readonly port: number;
  /** Served in clear text. */
  readonly plain: number;
  readonly device: PtyDevice;
  readonly plainDevice: PtyDevice;
}

/** A port by TLS and one in clear text. */
async function serve(t: Test, tls: string, device: PtyDevice, plainDevice = PtyDevice.open(t)): Promise<Served> {
  const next = await portNumbers(t);
  const [controlPort, port, plain] = [await next(), await next(), await next()];
  const config = [
    ...LINES,
    `127.0.0.1,${port}:raw:0:${device.path}:9600 tls=${tls} max-connections=8`,
    `127.0.0.1,${plain}:raw:0:${plainDevice.path}:9600`,
  ];
  return { daemon: await Daemon.start(t, { controlPort, config, foreground: "-d" }), port, plain, device, plainDevice };
}

t.test(
  "a new handshake within a connection is refused, and the next connection is served",
  needs("openssl"),
  async t => {
    const { port, device } = await serve(t, "plain", PtyDevice.open(t));
    const client = runProgram(t, "openssl", ["s_client", "-tls1_2", "-CAfile", ca, "-connect", `127.0.0.1:${port}`]);
    await client.output.expect("Verify return code: 0");
    client.process.stdin?.write("one\n");
    await device.expect("one\n");
    client.process.stdin?.write("R\n");
    await client.errors.expect(/:error:/);
    await client.exit();
    const again = await TlsClient.connect(t, port);
    again.socket.write("two");
    t.equal(await device.expect("two"), "two", "nothing of the attempt has come to the device");
  },
);

t.test("a peer that closes its side gets what the device had sent, as over plain TCP", async t => {
  const { port, plain, device, plainDevice, daemon } = await serve(t, "plain", PtyDevice.open(t));
  const overTls = await TlsClient.connect(t, port);
  const overTcp = await Client.connect(t, plain);
  const waiting = "from the device".repeat(64);
  for (const [client, far, name] of [
    [overTls, device, port],
    [overTcp, plainDevice, plain],
  ] as const) {
    client.socket.pause();
    client.socket.write("typed");
    t.equal(await far.expect("typed"), "typed");
    far.send(waiting);
    await until("it has been sent", async () => {
      const shown = await daemon.ask(`showport 127.0.0.1,${name}`);
      return shown.includes(`bytes written to TCP: ${waiting.length}`);
    });
    client.socket.end("last words");
    t.equal(await far.expect("last words"), "last words");
    client.socket.resume();
    t.equal(await client.untilEnd(), waiting);
    t.ok(client.socket.readableEnded, "in order");
  }
});

t.test("a peer that does not read stops the device, costs no memory, and loses nothing", async t => {
  const device = PtyDevice.open(t);
  const { daemon, port } = await serve(t, "plain", device);
  const memoryKb = (): number =>
    Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${daemon.pid}/status`, "latin1"))?.[1]);
  const client = await TlsClient.connect(t, port);
  client.socket.write("x");
  await device.expect("x");
  const sent = Array.from({ length: 2 ** 21 }, (_, number) => number.toString(16).padStart(8, "0")).join("");
  // V8 has compiled the way of the data, and the heap has its size, before the memory counts.
  device.send(sent);
  t.ok((await client.expectBytes(sent.length)) === sent, "all of it, in order");
  client.socket.pause();
  const before = memoryKb();
  device.send(sent);
  let last = device.unsent;
  let same = 0;
  await until("the device is stopped", () => {
    same = device.unsent === last ? same + 1 : 0;
    last = device.unsent;
    return same > 30;
  });
  const growth = memoryKb() - before;
  t.ok(device.unsent > sent.length / 4, `${device.unsent} bytes wait at the device`);
  t.ok(growth < 4096, `${growth} KB more`);
  client.socket.resume();
  t.ok((await client.expectBytes(sent.length)) === sent, "all of it, in order");
});

t.test("a certificate of a peer that has expired, or is not valid yet, is refused, and the log says so", async t => {
  const { daemon, port } = await serve(t, "people", PtyDevice.open(t));
  const names = "email:alice@example.com";
  const [old, early] = [
    authority.issue("alice-old", { names, days: -1 }),
    authority.issue("alice-early", { names, from: new Date(Date.now() + DAY_MS) }),
  ];
  for (const [pair, reason] of [
    [old, /\(alice-old\) refused: CERT_HAS_EXPIRED \(valid from .* to .* GMT; is the clock right\?\)/],
    [early, /\(alice-early\) refused: CERT_NOT_YET_VALID \(valid from .* GMT to .*; is the clock right\?\)/],
  ] as const) {
    const client = await TlsClient.connect(t, port, pair);
    t.equal(await client.untilEnd(), "Access denied\r\n");
    await daemon.running.errors.expect(reason);
  }
  t.equal((await TlsClient.connect(t, port, bob)).socket.authorized, true);
});

t.test(
  "connections that send nothing are refused above the limit, and others are served when they have left",
  async t => {
    const next = await portNumbers(t);
    const [controlPort, plain] = [await next(), await next()];
    const ports: number[] = [];
    while (ports.length * IN_BACKLOG < MOST_PENDING) ports.push(await next());
    const device = PtyDevice.echo(t);
    const [silentDevice, plainDevice] = [PtyDevice.open(t), PtyDevice.echo(t)];
    const config = [
      ...LINES,
      ...ports.map((port, at) => `127.0.0.1,${port}:raw:0:${(at === 0 ? device : silentDevice).path}:9600 tls=plain`),
      `127.0.0.1,${plain}:raw:0:${plainDevice.path}:9600`,
    ];
    const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
    const silent = await Promise.all(
      ports.flatMap(port => Array.from({ length: IN_BACKLOG }, () => Client.connect(t, port))),
    );
    await daemon.running.errors.expect("TLS plain: connections are refused: too many handshakes at a time");
    const above = silent.length - MOST_PENDING;
    await until("those above the limit are closed", () => silent.filter(({ ended }) => ended).length === above);
    const echo = await Client.connect(t, plain);
    echo.send("e");
    t.equal(await echo.expect("e"), "e");
    for (const client of silent) client.socket.destroy();
    const client = await until("there is room", async () => {
      const one = await TlsClient.connect(t, ports[0] ?? 0);
      return one.ended ? null : one;
    });
    client.socket.write("typed");
    t.equal(await client.expect("typed"), "typed");
  },
);

t.test("peers that leave within the handshake make room for the next one at once", async t => {
  const { daemon, port } = await serve(t, "plain", PtyDevice.echo(t));
  const options = {
    port,
    host: "127.0.0.1",
    servername: "localhost",
    ca: readFileSync(ca),
    minVersion: "TLSv1.3",
  } as const;
  await Promise.all(
    Array.from({ length: 2 * MOST_RUNNING }, () => {
      const socket = connect(options, () => socket.destroy()); // before its last message has been sent
      return once(socket, "close");
    }),
  );
  const client = await TlsClient.connect(t, port);
  client.socket.write("typed");
  t.equal(await client.expect("typed"), "typed");
  const told = await daemon.running.errors.expect("the handshake failed: the peer has ended the connection");
  t.notMatch(told + daemon.running.errors.text, "has not finished its handshake in time");
});

t.test("500 handshakes at once all come to their end, and a data port echoes meanwhile", async t => {
  const { daemon, port, plain } = await serve(t, "plain", PtyDevice.open(t), PtyDevice.echo(t));
  const echo = await Client.connect(t, plain);
  const [done, failed] = [new Set<number>(), [] as Error[]];
  const options = { port, host: "127.0.0.1", servername: "localhost", ca: readFileSync(ca) };
  const sockets = Array.from({ length: MANY }, (_, index) => {
    const socket = connect(options, () => done.add(index));
    socket.on("error", error => failed.push(error));
    return socket.resume();
  });
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  let echoes = 0;
  while (done.size + failed.length < MANY) {
    echo.send("e");
    t.equal(await echo.expect("e"), "e");
    echoes++;
  }
  t.same(failed, []);
  t.ok(echoes > 1, `${echoes} echoes`);
  t.equal(daemon.running.process.exitCode, null);
});

t.test("identities of shared keys write, watch or are refused", async t => {
  const key = Buffer.from("00112233445566778899aabbccddeeff", "hex");
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const keys = `${authority.folder}/more.psk`;
  writeFileSync(keys, ["rack7", "rack8", "rack9"].map(name => `${name}:${key.toString("hex")}\n`).join(""), {
    mode: 0o600,
  });
  const device = PtyDevice.echo(t);
  const config = [
    `TLS:keys:psk=${keys} allow=rack7 watch=rack8`,
    `127.0.0.1,${port}:raw:0:${device.path}:9600 tls=keys max-connections=8`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  const by = (identity: string): Promise<TlsClient> =>
    TlsClient.connect(t, port, null, {
      ...{ maxVersion: "TLSv1.2", ciphers: "PSK-AES128-GCM-SHA256" },
      ...{ pskCallback: () => ({ identity, psk: key }), checkServerIdentity: () => undefined },
    });
  const [writer, watcher, other] = [await by("rack7"), await by("rack8"), await by("rack9")];
  watcher.socket.write("dropped");
  writer.socket.write("typed");
  t.equal(await watcher.expect("typed"), "typed", "the one who watches sees it");
  t.equal(await writer.expect("typed"), "typed", "and its own bytes are dropped");
  t.equal(await other.untilEnd(), "Access denied\r\n");
  await daemon.running.errors.expect("(rack9) refused: not in allow= or watch=");
  await t.rejects(by("rack10"), { message: /unknown psk identity/ });
  await daemon.running.errors.expect("the handshake failed: ");
});

/** Says how the connection ends: Node takes the end of TCP alone for an end of TLS. */
const PYTHON = `
import socket, ssl, sys
context = ssl.create_default_context(cafile=sys.argv[2])
link = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost", suppress_ragged_eofs=False)
print("connected", flush=True)
try:
    while True:
        got = link.recv(4096)
        if not got: break
        print(got.decode(), flush=True)
    print("close_notify", flush=True)
except Exception as error: print(repr(error), flush=True)
`;

t.test("a restart ends TLS connections by close_notify, and plain ones go on", async t => {
  const next = await portNumbers(t);
  const [port, plain] = [await next(), await next()];
  const [device, plainDevice] = [PtyDevice.open(t), PtyDevice.echo(t)];
  const manager = await ServiceManager.start(t, {
    config: [
      `TLS:board:cert=${server.cert} key=${server.key}`,
      `127.0.0.1,${port}:raw:0:${device.path}:9600 tls=board max-connections=2`,
      `127.0.0.1,${plain}:raw:0:${plainDevice.path}:9600`,
    ],
  });
  const stays = await Client.connect(t, plain);
  for (const signal of ["SIGTERM", "SIGTERM"] as const) {
    const ends = runProgram(t, "python3", ["-c", PYTHON, String(port), ca]);
    await ends.output.expect("connected\n");
    device.send("before");
    await ends.output.expect("before\n");
    stays.send("kept");
    t.equal(await stays.expect("kept"), "kept");
    t.match(await manager.restart(signal), /took over 1 connection/);
    t.equal(await ends.output.untilEnd(), "close_notify\n");
  }
  stays.send("still there");
  t.equal(await stays.expect("still there"), "still there");
});
