/** The beginning and the end of a session. */
import { rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { termiosBits as bits, getTermios } from "../../service/native/serial.js";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

async function serve(t: Test, texts: string[], state: string, options: string, timeoutSeconds = 0) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [...texts, `127.0.0.1,${port}:${state}:${timeoutSeconds}:${device.path}:${options}`];
  const daemon = await Daemon.start(t, { controlPort, config });
  return { daemon, port, device };
}

t.test("the banner greets each peer, with its escapes expanded", async t => {
  const banner = "BANNER:b:port \\p device \\d line \\B from \\I\\r\\n";
  const { port, device } = await serve(t, [banner], "raw", "19200 ODD 7DATABITS b max-connections=2");
  const greeting = `port 127.0.0.1,${port} device ${device.path} line 19200 O71 from 127.0.0.1\r\n`;
  for (const peer of ["first", "second"]) {
    t.equal(await (await Client.connect(t, port)).expectBytes(greeting.length), greeting, peer);
  }
});

t.test("a telnet peer gets negotiation, banner and device data in this order", async t => {
  const { port, device } = await serve(t, ["BANNER:b:BANNER"], "telnet", "9600 b");
  device.send("early");
  const client = await Client.connect(t, port);
  t.equal(await client.expect("early"), "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01\xff\xfd\x00\xff\xfb\x00BANNERearly");
});

t.test("openstr comes before the first peer's bytes, closestr after the last ones", async t => {
  const { port, device } = await serve(t, ["OPENSTR:o:<open>", "CLOSESTR:c:<close>"], "raw", "9600 o c");
  for (const round of [1, 2]) {
    const client = await Client.connect(t, port);
    client.send("data");
    t.equal(await device.expect("data"), "<open>data", `round ${round}`);
    await client.close();
    t.equal(await device.expect("<close>"), "<close>", `round ${round}`);
  }
});

t.test("closeon: the text of the device ends the session, what follows it is not sent", async t => {
  const { daemon, port, device } = await serve(t, ["CLOSEON:bye:logout\\r\\n"], "raw", "9600 bye");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  device.send("log");
  await client.expect("log");
  device.send("out\r\nrest");
  t.equal(await client.untilEnd(), "out\r\n");
  await until("the port is free", async () => (await daemon.ask("showport")).includes("  unconnected\r\n"));
});

t.test("an idle connection is closed when its time is over, a busy one stays", async t => {
  const next = await portNumbers(t);
  const [controlPort, a, b] = [await next(), await next(), await next()];
  const [one, two] = [PtyDevice.echo(t), PtyDevice.echo(t)];
  const config = [`127.0.0.1,${a}:raw:1:${one.path}:9600`, `127.0.0.1,${b}:raw:1:${two.path}:9600`];
  await Daemon.start(t, { controlPort, config });
  const [busy, idle] = [await Client.connect(t, a), await Client.connect(t, b)];
  idle.send("x");
  await idle.expect("x");
  const exchange = async () => {
    busy.send("y");
    await busy.expect("y");
  };
  while (!idle.ended) await exchange();
  await exchange();
  t.notOk(busy.ended);
  t.equal(await busy.untilEnd(), "", "once it is idle, it is closed too");
});

t.test("a device that is unplugged ends the session; plugged in again it serves the next", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const plug = join(temporaryFolder(t), "console"); // a stable name, as /dev/serial/by-id has them
  const [first, second] = [PtyDevice.open(t), PtyDevice.open(t)];
  symlinkSync(first.path, plug);
  const daemon = await Daemon.start(t, { controlPort, config: [`127.0.0.1,${port}:raw:0:${plug}:9600`] });
  const client = await Client.connect(t, port);
  client.send("x");
  await first.expect("x");
  first.close();
  rmSync(plug);
  t.equal(await client.untilEnd(), "");
  await until("the port is free", async () => (await daemon.ask("showport")).includes("  unconnected\r\n"));
  const early = await Client.connect(t, port);
  t.equal(await early.untilEnd(), "Device open failure: No such file or directory\r\n");
  symlinkSync(second.path, plug);
  const again = await Client.connect(t, port);
  again.send("y");
  t.equal(await second.expect("y"), "y");
});

t.test("the line gets the configured settings", async t => {
  const { daemon, port, device } = await serve(t, [], "raw", "19200 2STOPBITS EVEN 7DATABITS XONXOFF LOCAL");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  const set = getTermios(device.slave);
  t.equal(set.outputSpeed, 19200);
  t.ok(set.cflag & bits.CSTOPB, "two stop bits");
  t.ok(set.cflag & bits.CLOCAL, "modem lines ignored");
  t.equal(set.iflag, bits.IGNBRK | bits.IXON | bits.IXOFF | bits.IXANY);
  t.equal(set.lflag, 0);
  t.match(await daemon.ask("showport"), "device config: 19200 XONXOFF LOCAL 2STOPBITS 7DATABITS EVEN\r\n");
});
