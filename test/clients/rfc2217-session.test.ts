/** Guarantees for RFC 2217 clients around their requests: waiting data, cuts, other clients, the end. */
import t from "tap";
import { getTermios, queued } from "../../service/native/serial.js";
import { ComPort, hexToText, serveComPort } from "../support/com-port.js";
import { until } from "../support/wait.js";

t.test("purging input throws away what the daemon has not read", async t => {
  const { com, device } = await serveComPort(t);
  await com.ask("08"); // suspended, so it stays where it is
  device.send("stale");
  await until("the line has it", () => queued(device.slave).input === 5);
  t.equal(await com.ask("0c 01"), "7001");
  t.equal(queued(device.slave).input, 0);
  await com.ask("09");
  device.send("fresh");
  t.equal(await com.client.expect("fresh"), "fresh");
});

t.test("suspend and resume: device data waits for this client and none of it is lost", async t => {
  const { com, device } = await serveComPort(t, "115200 remctl dev-to-net-bufsize=64");
  device.send("before");
  await com.client.expect("before");
  await com.ask("08");
  const text = Buffer.from(Array.from({ length: 8000 }, (_, at) => 32 + (at % 90))).toString("latin1");
  device.send(text);
  await until("the line is full", () => queued(device.slave).input > 4000);
  t.equal(await com.ask("02 00"), "6608", "requests are answered meanwhile");
  com.client.send("to the device");
  await device.expect("to the device");
  t.equal(com.client.text, "", "nothing of the device");
  com.send("fffa2c09fff0");
  t.equal(await com.client.expectBytes(text.length), text);
});

t.test("a client that leaves while it is suspended does not hold up the other one", async t => {
  const { com, device, port } = await serveComPort(t, "9600 remctl max-connections=2");
  const { com: other } = await ComPort.agree(t, port);
  await com.ask("08");
  device.send("for both");
  await com.client.close();
  t.equal(await other.client.expect("for both"), "for both");
});

t.test("requests cut at any byte do the same", async t => {
  const { com, daemon, name } = await serveComPort(t);
  const operator = await daemon.control();
  const requests = hexToText("fffa2c01 0000ffffffff fff0 fffa2c0207fff0 ffff fffa2c0b0ffff0");
  const answers = "fffa2c65 0000ffffffff fff0 fffa2c6607fff0 fffa2c6f0ffff0";
  let sent = 3; // WILL COM-PORT
  for (let cut = 1; cut < requests.length; cut++) {
    com.client.send(requests.slice(0, cut));
    sent += cut;
    await until("the first part is read", async () =>
      (await operator.ask(`showport ${name}`)).includes(`bytes read from TCP: ${sent}\r\n`),
    );
    com.client.send(requests.slice(cut));
    sent += requests.length - cut;
    await com.expect(answers);
  }
});

t.test("what a client sets is over with its session", async t => {
  const { com, device, port, daemon, untilFree } = await serveComPort(t);
  t.equal(await com.ask("01 00 00 4b 00"), "6500004b00", "19200");
  t.equal(await com.ask("04 02"), "6802", "2 stop bits");
  t.match(await daemon.ask("showport"), "device config: 9600 1STOPBIT", "showport tells what is configured");
  await com.client.close();
  await untilFree();
  const { com: next } = await ComPort.agree(t, port);
  t.equal(await next.ask("01 00 00 00 00"), "6500002580");
  t.equal(await next.ask("04 00"), "6801");
  t.equal(getTermios(device.slave).outputSpeed, 9600);
});
