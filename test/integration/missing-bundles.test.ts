/** Where a file beside the program is missing, its feature is missing, the log says so, and the other ports are served. */
import { copyFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { Client, type Teardown } from "../support/client.js";
import { BUNDLE, runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const MISSING = "open-ports udp hold handover rfc2217 template rotator delay mdns"
  .split(" ")
  .map(name => `${name}.cjs`);

/** The program without these bundles. @returns the program */
function without(t: Teardown, missing: readonly string[]): string {
  const folder = temporaryFolder(t);
  for (const file of readdirSync(dirname(BUNDLE))) {
    if (/\.(cjs|node)$/.test(file) && !missing.includes(file))
      copyFileSync(join(dirname(BUNDLE), file), join(folder, file));
  }
  return join(folder, "ser2net.cjs");
}

t.test("UDP, hold=, rotators, texts and others each in a file that is not there", async t => {
  const program = without(t, MISSING);
  const next = await portNumbers(t);
  const [udp, tcp, telnet, rotator] = [await next(), await next(), await next(), await next()];
  const device = PtyDevice.open(t);
  const lines = [
    "BANNER:greeting:hello\\n",
    `udp,127.0.0.1,${udp}:raw:0:/dev/ttyUDP:9600`,
    `127.0.0.1,${tcp}:raw:0:${device.path}:9600 hold=5 chardelay-min=1000 greeting mdns`,
    `127.0.0.1,${telnet}:telnet:0:/dev/ttyNone:9600 remctl`,
    `ROTATOR:127.0.0.1,${rotator}:${tcp}`,
  ];
  const {
    errors,
    process: child,
    exit,
  } = runProgram(t, process.execPath, [program, "-d", ...lines.flatMap(line => ["-C", line])], {
    NOTIFY_SOCKET: join(dirname(program), "notify"),
  });
  const client = await until("it serves", () => Client.connect(t, tcp).catch(() => null));
  client.send("up");
  t.equal(await device.expect("up"), "up");
  device.send("down");
  t.equal(await client.expect("down"), "down");
  await errors.expect(/Connections and devices are not taken over, and not kept: Cannot find module '.\/handover.cjs'/);
  await errors.expect(/Warnings about UDP ports cannot be loaded \(Cannot find module '.\/open-ports.cjs'/);
  await errors.expect(/mDNS cannot be loaded: Cannot find module '.\/mdns.cjs'/);
  await errors.expect(/Devices that come back cannot be loaded: Cannot find module '.\/hold.cjs'/);
  await errors.expect(/Rotators cannot be loaded: Cannot find module '.\/rotator.cjs'/);
  await errors.expect(/Character delays cannot be loaded: Cannot find module '.\/delay.cjs'/);
  await errors.expect(/Escape sequences of texts cannot be loaded: Cannot find module '.\/template.cjs'/);
  await errors.expect(/Requests of RFC 2217 cannot be loaded: Cannot find module '.\/rfc2217.cjs'/);
  await errors.expect(/Unable to create network socket\(s\) on line 0: udp,.*Cannot find module '.\/udp.cjs'/);
  device.close();
  t.equal(await client.untilEnd(), "", "the device is not waited for");
  child.kill("SIGTERM");
  t.same(await exit(), { code: 0, signal: null }, "and the daemon stops in order");
});

t.test("TLS in a file that is not there, with a TLS line and a control port by TLS", async t => {
  const program = without(t, ["tls.cjs"]);
  const next = await portNumbers(t);
  const [plain, secured, control] = [await next(), await next(), await next()];
  const [plainDevice, device] = [PtyDevice.echo(t), PtyDevice.open(t)];
  const lines = [
    "TLS:people:cert=/etc/board.crt key=/etc/board.key",
    `CONTROLPORT:tls:people,127.0.0.1,${control}`,
    `127.0.0.1,${plain}:raw:0:${plainDevice.path}:9600`,
    `127.0.0.1,${secured}:raw:0:${device.path}:9600 tls=people`,
  ];
  const daemon = runProgram(t, process.execPath, [program, "-d", ...lines.flatMap(line => ["-C", line])]);
  const client = await until("it serves", () => Client.connect(t, plain).catch(() => null));
  client.send("typed");
  t.equal(await client.expect("typed"), "typed");
  await daemon.errors.expect(/TLS cannot be loaded/);
  for (const port of [secured, control]) {
    const refused = await Client.connect(t, port);
    refused.send("in clear text\r\n");
    t.equal(await refused.untilEnd(), "", "nothing is said or served in clear text");
  }
  daemon.process.kill("SIGTERM");
  t.same(await daemon.exit(), { code: 0, signal: null });
});
