/** Fixed UDP peers: connections without a first word (manual page, "UDP"). */
import t, { type Test } from "tap";
import { Daemon } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { shows, talking, UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

async function serveFixed(t: Test, peers: number, options: string, timeoutSeconds = 0) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const fixed: UdpPeer[] = [];
  while (fixed.length < peers) fixed.push(await UdpPeer.open(t, port));
  const name = `udp,127.0.0.1,${port}`;
  const remaddr = fixed.map(peer => `udp,${peer.name}`).join(";");
  const config = [`${name}:raw:${timeoutSeconds}:${device.path}:9600 remaddr=${remaddr} ${options}`];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  return { daemon, device, port, name, fixed, config };
}

t.test("a fixed peer has its connection from the start, and keeps it", async t => {
  const { daemon, device, name, fixed } = await serveFixed(t, 2, "max-connections=2");
  const [one, two] = fixed;
  device.send("unasked");
  t.equal(await one?.next(), "unasked");
  t.equal(await two?.next(), "unasked");
  one?.send("to the device");
  t.equal(await device.expect("to the device"), "to the device");
  const places = (await daemon.ask(`showport ${name}`)).match(/connected to: .*/g);
  t.same(places, [`connected to: ${one?.name}`, `connected to: ${two?.name}`]);

  t.equal(await daemon.ask(`disconnect ${name}`), "");
  await until(
    "both are back",
    async () => (await daemon.ask(`showport ${name}`)).split("connected to: 1").length === 3,
  );
  t.same((await daemon.ask(`showport ${name}`)).match(/connected to: .*/g), places, "in their places");
  device.send("again");
  t.equal(await one?.next(), "again");
  t.equal(await two?.next(), "again");
});

t.test("a fixed peer does not time out, and cannot be kicked off", async t => {
  const { daemon, device, port, name, fixed } = await serveFixed(t, 1, "kickolduser remaddr=udp,127.0.0.1,0", 1);
  const idle = await serveOnePort(t, { timeoutSeconds: 1, prefix: "udp," });
  await talking(t, idle.port, idle.device);
  const stranger = await UdpPeer.open(t, port);
  stranger.send("me");
  t.equal(await stranger.next(), "Port already in use\r\n");
  await shows(idle.daemon, "  unconnected\r\n"); // a second and more has passed
  t.match(await daemon.ask(`showport ${name}`), `connected to: ${fixed[0]?.name}\r\n`);
  device.send("still yours");
  t.equal(await fixed[0]?.next(), "still yours");
});

t.test("beside fixed peers, what is left of max-connections is for others", async t => {
  const { device, port, fixed } = await serveFixed(t, 1, "max-connections=2 remaddr=udp,127.0.0.1,0");
  const other = await talking(t, port, device);
  device.send("both");
  t.equal(await fixed[0]?.next(), "both");
  t.equal(await other.next(), "both");
  const third = await UdpPeer.open(t, port);
  third.send("no place");
  t.equal(await third.next(), "Port already in use\r\n");
});

t.test("more fixed peers than connections: said at the start, the first ones are served", async t => {
  const { daemon, device, fixed } = await serveFixed(t, 2, "");
  await daemon.running.errors.expect(
    "Too many fixed UDP remote addresses specified for the max-connections given on line 1",
  );
  device.send("first");
  t.equal(await fixed[0]?.next(), "first");
  t.same(fixed[1]?.datagrams, []);
});
