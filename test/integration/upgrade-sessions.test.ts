/** What control sessions see of an upgrade in place, also of one that fails in its last step. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { Faults } from "../support/faults.js";
import { descriptors } from "../support/faulty-daemon.js";
import { Installed } from "../support/installed.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const DONE = { code: 0, signal: null };
const REFUSED = { code: 1, signal: null };

t.test("an execve that fails after the trial leaves the old one serving", async t => {
  const next = await portNumbers(t);
  const [controlPort, port, udp] = [await next(), await next(), await next()];
  const [device, other] = [PtyDevice.open(t), PtyDevice.open(t)];
  const [installed, faults] = [new Installed(t), new Faults(t)];
  const path = join(temporaryFolder(t), "control");
  const daemon = await Daemon.start(t, {
    ...{ controlPort, program: installed.program, foreground: "-d", env: faults.env },
    config: [
      `CONTROLSOCKET:${path}`,
      `127.0.0.1,${port}:raw:0:${device.path}:115200 max-connections=2`,
      `udp,127.0.0.1,${udp}:raw:0:${other.path}:9600`,
    ],
  });
  const client = await Client.connect(t, port);
  const attached = await Client.connectLocal(t, path);
  attached.send(`attach ${port}\n`);
  await attached.expect("writer\r\n");
  client.send("begin");
  await device.expect("begin");
  const [up, down] = [new NumberedStream(text => client.send(text)), new NumberedStream(text => device.send(text))];
  for (const stream of [up, down]) stream.start();
  // Without /dev/null: Node keeps one from its first child on, as its reserve for accept.
  const open = () => descriptors(daemon.pid).filter(file => file !== "/dev/null").length;
  const before = open();
  for (const error of ["ENOMEM", "EACCES"] as const) {
    faults.arm({ call: "execve", at: 1, error });
    const { errors, ...exit } = await installed.upgrade(t, String(daemon.pid));
    t.match(exit, REFUSED);
    t.match(errors, error === "ENOMEM" ? "Cannot allocate memory" : "Permission denied");
    t.match(await daemon.running.errors.expect(/Upgrade refused, version \S+ goes on: .*\n/), "Upgrade from version");
    t.match(await daemon.ask("version"), "version", "the control port serves");
    const session = await Client.connectLocal(t, path);
    t.match(await session.expect("-> "), "-> ", "and so does the socket");
    await session.close();
  }
  faults.disarm();
  t.equal(faults.failures, 2);
  await until("no descriptor is left over", () => open() <= before);
  t.match(await installed.upgrade(t, String(daemon.pid)), DONE);
  const [lastUp, lastDown] = [up.stop(), down.stop()];
  const arrived = [await device.expect(lastUp), await client.expect(lastDown), await attached.expect(lastDown)];
  for (const text of arrived) t.match(judge(text), { lost: 0, doubled: 0, torn: 0 });
  attached.send("\x1d.");
  t.match(await attached.expect("-> "), "[left ");
});

t.test("the control socket, its sessions and what devices said before go on", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const installed = new Installed(t);
  const path = join(temporaryFolder(t), "control");
  const daemon = await Daemon.start(t, {
    ...{ controlPort, program: installed.program, foreground: "-d" },
    config: [
      `CONTROLSOCKET:${path}`,
      `127.0.0.1,${port}:raw:0:${device.path}:115200 max-connections=4 always-open replay=64k`,
    ],
  });
  const [typing, attached] = [await Client.connectLocal(t, path), await Client.connectLocal(t, path)];
  for (const session of [typing, attached]) await session.expect("-> ");
  device.send("said before\r\n");
  await until("it is kept", async () => (await daemon.ask(`replay ${port}`)).includes("said before"));
  attached.send(`attach ${port} replay=0\n`);
  await attached.expect("writer\r\n");
  const socket = statSync(path);
  for (const round of [1, 2]) {
    typing.send("vers");
    await until("it is read", async () => (await (await Client.connectLocal(t, path)).expect("-> ")) === "-> ");
    t.match(await installed.upgrade(t, String(daemon.pid)), DONE);
    typing.send("ion\n");
    t.match(await typing.expect("-> "), /^(vers)?ion\r\n|^ser2net version/);
    attached.send(`typed ${round}`);
    t.equal(await device.expect(`typed ${round}`), `typed ${round}`);
    device.send(`said ${round}\r\n`);
    t.equal(await attached.expect(`said ${round}\r\n`), `said ${round}\r\n`, "nothing twice");
    const late = await Client.connect(t, port);
    t.match(await late.expect(`said ${round}\r\n`), "said before\r\n", "a new connection is shown all of it");
    await late.close();
    t.same([statSync(path).ino, statSync(path).mode], [socket.ino, socket.mode], "the same socket");
  }
  t.same(await daemon.stop(), DONE);
  t.notOk(existsSync(path));
});
