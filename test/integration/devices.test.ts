/** Devices that come and go under the daemon: pseudo-terminals behind links, as /dev/serial has them. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { getTermios } from "../../service/native/serial.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

/** A board with one connector, whose device may be plugged in and out. */
async function serveBoard(t: Test, keys: Readonly<Record<string, unknown>>) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const folder = temporaryFolder(t);
  const plug = join(folder, "serial", "by-id", "usb-adapter");
  const profile = {
    id: "lab",
    ports: [{ id: "one", device: plug, networkPort: `127.0.0.1,${port}`, state: "raw", ...keys }],
  };
  writeFileSync(join(folder, "lab.json"), JSON.stringify(profile));
  const daemon = await Daemon.start(t, {
    controlPort,
    config: [],
    foreground: "-d",
    args: ["--board", join(folder, "lab.json")],
  });
  return {
    daemon,
    port,
    log: daemon.running.errors,
    /** Another adapter in the same place. */
    plugIn: () => {
      const device = PtyDevice.open(t);
      mkdirSync(join(plug, ".."), { recursive: true });
      symlinkSync(device.path, plug);
      return device;
    },
    /** udev takes empty directories away, too. */
    plugOut: (device: PtyDevice) => {
      device.close();
      rmSync(join(folder, "serial"), { recursive: true });
    },
  };
}

t.test("connections are held while the device is away, and its line comes back as it was", async t => {
  const { port, log, plugIn, plugOut } = await serveBoard(t, { state: "telnet", remctl: true, holdSeconds: 600 });
  const first = plugIn();
  const { com } = await ComPort.agree(t, port);
  t.equal(await com.ask("01 00004b00"), "6500004b00", "19200");
  t.equal(await com.ask("03 02"), "6702", "odd parity");
  t.equal(await com.ask("05 09"), "6909", "DTR off");
  first.send("one");
  await com.expect(Buffer.from("one").toString("hex"));
  plugOut(first);
  await log.expect(/Device .*usb-adapter of port .* is gone \(.*\): its connections wait 600 s for it\n/);
  com.send(Buffer.from("typed meanwhile").toString("hex"));
  const second = plugIn();
  t.equal(await second.expect("meanwhile"), "typed meanwhile");
  second.send("two");
  await com.expect(Buffer.from("two").toString("hex"));
  const set = getTermios(second.slave);
  t.equal(set.outputSpeed, 19_200);
  t.equal(await com.ask("03 00"), "6702", "still odd parity");
  t.equal(await com.ask("05 07"), "6909", "DTR still off");
  await log.expect(/Device .*usb-adapter of port .* is back\n/);
  plugOut(second);
  plugIn().send("three");
  await com.expect(Buffer.from("three").toString("hex"));
});

t.test("when the device does not come back in time, the connections end", async t => {
  const { port, log, plugIn, plugOut } = await serveBoard(t, { holdSeconds: 1 });
  const device = plugIn();
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  plugOut(device);
  t.equal(await client.untilEnd(), "");
  await log.expect(/usb-adapter of port .* did not come back within 1 s\n/);
  const early = await Client.connect(t, port);
  t.equal(await early.untilEnd(), "Device open failure: No such file or directory\r\n");
  const again = plugIn();
  const late = await Client.connect(t, port);
  late.send("y");
  t.equal(await again.expect("y"), "y");
});

t.test("without a profile the port line says that connections are held", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const plug = join(temporaryFolder(t), "console");
  const first = PtyDevice.open(t);
  symlinkSync(first.path, plug);
  const config = [`127.0.0.1,${port}:raw:0:${plug}:9600 hold=600`];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  const client = await Client.connect(t, port);
  client.send("x");
  await first.expect("x");
  first.close();
  rmSync(plug);
  await daemon.running.errors.expect(/its connections wait 600 s for it\n/);
  const second = PtyDevice.open(t);
  symlinkSync(second.path, plug);
  client.send("y");
  t.equal(await second.expect("y"), "y");
});

t.test("without a hold the connections end at once, and nothing is waited for", async t => {
  const { daemon, port, log, plugIn, plugOut } = await serveBoard(t, {});
  const device = plugIn();
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  plugOut(device);
  t.equal(await client.untilEnd(), "");
  const again = plugIn();
  await until("the port is free", async () => (await daemon.ask("showport")).includes("  unconnected\r\n"));
  const late = await Client.connect(t, port);
  late.send("y");
  t.equal(await again.expect("y"), "y");
  t.notMatch(log.text, "is gone");
});

t.test("a device that goes while its peer does not read is noticed, too", async t => {
  const { daemon, port, plugIn, plugOut } = await serveBoard(t, {});
  const device = plugIn();
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  client.socket.pause();
  device.send("y".repeat(32 << 20)); // more than all socket buffers hold
  await until("nothing moves", async () =>
    (await daemon.ask("showport")).includes("device to tcp state: waiting output"),
  );
  plugOut(device);
  await until("the port is free", async () => (await daemon.ask("showport")).includes("  unconnected\r\n"));
});

t.test("a fixed UDP peer hears the device as soon as it is there", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const peer = await UdpPeer.open(t, port);
  const plug = join(temporaryFolder(t), "console");
  const device = PtyDevice.open(t);
  device.send("said at once");
  const config = [`udp,127.0.0.1,${port}:raw:0:${plug}:9600 remaddr=udp,${peer.name}`];
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d" });
  t.match(await daemon.ask("showport"), "  unconnected\r\n");
  symlinkSync(device.path, plug);
  t.same(await peer.bytes(12), ["said at once"]);
  t.notMatch(daemon.running.errors.text, "Could not open device");
});
