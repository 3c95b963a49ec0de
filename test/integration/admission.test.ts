/** Which peers are admitted, and what the others are sent. Scripts of users look for these texts. */
import { accessSync, constants, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

const LOCKING = mayLock() ? {} : { skip: "/var/lock is not writable" };

/** A daemon with the ports that `lines` makes of two port numbers and two devices. */
async function serve(t: Test, lines: (a: number, b: number, one: string, two: string) => string[]) {
  const next = await portNumbers(t);
  const [controlPort, a, b] = [await next(), await next(), await next()];
  const [one, two] = [PtyDevice.open(t), PtyDevice.open(t)];
  const daemon = await Daemon.start(t, { controlPort, config: lines(a, b, one.path, two.path) });
  return { daemon, a, b, one, two };
}

async function talking(t: Test, port: number, device: PtyDevice, text = "first"): Promise<Client> {
  const client = await Client.connect(t, port);
  client.send(text);
  await device.expect(text);
  return client;
}

for (const state of ["raw", "telnet"]) {
  t.test(`a second peer of a busy ${state} port is refused with a text, the first stays`, async t => {
    const { a, one } = await serve(t, (a, _b, one) => [`127.0.0.1,${a}:${state}:0:${one}:9600`]);
    const first = await talking(t, a, one);
    const second = await Client.connect(t, a);
    t.equal(await second.untilEnd(), "Port already in use\r\n");
    one.send("still here");
    await first.expect("still here");
  });
}

t.test("a device that another port uses is refused", async t => {
  const { a, b, one } = await serve(t, (a, b, one) => [
    `127.0.0.1,${a}:raw:0:${one}:9600`,
    `127.0.0.1,${b}:raw:0:${one}:9600`,
  ]);
  await talking(t, a, one);
  const second = await Client.connect(t, b);
  t.equal(await second.untilEnd(), "Port's device already in use\r\n");
});

t.test("a device that cannot be opened: the peer is told why", async t => {
  const { daemon, a, b } = await serve(t, (a, b) => [
    `127.0.0.1,${a}:raw:0:/dev/no-such-tty:9600`,
    `127.0.0.1,${b}:raw:0:/dev/null:9600`,
  ]);
  const missing = await Client.connect(t, a);
  t.equal(await missing.untilEnd(), "Device open failure: No such file or directory\r\n");
  const notATty = await Client.connect(t, b);
  t.match(await notATty.untilEnd(), /^Device open failure: Inappropriate ioctl for device\r\n$/);
  t.match(await daemon.ask(`showport 127.0.0.1,${a}`), "  unconnected\r\n");
});

t.test("remaddr turns others away before they learn that the port is busy", async t => {
  const { a, one } = await serve(t, (a, _b, one) => [`127.0.0.1,${a}:raw:0:${one}:9600 remaddr=127.0.0.1,0`]);
  const other = () => Client.connect(t, a, "127.0.0.1", "127.0.0.2");
  t.equal(await (await other()).untilEnd(), "Access denied\r\n", "while the port is free");
  await talking(t, a, one);
  t.equal(await (await other()).untilEnd(), "Access denied\r\n", "while it is busy");
  t.equal(await (await Client.connect(t, a)).untilEnd(), "Port already in use\r\n", "an admitted peer");
});

t.test("an IPv4 remaddr admits its peer on a dual-stack port", async t => {
  const { a, one } = await serve(t, (a, _b, one) => [`${a}:raw:0:${one}:9600 remaddr=127.0.0.1,0`]);
  await talking(t, a, one);
});

t.test("kickolduser on a telnet port: the old user is told, the new one gets a fresh start", async t => {
  const { a, one } = await serve(t, (a, _b, one) => [
    "OPENSTR:hello:<open>",
    "CLOSESTR:bye:<close>",
    "BANNER:welcome:welcome\\r\\n",
    `127.0.0.1,${a}:telnet:0:${one}:9600 kickolduser hello bye welcome`,
  ]);
  const old = await Client.connect(t, a);
  await old.expect("welcome\r\n");
  await one.expect("<open>");
  old.send("old");
  await one.expect("old");
  const fresh = await Client.connect(t, a);
  t.equal(await old.untilEnd(), "kicked off, new user is coming\r\n");
  await fresh.expect("welcome\r\n");
  fresh.send("new");
  t.equal(await one.expect("new"), "<close><open>new");
  one.send("for you");
  await fresh.expect("for you");
});

t.test("kickolduser on a raw port: the old user just finds the end", async t => {
  const { a, one } = await serve(t, (a, _b, one) => [`127.0.0.1,${a}:raw:0:${one}:9600 kickolduser`]);
  const old = await talking(t, a, one, "old");
  await talking(t, a, one, "new");
  t.equal(await old.untilEnd(), "");
});

t.test("a device that another program has locked is refused, a lock left behind is not respected", LOCKING, async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const name = `ser2net-test-${process.pid}`; // as /dev/serial/by-id has names of its own
  const plug = `/dev/shm/${name}`;
  const lock = `/var/lock/LCK..shm_${name}`;
  t.teardown(() => [plug, lock].map(file => rmSync(file, { force: true })));
  symlinkSync(device.path, plug);
  const config = [`127.0.0.1,${port}:raw:0:${plug}:9600`];
  const daemon = await Daemon.start(t, { controlPort, config, locking: true, foreground: "-d" });
  await daemon.running.errors.expect(" serves ");
  await daemon.running.errors.expect("\n");

  writeFileSync(lock, `${process.pid}\n`.padStart(11));
  const refused = await Client.connect(t, port);
  t.equal(await refused.untilEnd(), "Port already in use by another process\r\n");
  t.equal(
    (await daemon.running.errors.expect("\n")).replace(/^\S+ /, ""),
    `Could not lock device ${plug} for port 127.0.0.1,${port}: locked by ${lock} (process ${process.pid})\n`,
  );
  writeFileSync(lock, "999999999\n".padStart(11)); // no such process
  const client = await talking(t, port, device);
  t.equal(readFileSync(lock, "latin1"), `${daemon.pid}\n`.padStart(11));
  await client.close();
  await until("the lock is gone", () => !existsSync(lock));
});

t.test("max-connections: so many share the device, the next is told", async t => {
  const { a, one } = await serve(t, (a, _b, one) => [`127.0.0.1,${a}:raw:0:${one}:9600 max-connections=2`]);
  const [first, second] = [await talking(t, a, one, "first"), await talking(t, a, one, "second")];
  t.equal(await (await Client.connect(t, a)).untilEnd(), "Port already in use\r\n");
  one.send("to both");
  await Promise.all([first.expect("to both"), second.expect("to both")]);
});

t.test("a rotator hands out the free ports in turn and says when there is none", async t => {
  const next = await portNumbers(t);
  const [controlPort, rotator, a, b] = [await next(), await next(), await next(), await next()];
  const [one, two] = [PtyDevice.open(t), PtyDevice.open(t)];
  await Daemon.start(t, {
    controlPort,
    config: [
      `127.0.0.1,${a}:raw:0:${one.path}:9600`,
      `127.0.0.1,${b}:raw:0:${two.path}:9600`,
      `ROTATOR:127.0.0.1,${rotator}:127.0.0.1,${a} 127.0.0.1,${b}`,
    ],
  });
  await talking(t, rotator, one);
  const second = await talking(t, rotator, two);
  t.equal(await (await Client.connect(t, rotator)).untilEnd(), "No free port found\r\n");
  two.send("by the rotator");
  await second.expect("by the rotator");
});

function mayLock(): boolean {
  try {
    accessSync("/var/lock", constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
