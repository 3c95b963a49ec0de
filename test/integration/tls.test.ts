import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import type { Pair } from "../support/certificates.js";
import { Client, isRefused } from "../support/client.js";
import { Daemon, run, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { alice, authority, bob, LINES, server, TlsClient } from "../support/tls-stage.js";
import { until } from "../support/wait.js";

t.test("a control port: who may only watch looks, and attaches to watch", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.echo(t);
  const config = join(temporaryFolder(t), "ser2net.conf");
  writeFileSync(config, [...LINES, `127.0.0.1,${port}:raw:0:${device.path}:9600`, ""].join("\n"));
  const daemon = run(t, ["-d", "-u", "-c", config, "-p", `tls:people,127.0.0.1,${controlPort}`]);
  await until("it listens", async () => !(await isRefused(controlPort)));
  const session = async (pair: Pair): Promise<TlsClient> => {
    const client = await TlsClient.connect(t, controlPort, pair);
    await client.expect("-> ");
    return client;
  };
  const [writer, watcher] = [await session(alice), await session(bob)];
  watcher.socket.write(`setporttimeout 127.0.0.1,${port} 60\r`);
  await watcher.expect("Permission denied: setporttimeout needs a certificate in allow=");
  watcher.socket.write(`attach ${port}\r`);
  await watcher.expect("Permission denied: attach needs a certificate in allow=; attach ... watch does not");
  watcher.socket.write(`attach ${port} watch\r`);
  await watcher.expect("watching");
  watcher.socket.end();
  await watcher.untilEnd();
  writer.socket.write(`attach ${port}\r`);
  await writer.expect("writer");
  writer.socket.write("typed");
  await writer.expect("typed");
  await daemon.errors.expect("(alice) connected");
  daemon.process.kill("SIGTERM");
  t.match(await writer.untilEnd(), /.*/);
  t.ok(writer.socket.readableEnded, "the end of TLS came, and not only that of TCP");
  t.same(await daemon.exit(), { code: 0, signal: null });
});

t.test("a reload takes a new certificate and drops no connection; one that has expired changes nothing", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const folder = temporaryFolder(t);
  const pair = { cert: join(folder, "board.crt"), key: join(folder, "board.key") };
  const install = (from: Pair): void => {
    copyFileSync(from.cert, pair.cert);
    copyFileSync(from.key, pair.key);
  };
  install(server);
  const config = [
    `TLS:board:cert=${pair.cert} key=${pair.key}`,
    `127.0.0.1,${port}:raw:0:${PtyDevice.echo(t).path}:9600 tls=board max-connections=9`,
  ];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  const fingerprint = (client: TlsClient): string => client.socket.getPeerCertificate().fingerprint256;
  const first = await TlsClient.connect(t, port);
  install(authority.issue("second", { names: "DNS:localhost" }));
  daemon.hup(config);
  await daemon.running.errors.expect("TLS board has a new certificate or new settings");
  const second = await TlsClient.connect(t, port);
  t.not(fingerprint(second), fingerprint(first));
  install(authority.issue("old", { names: "DNS:localhost", days: -1 }));
  daemon.hup(config);
  await daemon.running.errors.expect(/TLS board stays as it was: cert=.* it has expired/);
  writeFileSync(pair.key, "no key");
  daemon.hup(config);
  await daemon.running.errors.expect(/TLS board stays as it was: key=/);
  daemon.hup([`TLS:board:cert=${pair.cert}`, ...config.slice(1)]);
  await daemon.running.errors.expect("TLS board: key= is missing on line 1");
  const third = await TlsClient.connect(t, port);
  t.equal(fingerprint(third), fingerprint(second), "the last good one");
  const people = () => daemon.ask(`who 127.0.0.1,${port}`);
  await until("all are attached", async () => (await people()).match(/ writer /g)?.length === 3);
  first.socket.write("all are there");
  for (const one of [first, second, third]) t.equal(await one.expect("all are there"), "all are there");
  t.same(await daemon.stop(), { code: 0, signal: null });
  for (const one of [first, second, third]) {
    await one.untilEnd();
    t.ok(one.socket.readableEnded, "in order");
  }
});

t.test("--check says what is wrong with the files", async t => {
  const old = authority.issue("expired", { days: -1 });
  const config = join(temporaryFolder(t), "ser2net.conf");
  const pair = (cert: string, key: string): string => `cert=${cert} key=${key}`;
  writeFileSync(
    config,
    [
      `TLS:a:${pair("/nowhere.crt", server.key)}`,
      `TLS:b:${pair(server.cert, alice.key)}`,
      `TLS:c:${pair(old.cert, old.key)}`,
      `TLS:d:${pair(server.cert, "/")}`,
      `TLS:e:${pair(server.cert, config)}`,
      "TLS:f:psk=%d/keys",
      `TLS:g:${pair(server.cert, server.key)} ciphers=NOSUCH`,
      `TLS:h:${pair(server.cert, server.key)} nosuch=1`,
      "CONTROLPORT:tls:nosuch,2000",
      "udp,3001:raw:0:/dev/ttyS0:9600 tls=a",
      "3002:raw:0:/dev/ttyS0:9600 nosuchtext tls=gone",
      "",
    ].join("\n"),
  );
  const { code, output } = await runToEnd(t, ["--check", "-c", config]);
  t.equal(code, 1);
  const said = output.split("\n").map(line => line.replace(config, "").replaceAll(authority.folder, ""));
  for (const wanted of [
    ":1:1: TLS a: cert=/nowhere.crt: No such file or directory on line 1",
    ":2:1: TLS b: key=/alice.key: it is not the key of cert=/localhost.crt on line 2",
    /^:3:1: TLS c: cert=\/expired.crt: it has expired on .* on line 3$/,
    ":4:1: TLS d: key=/: it is a directory, not a regular file on line 4",
    /^:5:1: TLS e: key=.*: .* on line 5$/,
    ":6:1: TLS f: psk=%d/keys: there are no credentials of systemd ($CREDENTIALS_DIRECTORY) on line 6",
    /^:7:1: TLS g: .*no cipher match on line 7$/,
    /^:8:\d+: TLS h: not an option: nosuch=1 on line 8 /,
    "-C:0:1: TLS nosuch of the control port is not defined (its peers are refused)",
    /^:10:1: port number was invalid on line 10 \(expected a TCP port\)$/,
  ] as const) {
    t.ok(
      said.some(line => (typeof wanted === "string" ? line === wanted : wanted.test(line))),
      String(wanted),
    );
  }
  t.comment(output);
});

t.test(
  "a port whose TLS line is missing is served to no peer, and peers that say nothing do not hold up others",
  async t => {
    const next = await portNumbers(t);
    const [controlPort, missing, behind, port] = [await next(), await next(), await next(), await next()];
    const line = (number: number, words: string) => `127.0.0.1,${number}:raw:0:${PtyDevice.echo(t).path}:9600 ${words}`;
    const config = [
      `TLS:board:cert=${server.cert} key=${server.key}`,
      line(missing, "tls=nosuch"),
      line(behind, "nosuchbanner tls=board"),
      line(port, "tls=board"),
      `ROTATOR:${await next()}:127.0.0.1,${port}`,
    ];
    const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
    const refused = await Client.connect(t, missing);
    t.equal(await refused.untilEnd(), "");
    await daemon.running.errors.expect("is refused: there is no usable TLS line of that name");
    const plain = await Client.connect(t, behind);
    plain.send("in clear text\r\n");
    t.notMatch(await plain.untilEnd(), "in clear");
    const rotated = await Client.connect(t, Number(config.at(-1)?.split(":")[1]));
    t.equal(await rotated.untilEnd(), "No free port found\r\n");
    await Promise.all(Array.from({ length: 100 }, () => Client.connect(t, port)));
    const client = await TlsClient.connect(t, port);
    client.socket.write("typed");
    t.equal(await client.expect("typed"), "typed");
  },
);
