/** What is under way at a restart: a device that is away, a port that closes, peers that wait, the turn of a rotator. */
import { symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

t.test("peers go on waiting for a device that is away, for the time that is left", async t => {
  const next = await portNumbers(t);
  const [port, short] = [await next(), await next()];
  const [path, other] = ["device", "other"].map(name => join(temporaryFolder(t), name));
  if (path === undefined || other === undefined) return;
  const [device, gone] = [PtyDevice.open(t), PtyDevice.open(t)];
  symlinkSync(device.path, path);
  symlinkSync(gone.path, other);
  const manager = await ServiceManager.start(t, {
    config: [`127.0.0.1,${port}:raw:0:${path}:9600 hold=600`, `127.0.0.1,${short}:raw:0:${other}:9600 hold=3`],
  });
  const { errors } = manager.running;
  const [client, hopeless] = [await Client.connect(t, port), await Client.connect(t, short)];
  client.send("x");
  await device.expect("x");
  hopeless.send("x");
  await gone.expect("x");
  unlinkSync(path);
  device.close();
  await errors.expect(/its connections wait 600 s for it/);
  unlinkSync(other);
  gone.close();
  await errors.expect(/its connections wait 3 s for it/);
  client.send("while away");
  await manager.restart();
  await errors.expect(/is still gone: its connections wait (5\d\d|600) s for it/);
  t.equal(await hopeless.untilEnd(), "", "the time does not begin anew");
  await manager.restart();
  const back = PtyDevice.open(t);
  symlinkSync(back.path, path);
  t.equal(await back.expect("while away"), "while away");
  back.send("back");
  t.equal(await client.expect("back"), "back");
  unlinkSync(path);
  back.close();
  await errors.expect(/its connections wait 600 s for it/);
  const refused = await Client.connect(t, port);
  t.match(await refused.untilEnd(), "in use", "a later turn of the daemon");
  await manager.restart("SIGKILL");
  await errors.expect(/is still gone: its connections wait (5\d\d|600) s for it/);
  const again = PtyDevice.open(t);
  symlinkSync(again.path, path);
  client.send("after a kill");
  t.equal(await again.expect("after a kill"), "after a kill");
});

t.test("a port that closes sends its close string first, and who waits for it is served after the restart", async t => {
  const next = await portNumbers(t);
  const [port, other] = [await next(), await next()];
  const [device, second] = [PtyDevice.open(t), PtyDevice.open(t)];
  const manager = await ServiceManager.start(t, {
    config: [
      "CLOSESTR:c:<closed>",
      "BANNER:b:<banner>",
      `127.0.0.1,${port}:raw:0:${device.path}:9600 c b kickolduser`,
      `127.0.0.1,${other}:raw:0:${second.path}:9600`,
    ],
  });
  const [old, busy] = [await Client.connect(t, port), await Client.connect(t, other)];
  await old.expect("<banner>");
  busy.send("x");
  await second.expect("x");
  device.pause();
  old.send("0123456789".repeat(1000));
  const fresh = await Client.connect(t, port); // waits until the device is closed
  await old.untilEnd();
  const restarted = manager.restart();
  busy.send("meanwhile");
  t.equal(await second.expect("meanwhile"), "meanwhile", "the other port is served until then");
  device.resume();
  await device.expect("<closed>");
  t.match(await restarted, /took over \d connections?/);
  t.equal(await fresh.expect("<banner>"), "<banner>");
  fresh.send("new");
  t.equal(await device.expect("new"), "new");
});

t.test("a rotator goes on with the port after the one it used last", async t => {
  const next = await portNumbers(t);
  const [rotator, one, two, three] = [await next(), await next(), await next(), await next()];
  const devices = [PtyDevice.open(t), PtyDevice.open(t), PtyDevice.open(t)];
  const lines = [one, two, three].map((port, at) => `127.0.0.1,${port}:raw:0:${devices[at]?.path}:9600`);
  const names = [one, two, three].map(port => `127.0.0.1,${port}`);
  const manager = await ServiceManager.start(t, {
    config: [...lines, `ROTATOR:127.0.0.1,${rotator}:${names.join(" ")}`],
  });
  for (const at of [0, 1, 2, 0]) {
    const client = await Client.connect(t, rotator);
    client.send(`to ${at}`);
    t.equal(await devices[at]?.expect(`to ${at}`), `to ${at}`);
    await client.close();
    await manager.restart();
  }
});

t.test("peers that connect between two processes wait, and are served by the next one", async t => {
  const next = await portNumbers(t);
  const [port, shared] = [await next(), await next()];
  const [device, other] = [PtyDevice.open(t), PtyDevice.open(t)];
  const manager = await ServiceManager.start(t, {
    config: [
      "BANNER:b:<banner>",
      `127.0.0.1,${port}:raw:0:${device.path}:9600 b`,
      `127.0.0.1,${shared}:raw:0:${other.path}:9600 b max-connections=2`,
    ],
  });
  const first = await Client.connect(t, shared);
  await first.expect("<banner>");
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await manager.end(signal);
    const late = [await Client.connect(t, port), await Client.connect(t, shared)];
    for (const one of late) one.send("early");
    await manager.again();
    for (const one of late) t.equal(await one.expect("<banner>"), "<banner>", signal);
    for (const one of [device, other]) t.equal(await one.expect("early"), "early", signal);
    other.send("both");
    for (const one of [first, late[1]]) t.equal(await one?.expect("both"), "both", signal);
    for (const one of late) await one.close();
    const connections = async () => (await manager.stored()).filter(name => name.startsWith("c-")).length;
    await until("they have ended", async () => (await connections()) === 1);
  }
});
