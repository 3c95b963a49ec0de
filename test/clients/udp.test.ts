/** UDP ports, as the manual page's section "UDP" has them. */
import { readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { hexToText, OPENING, textToHex } from "../support/com-port.js";
import { Daemon, runProgram } from "../support/daemon.js";
import { type PortLine, serveOnePort } from "../support/one-port.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { shows, talking, UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

const serveUdp = (t: Test, line: PortLine = {}, start = {}) => serveOnePort(t, { prefix: "udp,", ...line }, start);

for (const [program, args] of [
  ["socat", (port: number) => ["-", `UDP:127.0.0.1:${port}`]],
  ["nc", (port: number) => ["-u", "127.0.0.1", `${port}`]],
] as const) {
  t.test(`${program} talks to the device by datagrams`, needs(program), async t => {
    const { port, device } = await serveUdp(t);
    const client = runProgram(t, program, args(port));
    client.process.stdin?.write("question\n");
    t.equal(await device.expect("\n"), "question\n");
    device.send("answer\xff\0\n");
    t.equal(await client.output.expect("\n"), "answer\xff\0\n");
    client.process.stdin?.write("more\n");
    t.equal(await device.expect("\n"), "more\n");
    client.process.kill();
    await client.exit();
  });
}

/** Sends one datagram whose source is another's port. Needs the right to open raw sockets. */
const FORGE = `import socket, struct, sys
source, target = int(sys.argv[1]), int(sys.argv[2])
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
raw.bind(("127.0.0.1", 0))
raw.sendto(struct.pack("!HHHH", source, target, 9, 0) + b"x", ("127.0.0.1", 0))
`;
const MAY_FORGE = process.getuid?.() === 0 ? needs("python3") : { skip: "only root may forge a source" };

t.test("one forged datagram starts no exchange between two ports that admit neither", MAY_FORGE, async t => {
  const next = await portNumbers(t);
  const [controlPort, a, b] = [await next(), await next(), await next()];
  const line = (port: number) => `udp,127.0.0.1,${port}:raw:0:${PtyDevice.open(t).path}:9600 remaddr=udp,192.0.2.1,0`;
  const daemon = await Daemon.start(t, { controlPort, config: [line(a), line(b)], args: ["-d"] });
  const forger = runProgram(t, "python3", ["-c", FORGE, `${b}`, `${a}`]);
  t.same(await forger.exit(), { code: 0, signal: null });
  await daemon.running.errors.expect(`Port udp,127.0.0.1,${b}: refused datagrams from 127.0.0.1 are not answered`);
  const before = await sentBy(daemon);
  const peer = await UdpPeer.open(t, a);
  await until("another peer is answered", async () => {
    peer.send("y");
    return peer.datagrams.shift() === "Access denied\r\n";
  });
  // An exchange is thousands in a second; V8 writes to its threads now and then.
  const sent = (await sentBy(daemon)) - before;
  t.ok(sent < 500, `${sent} writes: the two ports send each other nothing`);
});

/** System calls that wrote, of the whole process, control sessions included. */
async function sentBy(daemon: Daemon): Promise<number> {
  await daemon.ask("version");
  return Number(/^syscw: (\d+)$/m.exec(readFileSync(`/proc/${daemon.running.process.pid}/io`, "latin1"))?.[1]);
}

t.test("a datagram opens the session: banner, openstr, then the datagram; showport knows its sender", async t => {
  const before = ["BANNER:b:hello from \\p to \\I\\r\\n", "OPENSTR:o:<open>", "CLOSESTR:c:<close>"];
  const { daemon, device, name, port } = await serveUdp(t, { before, options: "9600 b o c" });
  const peer = await UdpPeer.open(t, port);
  peer.send("data");
  t.equal(await device.expect("data"), "<open>data");
  t.equal(await peer.next(), `hello from ${name} to 127.0.0.1\r\n`, "a datagram of its own");
  t.match(await daemon.ask(`showport ${name}`), `  connected to: ${peer.name}\r\n`);
  t.equal(await daemon.ask(`disconnect ${name}`), "");
  t.equal(await device.expect("<close>"), "<close>");
  await shows(daemon, "  unconnected\r\n");

  const other = await UdpPeer.open(t, port);
  other.send("");
  t.equal(await other.next(), `hello from ${name} to 127.0.0.1\r\n`, "an empty datagram opens one like any other");
  t.equal(await device.expect("<open>"), "<open>");
  t.same(peer.datagrams, [], "the first peer heard nothing of its end");
});

t.test("large datagrams come to the device whole, and in order", async t => {
  const { device, port } = await serveUdp(t, { options: "4000000" });
  const peer = await UdpPeer.open(t, port);
  for (const [at, size] of [1, 65, 1472, 16_384, 16_385, 40_000, 65_507].entries()) {
    const text = Buffer.alloc(size, 97 + at).toString("latin1");
    peer.send(text);
    t.ok((await device.expectBytes(size)) === text, `${size} bytes`);
  }
});

t.test("device data is cut into datagrams of dev-to-net-bufsize", async t => {
  for (const [option, most] of [
    ["", 64],
    ["dev-to-net-bufsize=200", 200],
  ] as const) {
    const { device, port } = await serveUdp(t, { options: `4000000 ${option}` });
    const peer = await talking(t, port, device);
    const text = Buffer.from(Array.from({ length: 1000 }, (_, at) => 48 + (at % 70))).toString("latin1");
    device.send(text);
    const datagrams = await peer.bytes(text.length);
    t.equal(datagrams.join(""), text);
    t.ok(
      datagrams.every(datagram => datagram.length <= most && datagram.length > 0),
      `at most ${most}`,
    );
  }
});

t.test("telnet over UDP: negotiation and RFC 2217 in datagrams", async t => {
  const { device, port } = await serveUdp(t, { state: "telnet", options: "9600 remctl" });
  const peer = await UdpPeer.open(t, port);
  peer.send("a");
  await device.expect("a");
  t.equal(await peer.next(), hexToText(OPENING));
  peer.send(hexToText("fffb2c"));
  t.equal((await peer.bytes(10)).map(textToHex).join(""), "fffa2c6b00fff0fffd2c");
  peer.send(hexToText("62ffff fffa2c010000e100fff0 63"));
  t.equal(await device.expect("c"), "b\xffc");
  t.equal(textToHex(await peer.next()), "fffa2c650000e100fff0");
});

t.test("others are refused with the reason, once a second", async t => {
  const { device, port } = await serveUdp(t);
  const peer = await talking(t, port, device);
  const other = await UdpPeer.open(t, port);
  for (const round of ["once", "again"]) {
    const refusal = await until("a refusal", () => {
      other.send("me too");
      return other.datagrams.shift() ?? null;
    });
    t.equal(refusal, "Port already in use\r\n", round);
  }
  peer.send("mine");
  t.equal(await device.expect("mine"), "mine");

  const denied = await serveUdp(t, { options: "9600 remaddr=udp,127.0.0.77,0" });
  const stranger = await UdpPeer.open(t, denied.port);
  stranger.send("hello");
  t.equal(await stranger.next(), "Access denied\r\n");
});

t.test("a device that another port uses is refused; one that is not there is silence", async t => {
  const next = await portNumbers(t);
  const [controlPort, a, b, c] = [await next(), await next(), await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [a, b].map(port => `udp,127.0.0.1,${port}:raw:0:${device.path}:9600`);
  config.push(`udp,127.0.0.1,${c}:raw:0:/dev/no-such-tty:9600`);
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  await talking(t, a, device);
  const second = await UdpPeer.open(t, b);
  second.send("x");
  t.equal(await second.next(), "Port's device already in use\r\n");
  const third = await UdpPeer.open(t, c);
  third.send("x");
  await daemon.running.errors.expect(`Could not open device /dev/no-such-tty for port udp,127.0.0.1,${c}: No such`);
  await daemon.ask("version");
  t.same(third.datagrams, []);
});

t.test("kickolduser: the new peer's datagram is what the restarted session begins with", async t => {
  const before = ["OPENSTR:o:<open>", "CLOSESTR:c:<close>"];
  const { device, port } = await serveUdp(t, { before, options: "9600 kickolduser o c" });
  const old = await talking(t, port, device, "old");
  const fresh = await UdpPeer.open(t, port);
  fresh.send("new");
  t.equal(await device.expect("new"), "<close><open>new");
  device.send("for you");
  t.equal(await fresh.next(), "for you");
  t.same(old.datagrams, [], "the old one is told nothing");
});

t.test("max-connections: all peers get the device's data", async t => {
  const { device, port } = await serveUdp(t, { options: "9600 max-connections=2" });
  const peers = [await talking(t, port, device, "one"), await talking(t, port, device, "two")];
  device.send("both");
  for (const peer of peers) t.equal(await peer.next(), "both");
});

t.test("empty datagrams keep a connection alive, silence ends it", async t => {
  const next = await portNumbers(t);
  const [controlPort, a, b] = [await next(), await next(), await next()];
  const [one, two] = [PtyDevice.open(t), PtyDevice.open(t)];
  const config = ["BANNER:b:banner", `udp,127.0.0.1,${a}:raw:1:${one.path}:9600 b`];
  config.push(`udp,127.0.0.1,${b}:raw:1:${two.path}:9600 b`);
  const daemon = await Daemon.start(t, { controlPort, config });
  const [busy, idle] = [await talking(t, a, one), await talking(t, b, two)];
  const isFree = async (port: number) => {
    busy.send("");
    return (await daemon.ask(`showport udp,127.0.0.1,${port}`)).includes("  unconnected\r\n");
  };
  for (const round of ["first", "second"]) {
    await until("the silent one is over", () => isFree(b));
    t.notOk(await isFree(a), round);
    idle.send("again");
    await two.expect("again");
  }
  t.same(busy.datagrams, ["banner"], "one connection all the time");
  t.same(idle.datagrams.slice(0, 3), ["banner", "banner", "banner"]);
});

t.test("a datagram that comes while the port is closing opens the next session", async t => {
  const closestr = `<${"close".repeat(4000)}>`;
  const before = [`CLOSESTR:c:${closestr}`];
  const { daemon, device, name, port } = await serveUdp(t, { before, options: "9600 c" });
  const peer = await talking(t, port, device);
  device.pause();
  const flood = Buffer.alloc(60_000, 120);
  peer.send(flood); // more than the line takes: the close string has to wait
  await shows(daemon, "tcp to device state: waiting output\r\n");
  await daemon.ask(`disconnect ${name}`);
  await shows(daemon, "device to tcp state: closing\r\n");
  const other = await UdpPeer.open(t, port);
  other.send("next");
  device.resume();
  t.ok((await device.expect("next")).endsWith(`x${closestr}next`));
});

/** A daemon with a UDP port whose remaddr has fixed peers. */
t.test("SIGHUP: a changed UDP port changes at once, a removed one goes at once", async t => {
  const { daemon, device, port, name } = await serveUdp(t);
  await talking(t, port, device);
  daemon.hup([`${name}:raw:0:${device.path}:19200`]);
  await shows(daemon, "device config: 19200 ");
  t.match(await daemon.ask("showport"), "  unconnected\r\n");
  await talking(t, port, device, "again");
  daemon.hup([]);
  await until("the port is gone", async () => !(await daemon.ask("showport")).includes("TCP Port"));
});

t.test("a bare UDP port number is served over IPv4 and IPv6", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`udp,${port}:raw:0:${device.path}:9600 max-connections=2`];
  const daemon = await Daemon.start(t, { controlPort, config });
  for (const host of ["127.0.0.1", "::1"]) {
    const peer = await UdpPeer.open(t, port, host).catch(() => null);
    if (peer === null) {
      t.comment(`no ${host} on this machine`);
      continue;
    }
    peer.send(`from ${host}!`);
    t.equal(await device.expect("!"), `from ${host}!`);
    device.send(`to ${host}!`);
    t.equal(await peer.next(), `to ${host}!`);
    t.match(await daemon.ask(`showport udp,${port}`), `connected to: ${peer.name}\r\n`);
  }
});
