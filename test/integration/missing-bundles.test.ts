/** Where a file beside the program is missing, its feature is missing, the log says so, and the other ports are served. */
import { copyFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { BUNDLE, runProgram, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const MISSING = ["udp.cjs", "hold.cjs", "handover.cjs", "rfc2217.cjs"];

t.test("UDP, hold= and the state of another process each in a file that is not there", async t => {
  const folder = temporaryFolder(t);
  for (const file of readdirSync(dirname(BUNDLE))) {
    if (/\.(cjs|node)$/.test(file) && !MISSING.includes(file))
      copyFileSync(join(dirname(BUNDLE), file), join(folder, file));
  }
  const next = await portNumbers(t);
  const [udp, tcp, telnet, device] = [await next(), await next(), await next(), PtyDevice.open(t)];
  const lines = [
    `udp,127.0.0.1,${udp}:raw:0:/dev/ttyUDP:9600`,
    `127.0.0.1,${tcp}:raw:0:${device.path}:9600 hold=5`,
    `127.0.0.1,${telnet}:telnet:0:/dev/ttyNone:9600 remctl`,
  ];
  const {
    errors,
    process: child,
    exit,
  } = runProgram(t, process.execPath, [join(folder, "ser2net.cjs"), "-d", ...lines.flatMap(line => ["-C", line])], {
    NOTIFY_SOCKET: join(folder, "notify"),
  });
  const client = await until("it serves", () => Client.connect(t, tcp).catch(() => null));
  client.send("up");
  t.equal(await device.expect("up"), "up");
  device.send("down");
  t.equal(await client.expect("down"), "down");
  await errors.expect(/Connections and devices are not taken over, and not kept: Cannot find module '.\/handover.cjs'/);
  await errors.expect(/Devices that come back cannot be loaded: Cannot find module '.\/hold.cjs'/);
  await errors.expect(/Requests of RFC 2217 cannot be loaded: Cannot find module '.\/rfc2217.cjs'/);
  await errors.expect(/Unable to create network socket\(s\) on line 0: udp,.*Cannot find module '.\/udp.cjs'/);
  device.close();
  t.equal(await client.untilEnd(), "", "the device is not waited for");
  child.kill("SIGTERM");
  t.same(await exit(), { code: 0, signal: null }, "and the daemon stops in order");
});
