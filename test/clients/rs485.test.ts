/** RS485CONF: what the driver is told, and what is said of one that does not listen. */
import t from "tap";
import { Client } from "../support/client.js";
import { serveOnePort } from "../support/one-port.js";
import { NEEDS_UART, Uart } from "../support/uart.js";

for (const [conf, told, kept] of [
  ["0:0:0:0", "05 0 0", true],
  ["10:20:1:0", "03 10 20", true],
  ["1:2:0:1", "15 1 2", true],
  ["5:5:1:1", "13 5 5", true],
  ["200:5:1:1", "13 200 5", false], // this driver waits 100 ms at most
] as const) {
  t.test(`RS485CONF ${conf}: the driver is told ${told}`, NEEDS_UART, async t => {
    const uart = new Uart(t);
    const before = [`RS485CONF:bus:${conf}`];
    const start = { env: uart.env, foreground: "-d" } as const;
    const { daemon, device, port } = await serveOnePort(t, { before, options: "9600 rs485=bus" }, start);
    const client = await Client.connect(t, port);
    client.send("served\n");
    await device.expect("served");
    const said = await daemon.running.errors.expect("write served");
    t.match(said, `rs485 ${told}\n`);
    const warning = `The driver of ${device.path} did not take RS485 configuration bus as given`;
    t.equal(said.includes(warning), !kept, "a driver that keeps something else is named");
  });
}

t.test("a device without RS-485: the peer is told, it is logged, and the device is closed", async t => {
  const before = ["RS485CONF:bus:0:0:1:0"];
  const start = { foreground: "-d" } as const;
  const { daemon, device, port, name } = await serveOnePort(t, { before, options: "9600 rs485=bus" }, start);
  const reason = "Inappropriate ioctl for device";
  for (const round of ["first", "second"]) {
    t.equal(await (await Client.connect(t, port)).untilEnd(), `Device open failure: ${reason}\r\n`, round);
    await daemon.running.errors.expect(
      `Could not set RS485 config for device ${device.path} port ${name}: ${reason}\n`,
    );
  }
});

t.test("an unknown name, and mistakes in the definition, cost only themselves", async t => {
  const before = ["RS485CONF:short:1:2:1", "RS485CONF:big:1:2:2:0"];
  const start = { foreground: "-d" } as const;
  const { daemon, device, port } = await serveOnePort(t, { before, options: "9600 rs485=nothing EVEN" }, start);
  await daemon.running.errors.expect("Couldn't parse RS485 config on 1");
  await daemon.running.errors.expect("RTS_ON_SEND parameter can be 0 or 1 on 2");
  await daemon.running.errors.expect("RS485 configuration nothing not found, it will be ignored");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  t.match(await daemon.ask("showport"), "8DATABITS EVEN\r\n");
});
