/** Modem lines, breaks and line errors, on serial lines with a loop-back plug: DTR comes back as DSR and DCD, RTS as CTS. */
import t, { type Test } from "tap";
import { MODEM } from "../../service/native/serial.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { type PortLine, serveOnePort } from "../support/one-port.js";
import { NEEDS_UART, Uart } from "../support/uart.js";
import { until } from "../support/wait.js";

/** A daemon whose port is open, with a client of it that has agreed on COM-PORT. */
async function serveUart(t: Test, line: PortLine = {}) {
  const uart = new Uart(t);
  const options = `9600 remctl ${line.options ?? ""}`;
  const served = await serveOnePort(t, { state: "telnet", ...line, options }, { env: uart.env });
  return { ...served, uart, done: served.daemon.running.errors };
}

async function agreed(t: Test, line: PortLine = {}) {
  const served = await serveUart(t, line);
  const { com, state } = await ComPort.agree(t, served.port);
  await com.expect(state); // and again: some clients take the option for agreed only now
  await served.done.expect("break off\n"); // the open clears it
  return { ...served, com, state };
}

/** A notice of RFC 2217: 6a line state, 6b modem state. */
const notice = (body: string) => `fffa2c${body}fff0`;

t.test("modem state: told at agreement, then each change with its delta bits", NEEDS_UART, async t => {
  const { com, state, uart } = await agreed(t);
  t.equal(state, notice("6bb0"), "DCD, DSR and CTS; no deltas in the first");
  com.send("fffa2c0509fff0"); // DTR off
  t.equal(await com.until(notice("6b1a")), `${notice("6909")}${notice("6b1a")}`, "DCD and DSR fell");
  com.send("fffa2c050cfff0"); // RTS off
  t.equal(await com.until(notice("6b01")), `${notice("690c")}${notice("6b01")}`, "CTS fell");
  uart.lines = MODEM.RI;
  await com.expect(notice("6b40"));
  uart.lines = 0;
  await com.expect(notice("6b04"));
  com.send("fffa2c0508fff0 fffa2c050bfff0");
  t.equal(await com.until(notice("6bbb")), `${notice("6908")}${notice("690b")}${notice("6bbb")}`, "all are back");
});

t.test("dtr=off rts=off: set at each opening, before the rest, and a client may change them", NEEDS_UART, async t => {
  const { port, done, untilFree } = await serveUart(t, { options: "dtr=off rts=off" });
  for (const opening of ["first", "second"]) {
    const { com, state } = await ComPort.agree(t, port);
    t.equal(await done.expect("break off\n"), "lines 000\nbreak off\n", opening);
    t.equal(state, notice("6b00"));
    await com.expect(state);
    t.equal(await com.ask("05 07"), "6909", "DTR is off");
    t.equal(await com.ask("05 0a"), "690c", "RTS is off");
    com.send("fffa2c0508fff0"); // DTR on
    await done.expect("lines 142\n");
    await com.client.close();
    await untilFree();
  }
});

t.test("modem state: only what the mask lets through is told", NEEDS_UART, async t => {
  const { com, uart } = await agreed(t);
  t.equal(await com.ask("0b 40"), "6f40", "only RI");
  await com.expect(notice("6b00"));
  com.send("fffa2c0509fff0");
  await com.expect(notice("6909"));
  uart.lines = MODEM.RI;
  await com.expect(notice("6b40"));
  t.equal(await com.ask("0b ffff"), "6fffff");
  t.match(await com.until("fff0"), /^fffa2c6b50/, "the next notice has all lines, as they are");
});

t.test("each client hears by its own mask", NEEDS_UART, async t => {
  const { com, port } = await agreed(t, { options: "max-connections=2" });
  const { com: other, state } = await ComPort.agree(t, port);
  await other.expect(state);
  t.equal(await other.ask("0b 01"), "6f01");
  await other.expect(notice("6b00"));
  com.send("fffa2c050cfff0"); // RTS off
  t.equal(await com.until(notice("6ba1")), `${notice("690c")}${notice("6ba1")}`);
  await other.expect(notice("6b01"));
});

t.test("line state: each error is told once, under the mask", NEEDS_UART, async t => {
  const { com, uart } = await agreed(t);
  t.equal(await com.ask("0a 1e"), "6e1e");
  for (const [how, bits] of [
    ["breaks", "10"],
    ["frame", "08"],
    ["parity", "04"],
    ["overrun", "02"],
  ] as const) {
    uart.fail(how);
    t.equal(await com.until("fff0"), notice(`6a${bits}`), how);
  }
  t.equal(await com.ask("0a 10"), "6e10");
  uart.fail("parity");
  uart.fail("breaks");
  t.equal(await com.until("fff0"), notice("6a10"), "parity is masked");
});

t.test("a client that comes later is not told of old errors", NEEDS_UART, async t => {
  const { com, uart, port, device } = await agreed(t, { options: "max-connections=2" });
  const user = await Client.connect(t, port); // keeps the port open
  await com.client.close();
  user.send("x");
  await device.expect("x");
  uart.fail("parity");
  const { com: later, state } = await ComPort.agree(t, port);
  await later.expect(state);
  t.equal(await later.ask("0a ffff"), "6effff");
  uart.fail("frame");
  t.equal(await later.until("fff0"), notice("6a08"));
});

t.test("lines are read while a client asked for them, not more often than every 100 ms", NEEDS_UART, async t => {
  const { com, uart, port, device } = await agreed(t, { options: "max-connections=2", timeoutSeconds: 1 });
  const [before, start] = [uart.asked, performance.now()];
  const user = await Client.connect(t, port);
  await user.untilEnd(); // timed out: more than a second
  await com.client.untilEnd();
  const polls = (uart.asked - before) / 2; // lines and counters
  t.ok(polls > 0 && polls <= (performance.now() - start) / 100 + 1, `${polls} times`);

  const plain = await Client.connect(t, port);
  plain.send("y");
  await device.expect("y");
  const quiet = uart.asked;
  await plain.untilEnd();
  t.equal(uart.asked, quiet, "without a request nothing is read");
});

t.test("DTR and RTS that change in one segment change in one call, and in order", NEEDS_UART, async t => {
  const { com, done } = await agreed(t);
  await com.answer("fffa2c0509fff0 fffa2c050cfff0");
  t.equal(await done.expect("lines 000\n"), "lines 000\n", "both at once");
  await com.answer("fffa2c0508fff0 fffa2c050bfff0");
  t.equal(await done.expect("lines 166\n"), "lines 166\n");
  await com.answer("fffa2c0509fff0 fffa2c0508fff0");
  t.equal(await done.expect("lines 166\n"), "lines 024\nlines 166\n", "a pulse stays a pulse");
  await com.answer("fffa2c050cfff0 fffa2c0507fff0 fffa2c0509fff0");
  t.equal(await done.expect("lines 000\n"), "lines 142\nlines 000\n", "a question is answered by what is there then");
});

t.test("data and line changes of one segment reach the device in their order", NEEDS_UART, async t => {
  const { com, done } = await agreed(t);
  com.client.send(`one\xff\xfa\x2c\x05\x09\xff\xf0two\xff\xfa\x2c\x05\x08\xff\xf0three`);
  t.equal(await done.expect("write three\n"), "write one\nlines 024\nwrite two\nlines 166\nwrite three\n");
});

t.test("SET-CONTROL break: on until it is taken off", NEEDS_UART, async t => {
  const { com, done } = await agreed(t);
  t.equal(await com.ask("05 05"), "6905");
  t.equal(await com.ask("05 04"), "6905");
  t.equal(await com.ask("05 06"), "6906");
  t.equal(await done.expect("break off\n"), "break on\nbreak off\n");
});

t.test("telnet BRK: a break between the bytes before and after it", NEEDS_UART, async t => {
  const { done, port } = await serveUart(t, { options: "-remctl" });
  const user = await Client.connect(t, port);
  await done.expect("break off\n");
  user.send("before\xff\xf3after");
  t.equal(await done.expect("write after\n"), "write before\nbreak on\nbreak off\nwrite after\n");
});

t.test("a break on a line whose output is stopped does not stop the other ports", NEEDS_UART, async t => {
  const { uart, daemon, port, device, done } = await serveUart(t);
  const user = await Client.connect(t, port);
  user.send("x");
  await device.expect("x");
  uart.unsent = 5;
  user.send("\xff\xf3");
  await until("the command is read", async () => /bytes read from TCP: 3\r\n/.test(await daemon.ask("showport")));
  uart.unsent = 0;
  t.notMatch(await done.expect("break on\n"), "break waits");
});

t.test("a break under way ends with the session", NEEDS_UART, async t => {
  const { done, port, untilFree } = await serveUart(t);
  const user = await Client.connect(t, port);
  await done.expect("break off\n");
  user.send("\xff\xf3");
  await done.expect("break on\n");
  await user.close();
  await done.expect("break off\n");
  await untilFree();
});

t.test("NOBREAK leaves a break on the line alone when the port opens", NEEDS_UART, async t => {
  const { done, port } = await serveUart(t, { options: "NOBREAK" });
  const user = await Client.connect(t, port);
  user.send("x");
  t.notMatch(await done.expect("write x\n"), "break");
});

t.test("the control port and RFC 2217 see the same lines", NEEDS_UART, async t => {
  const { com, daemon, name } = await agreed(t);
  t.match(await daemon.ask(`showport ${name}`), "device controls: RTSHI DTRHI \r\n");
  await daemon.ask(`setportcontrol ${name} DTRLO`);
  await com.expect(notice("6b1a"));
  t.equal(await com.ask("05 07"), "6909");
  t.equal(await com.ask("05 0c"), "690c");
  t.match(await daemon.ask(`showport ${name}`), "device controls: RTSLO DTRLO \r\n");
});

t.test("purge reaches the driver's queues", NEEDS_UART, async t => {
  const { com, done } = await agreed(t);
  for (const [queue, word] of [
    ["01", "flush 0\n"],
    ["02", "flush 1\n"],
    ["03", "flush 2\n"],
  ]) {
    await com.ask(`0c ${queue}`);
    t.equal(await done.expect(/flush .\n/), word);
  }
});

t.test(
  "a closing port waits while bytes leave, as long as its line needs, and throws away what is stuck",
  NEEDS_UART,
  async t => {
    const { uart, daemon, port, device, done, untilFree } = await serveUart(t, { options: "300" });
    const leave = async (unsent: number): Promise<void> => {
      const user = await Client.connect(t, port);
      user.send("x");
      await device.expect("x");
      uart.unsent = unsent;
      await user.close();
      await until("the port closes", async () => /closing/.test(await daemon.ask("showport")));
    };
    // 200 characters at 30 a second are entitled to 6.7 s and the 4 s that each port gets.
    await leave(200);
    for (let unsent = 200; unsent > 0; unsent -= 4) {
      uart.unsent = unsent;
      await new Promise(resolve => setTimeout(resolve, 100)); // the line sends: 5 s in all
    }
    t.match(await daemon.ask("showport"), /closing/, "still, after more than 4 s");
    uart.unsent = 0;
    await untilFree();
    t.notMatch(done.text, "flush", "every byte has left");

    await leave(5);
    t.match(await done.expect("flush 1\n"), "flush", "nothing left any more: the rest is thrown away");
    await untilFree();
  },
);
