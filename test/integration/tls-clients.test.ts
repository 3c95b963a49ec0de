import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Authority } from "../support/certificates.js";
import { Client } from "../support/client.js";
import { Daemon, runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { alice, authority, bob, ca, LINES, mallory, TlsClient } from "../support/tls-stage.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

interface Served {
  readonly daemon: Daemon;
  /** Echoes what it gets. */
  readonly device: PtyDevice;
  readonly ports: Readonly<Record<"raw" | "telnet" | "people" | "visitors" | "keys", number>>;
}

/** One device of each port echoes. */
async function serve(t: Test): Promise<Served> {
  const next = await portNumbers(t);
  const device = PtyDevice.echo(t);
  const [controlPort, raw, telnet, people, visitors, keyed] = [
    ...[await next(), await next(), await next(), await next(), await next(), await next()],
  ] as [number, number, number, number, number, number];
  const line = (port: number, state: string, options: string, path = PtyDevice.echo(t).path): string =>
    `127.0.0.1,${port}:${state}:0:${path}:9600 ${options}`;
  const config = [
    ...LINES,
    line(raw, "raw", "tls=plain", device.path),
    line(telnet, "telnet", "remctl tls=plain"),
    line(people, "raw", "tls=people max-connections=3"),
    line(visitors, "raw", "tls=visitors max-connections=3"),
    line(keyed, "raw", "tls=keys"),
  ];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  return { daemon, device, ports: { raw, telnet, people, visitors, keys: keyed } };
}

const served = serve(t);

/** What it sends comes back, by the device. */
const PROGRAMS: readonly {
  readonly title: string;
  readonly to: keyof Served["ports"];
  readonly command: (port: number) => readonly [string, ...string[]];
  readonly env?: NodeJS.ProcessEnv;
}[] = [
  {
    title: "openssl s_client with the certificate verified",
    to: "raw",
    command: port => [
      "openssl",
      "s_client",
      "-quiet",
      "-verify_return_error",
      "-CAfile",
      ca,
      "-connect",
      `localhost:${port}`,
    ],
  },
  {
    title: "openssl s_client with TLS 1.2",
    to: "raw",
    command: port => ["openssl", "s_client", "-quiet", "-tls1_2", "-CAfile", ca, "-connect", `localhost:${port}`],
  },
  {
    title: "openssl s_client with a key that is shared before",
    to: "keys",
    command: port => [
      ...(["openssl", "s_client", "-quiet", "-psk_identity", "rack7"] as const),
      ...["-psk", "00112233445566778899aabbccddeeff", "-connect", `localhost:${port}`],
    ],
  },
  {
    title: "openssl s_client with a shared key and TLS 1.2",
    to: "keys",
    command: port => [
      ...(["openssl", "s_client", "-quiet", "-tls1_2", "-psk_identity", "rack7"] as const),
      ...["-psk", "00112233445566778899aabbccddeeff", "-connect", `localhost:${port}`],
    ],
  },
  {
    title: "socat with a certificate of its own",
    to: "people",
    command: port => [
      "socat",
      "-",
      `OPENSSL:localhost:${port},cafile=${ca},commonname=localhost,cert=${alice.cert},key=${alice.key}`,
    ],
  },
  {
    title: "gensiot of ser2net 4's library",
    to: "raw",
    command: port => ["gensiot", "-i", "stdio(self)", `ssl(CA=${ca}),tcp,localhost,${port}`],
  },
  {
    title: "gensiot with RFC 2217",
    to: "telnet",
    command: port => ["gensiot", "-i", "stdio(self)", `telnet(rfc2217=true),ssl(CA=${ca}),tcp,localhost,${port}`],
  },
  {
    title: "telnet-ssl of Debian", // it waits for ever behind the session tickets of TLS 1.3 (docs/tls.md)
    to: "telnet",
    env: { OPENSSL_CONF: olderTls() },
    command: port => ["telnet-ssl", "-z", "ssl", "-z", `cacert=${ca}`, "localhost", String(port)],
  },
  {
    title: "ssl of Python",
    to: "raw",
    command: port => ["/usr/bin/python3", "-c", PYTHON, String(port), ca],
  },
];

const PYTHON = `
import socket, ssl, sys, threading
context = ssl.create_default_context(cafile=sys.argv[2])
link = context.wrap_socket(socket.create_connection(("127.0.0.1", int(sys.argv[1]))), server_hostname="localhost")
def show():
    while True:
        got = link.recv(4096)
        if not got: return
        sys.stdout.buffer.write(got); sys.stdout.flush()
threading.Thread(target=show, daemon=True).start()
for line in sys.stdin.buffer: link.sendall(line)
`;

/** A configuration of OpenSSL without TLS 1.3. */
function olderTls(): string {
  const file = join(authority.folder, "openssl.cnf");
  const sections = ["openssl_conf = a", "[a]", "ssl_conf = b", "[b]", "system_default = c", "[c]"];
  writeFileSync(file, [...sections, "MaxProtocol = TLSv1.2", ""].join("\n"));
  return file;
}

for (const { title, to, command, env } of PROGRAMS) {
  const [program] = command(0);
  t.test(title, needs(program.split("/").at(-1) ?? program), async t => {
    const { daemon, ports } = await served;
    const [name, ...args] = command(ports[to]);
    const client = runProgram(t, name, args, env);
    await until(`${title} is connected`, async () => (await people(daemon, ports[to])).length === 1);
    client.process.stdin?.write("over the wire\n");
    t.match(await client.output.expect("he wire"), "he wire");
    client.process.kill();
    await until("the port is free", async () => (await people(daemon, ports[to])).length === 0);
  });
}

/** Lines of `who`, with one blank between words. */
async function people(daemon: Daemon, port: number): Promise<string[]> {
  const lines = (await daemon.ask(`who 127.0.0.1,${port}`)).split("\r\n").slice(1);
  return lines.filter(line => line !== "").map(line => line.replace(/ +/g, " "));
}

t.test("stunnel in front of a plain client", needs("stunnel"), async t => {
  const { ports } = await served;
  const local = await (await portNumbers(t))();
  const file = join(temporaryFolder(t), "stunnel.conf");
  const lines = ["foreground = yes", "pid =", "[console]", "client = yes", `accept = 127.0.0.1:${local}`];
  writeFileSync(
    file,
    [...lines, `connect = 127.0.0.1:${ports.raw}`, `CAfile = ${ca}`, "verifyChain = yes", ""].join("\n"),
  );
  const stunnel = runProgram(t, "stunnel", [file]);
  await stunnel.errors.expect("Configuration successful");
  const client = await Client.connect(t, local);
  client.send("over stunnel");
  t.equal(await client.expect("over stunnel"), "over stunnel");
  await client.close();
});

t.test("the names of a certificate decide who writes, who watches and who is refused", async t => {
  const { daemon, ports } = await served;
  const [writer, watcher] = [
    await TlsClient.connect(t, ports.people, alice),
    await TlsClient.connect(t, ports.people, bob),
  ];
  await until("both are there", async () => (await people(daemon, ports.people)).length === 2);
  watcher.socket.write("dropped");
  writer.socket.write("typed");
  t.equal(await watcher.expect("typed"), "typed", "the one who watches sees what the other typed, and not its own");
  await writer.expect("typed");
  const lines = await people(daemon, ports.people);
  t.match(
    lines.find(line => line.includes("(alice)")),
    / writer /,
  );
  const watching = lines.find(line => line.includes("(bob)")) ?? "";
  t.match(watching, / watching /);
  const answer = await daemon.ask(`take 127.0.0.1,${ports.people} ${watching.split(" ")[1]}`);
  t.match(answer, `bob may only watch 127.0.0.1,${ports.people}`);
  t.match(await daemon.ask("ports json"), '"user":"alice"');
  const stranger = await TlsClient.connect(t, ports.people, mallory);
  t.equal(await stranger.untilEnd(), "Access denied\r\n");
  const nameless = await TlsClient.connect(t, ports.people);
  t.equal(await nameless.untilEnd(), "Access denied\r\n");
  const other = await TlsClient.connect(t, ports.people, new Authority(t).issue("alice"));
  t.equal(await other.untilEnd(), "Access denied\r\n", "the same name by another authority");
  const log = daemon.running.errors;
  await log.expect(/127\.0\.0\.1,\d+ \(alice\) connected, device/);
  await log.expect(/127\.0\.0\.1,\d+ \(mallory\) refused: not in allow= or watch=/);
  await log.expect(/127\.0\.0\.1,\d+ refused: no certificate/);
  await log.expect(/127\.0\.0\.1,\d+ \(alice\) refused: (UNABLE_TO|SELF_SIGNED)/);
  for (const one of [writer, watcher]) one.socket.end();
  await until("all have left", async () => (await people(daemon, ports.people)).length === 0);
});

t.test("where a certificate is optional, those without one watch", async t => {
  const { daemon, ports } = await served;
  const [watcher, writer] = [
    await TlsClient.connect(t, ports.visitors),
    await TlsClient.connect(t, ports.visitors, mallory),
  ];
  await until("both are there", async () => (await people(daemon, ports.visitors)).length === 2);
  watcher.socket.write("dropped");
  writer.socket.write("typed");
  t.equal(await watcher.expect("typed"), "typed");
  for (const one of [writer, watcher]) one.socket.end();
});

t.test("a wrong key that is shared before, and garbage, end in the handshake", async t => {
  const { daemon, ports } = await served;
  const wrong = runProgram(t, "openssl", [
    ...["s_client", "-quiet", "-psk_identity", "rack7", "-psk", "ff".repeat(16)],
    ...["-connect", `127.0.0.1:${ports.keys}`],
  ]);
  await wrong.exit();
  await daemon.running.errors.expect(/TLS keys: 127\.0\.0\.1,\d+: the handshake failed: /);
  const garbage = await Client.connect(t, ports.raw);
  garbage.send("GET / HTTP/1.0\r\n\r\n");
  await garbage.untilEnd();
  await daemon.running.errors.expect(/TLS plain: 127\.0\.0\.1,\d+: the handshake failed: http request/);
  t.same(await people(daemon, ports.raw), []);
});

t.test("sessions are resumed, and a resumed one has its name", async t => {
  const { daemon, ports } = await served;
  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    const first = await TlsClient.connect(t, ports.people, alice, { maxVersion });
    let session: Buffer | undefined = first.socket.getSession();
    if (maxVersion === "TLSv1.3") [session] = (await once(first.socket, "session")) as [Buffer];
    first.socket.end();
    await first.untilEnd();
    const again = await TlsClient.connect(t, ports.people, alice, {
      maxVersion,
      ...(session === undefined ? {} : { session }),
    });
    t.ok(again.socket.isSessionReused(), maxVersion);
    await until("it is there", async () => (await people(daemon, ports.people)).some(line => line.includes("(alice)")));
    again.socket.end();
    await again.untilEnd();
  }
});

t.test("a peer that reads slowly gets all, and one that half-closes ends in order", async t => {
  const { ports } = await served;
  const slow = await TlsClient.connect(t, ports.raw);
  slow.socket.pause();
  const sent = "0123456789abcdef".repeat(65_536);
  slow.socket.write(sent);
  slow.socket.resume();
  t.equal(await slow.expectBytes(sent.length), sent, "1 MB there and back");
  slow.socket.end();
  t.equal(await slow.untilEnd(), "");
});
