/** Pulses of DTR and RTS on serial lines with a loop-back plug, from the control port and by RFC 2217 clients. */
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { runToEnd } from "../support/daemon.js";
import { type PortLine, serveOnePort } from "../support/one-port.js";
import { NEEDS_UART, Uart } from "../support/uart.js";

/** What the plug shows of DTR and RTS. */
const [NONE, RTS, DTR, BOTH] = ["lines 000\n", "lines 024\n", "lines 142\n", "lines 166\n"];

async function serve(t: Test, line: PortLine) {
  const uart = new Uart(t);
  const served = await serveOnePort(t, line, { env: uart.env });
  return { ...served, lines: served.daemon.running.errors };
}

t.test("a pulse is played from the control port: built in and defined, one at a time", NEEDS_UART, async t => {
  const before = ["PULSE:blink:DTR=0 1ms DTR=1 1ms DTR=0 RTS=0", "PULSE:long:RTS=1 9s RTS=0"];
  const { daemon, name, port, device, lines, untilFree } = await serve(t, { before });
  t.equal(await daemon.ask(`pulse ${name} blink`), `Port is not currently connected: ${name}\r\n`);
  t.equal(await daemon.ask("pulse"), "No port given\r\n");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  t.equal(await daemon.ask(`pulse ${name}`), "No pulse given\r\n");
  const known = "arduino-reset, blink, esp-download, esp-reset, long";
  t.equal(await daemon.ask(`pulse ${name} nosuch`), `Unknown pulse: nosuch; known are ${known}\r\n`);
  await lines.expect("write x\n");

  t.equal(await daemon.ask(`pulse ${name} esp-download`), "");
  t.equal(await lines.expect(NONE), `${RTS}${DTR}${NONE}`, "three calls for five changes");
  t.equal(await daemon.ask(`pulse ${name} blink`), "");
  t.equal(await lines.expect(`${DTR}${NONE}`), `${NONE}${DTR}${NONE}`);
  t.equal(await daemon.ask(`pulse ${name} long`), "");
  await lines.expect(RTS);
  t.equal(await daemon.ask(`pulse ${name} blink`), "Another pulse is being played\r\n");

  await client.close();
  await untilFree();
  t.equal(await lines.expect(NONE), NONE, "a port that closes leaves the lines as at the end of the pulse");
  t.match(await daemon.ask("help"), /pulse <port> <name> - /);
});

t.test("ser2net pulse plays it, and says why it cannot", NEEDS_UART, async t => {
  const { daemon, name, port, device, lines } = await serve(t, {});
  const pulse = (...words: string[]) => runToEnd(t, ["pulse", "-H", `127.0.0.1:${daemon.controlPort}`, ...words]);
  t.match(await pulse(name, "esp-reset"), { code: 1, errors: `ser2net: Port is not currently connected: ${name}\n` });
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  await lines.expect("write x\n");
  t.same(await pulse(device.path, "esp-reset"), { code: 0, signal: null, output: "", errors: "" });
  t.equal(await lines.expect(NONE), `${RTS}${NONE}`);
  t.match(await pulse(name, "nosuch"), { code: 1, errors: /^ser2net: Unknown pulse: nosuch; known are / });
  t.match(await pulse(name), { code: 2, errors: "pulse" });
});

t.test("a device without modem lines: a printer is told so", NEEDS_UART, async t => {
  const { daemon, name, port, device } = await serve(t, { state: "rawlp" });
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  t.equal(await daemon.ask(`pulse ${name} esp-reset`), `Port has no modem lines: ${name}\r\n`);
});

t.test("esp-auto-reset: the download mode and the end of the reset in one call", NEEDS_UART, async t => {
  const { port, lines } = await serve(t, { state: "telnet", options: "115200 remctl esp-auto-reset" });
  const { com } = await ComPort.agree(t, port);
  await lines.expect("break off\n");
  await com.answer("fffa2c0509fff0"); // DTR off
  await com.answer("fffa2c050bfff0"); // RTS on
  t.match(await lines.expect(RTS), /lines 024\n$/);
  t.match(await com.answer("fffa2c0508fff0"), "fffa2c6908fff0", "DTR on is answered");
  t.match(await com.answer("fffa2c0507fff0"), "fffa2c6908fff0", "and read back");
  await com.answer("fffa2c050cfff0"); // RTS off
  await com.answer("fffa2c0509fff0"); // DTR off
  const played = await lines.expect(NONE);
  t.notMatch(played, BOTH, "the chip does not leave its reset before the boot mode is there");
  t.match(played, new RegExp(`${DTR}${NONE}$`));
});
