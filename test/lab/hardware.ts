/** Tests of a board with UARTs and modem lines. */
import type { Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { until } from "../support/wait.js";
import { call, configure } from "./appliance.js";
import { eventually } from "./machine.js";
import type { Board } from "./qemu.js";

/** The trace of QEMU's UARTs: their parameters, and writes to their registers. */
const PARAMETERS = ["serial_update_parameters"];
export const REGISTERS = ["serial_write"];
/** Modem control register (16550 data sheet): DTR 01, RTS 02, OUT2 08, which lets the interrupt through. */
export const modemControl = (trace: string) =>
  [...trace.matchAll(/serial_write .*addr 0x04 val 0x([0-9a-f]+)/g)].map(
    ([, value]) => Number.parseInt(value ?? "", 16) & 3,
  );
/** Line control register: bit 6 is the break. */
const breaks = (trace: string) =>
  [...trace.matchAll(/serial_write .*addr 0x03 val 0x([0-9a-f]+)/g)].map(
    ([, value]) => (Number.parseInt(value ?? "", 16) & 0x40) !== 0,
  );
/** Of usb-serial and 16550 alike. */
const notice = (body: string) => `fffa2c${body}fff0`;

export async function bothWays(t: Test, client: Client, line: Client, what: string): Promise<void> {
  client.send(`to the line, ${what}`);
  await line.expect(`to the line, ${what}`);
  line.send(`from the line, ${what}`);
  await client.expect(`from the line, ${what}`);
  t.pass(what);
}

export async function testHardware(t: Test, machine: Board): Promise<void> {
  const [uart1, uart2, uart3] = machine.uarts;
  if (uart1 === undefined || uart2 === undefined || uart3 === undefined) throw new Error("a board without UARTs");
  await machine.run("systemctl start ser2net@lab");

  await t.test("each UART works with the settings of its port", async t => {
    for (const [port, line, settings] of [
      [2001, uart1, "baudrate=9600 parity='N' data=8 stop=1"],
      [2002, uart2, "baudrate=19200 parity='E' data=7 stop=2"],
      [2003, uart3, "baudrate=57600 parity='O' data=8 stop=1"],
    ] as const) {
      const trace = await machine.traced(PARAMETERS, async () => {
        const client = await (port === 2003 ? Client.connect(t, port) : call(t, port));
        await bothWays(t, client, line, settings);
        await client.close();
        await closed(machine, port); // or it would be seen in the next trace
      });
      t.equal(lastParameters(trace), settings);
    }
  });

  await t.test("RFC 2217 sets the registers of the UART, and data goes on both ways", async t => {
    const com = await agreed(t, 2001);
    for (const [bodies, settings] of [
      [["01 0001c200", "02 07", "03 03", "04 02"], "baudrate=115200 parity='E' data=7 stop=2"],
      [["01 0000012c", "02 08", "03 02", "04 01"], "baudrate=300 parity='O' data=8 stop=1"],
      [["01 00009600", "03 01"], "baudrate=38400 parity='N' data=8 stop=1"],
    ] as const) {
      const trace = await machine.traced(PARAMETERS, async () => {
        for (const body of bodies) t.equal(await com.ask(body), confirmed(body), body);
      });
      t.equal(lastParameters(trace), settings);
      await bothWays(t, com.client, uart1, settings);
    }
    await com.client.close();
  });

  await t.test(
    "DTR and RTS rise with the first client, follow RFC 2217, and stay up without HANGUP_WHEN_DONE",
    async t => {
      const trace = await machine.traced(REGISTERS, async () => {
        const com = await agreed(t, 2001);
        t.equal(await com.ask("05 09"), "6909", "DTR off");
        t.equal(await com.ask("05 0c"), "690c", "RTS off");
        t.equal(await com.ask("05 08"), "6908", "DTR on");
        t.equal(await com.ask("05 0b"), "690b", "RTS on");
        await com.client.close();
        await closed(machine, 2001);
      });
      t.same(changes(modemControl(trace)).slice(-5), [3, 2, 0, 1, 3]);
    },
  );

  await t.test("HANGUP_WHEN_DONE: DTR and RTS fall after the last client", async t => {
    const trace = await machine.traced(REGISTERS, async () => {
      const client = await Client.connect(t, 2003);
      await bothWays(t, client, uart3, "hang-up");
      await client.close();
      await closed(machine, 2003);
    });
    t.same(changes(modemControl(trace)).slice(-2), [3, 0]);
  });

  await t.test("a break goes out: by telnet, by RFC 2217, over D-Bus", async t => {
    const com = await agreed(t, 2001);
    const on = await machine.traced(REGISTERS, async () =>
      t.equal(await com.ask("05 05"), "6905", "SET-CONTROL break on"),
    );
    t.same(changes(breaks(on)).slice(-1), [true]);
    const off = await machine.traced(REGISTERS, async () =>
      t.equal(await com.ask("05 06"), "6906", "SET-CONTROL break off"),
    );
    t.same(changes(breaks(off)), [false]);
    for (const [how, send] of [
      ["IAC BRK", async () => com.send("fff3")],
      [
        "SendBreak",
        () =>
          machine.run(
            "busctl call org.ser2net.Ser2net1.lab /org/ser2net/Ser2net1/port/_32001 org.ser2net.Ser2net1.Port SendBreak",
          ),
      ],
    ] as const) {
      const trace = await machine.traced(REGISTERS, async () => {
        await send();
        com.send("7a"); // leaves when the break is over
        await uart1.expect("z");
      });
      t.same(changes(breaks(trace)), [true, false], how);
    }
    await com.client.close();
  });

  await t.test("a break that comes in is told by RFC 2217", async t => {
    const com = await agreed(t, 2001);
    t.equal(await com.ask("0a 10"), "6e10");
    await machine.monitor("chardev-send-break uart0");
    t.match(await com.until(notice("6a10")), /fffa2c6a10fff0$/);
    await com.client.close();
  });

  await t.test("a device that the drop-in of the board does not name cannot be opened", async t => {
    await machine.run("chmod 666 /dev/ttyAMA0");
    await configure(machine, "lab", ["2009:raw:0:/dev/ttyAMA0:9600"]);
    await machine.run("systemctl reload ser2net@lab");
    const answer = await until("the new port", async () => {
      const client = await Client.connect(t, 2009);
      return (await client.untilEnd()) || null;
    });
    t.equal(answer, "Device open failure: Operation not permitted\r\n");
    await machine.run("rm /etc/ser2net/lab.conf && systemctl reload ser2net@lab");
  });

  // A USB modem at this board's own USB device port: opening the far end raises its DCD and DSR.
  await machine.run("modprobe dummy_hcd && modprobe g_serial use_acm=1");
  await eventually(machine, "[ -c /dev/ttyACM0 ] && [ -c /dev/ttyGS0 ] && stty -F /dev/ttyGS0 raw -echo");
  await machine.run("exec 7<>/dev/ttyGS0");

  await t.test("modem lines: RFC 2217 tells of DCD and DSR as they change, and a LOCAL port does not mind", async t => {
    await configure(machine, "lab", ["2009:telnet:0:/dev/ttyACM0:9600 LOCAL remctl"]);
    await machine.run("systemctl reload ser2net@lab");
    const com = await agreed(t, 2009);
    await machine.run("exec 7>&-");
    t.match(await com.until(notice("6b1a")), notice("6b1a"), "DCD and DSR fell, CTS stays");
    await machine.run("exec 7<>/dev/ttyGS0");
    t.match(await com.until(notice("6bba")), notice("6bba"), "and rose");
    await com.client.close();
    await machine.run("rm /etc/ser2net/lab.conf && systemctl reload ser2net@lab");
  });

  await t.test("a port that minds DCD serves while it is on, and hangs up when it falls", async t => {
    const com = await agreed(t, 2006);
    com.send("7a");
    t.equal(await machine.run("head -c 1 <&7"), "z");
    await machine.run("printf up >&7");
    await com.client.expect("up");
    await machine.run("exec 7>&-");
    await com.client.untilEnd();
    t.pass("it hung up");
  });
}

/** A client that speaks RFC 2217. */
export async function agreed(t: Test, port: number): Promise<ComPort> {
  const { com, state } = await until(`port ${port} serves`, () => ComPort.agree(t, port).catch(() => null));
  await com.expect(state); // it is told twice
  return com;
}

/** The connection of that port has ended, and its device is closed. */
async function closed(machine: Board, port: number): Promise<void> {
  await eventually(
    machine,
    `busctl get-property org.ser2net.Ser2net1.lab /org/ser2net/Ser2net1/port/_3${port} org.ser2net.Ser2net1.Port Phase | grep idle`,
  );
}

function lastParameters(trace: string): string | undefined {
  return [...trace.matchAll(/serial_update_parameters (.*)/g)].at(-1)?.[1];
}

/** Each value that differs from the one before it. */
function changes<T>(values: readonly T[]): T[] {
  return values.filter((value, at) => value !== values[at - 1]);
}

/** The answer to a request that is granted: its number is 100 higher. */
function confirmed(body: string): string {
  const [number = "", value = ""] = body.split(" ");
  return `${(Number.parseInt(number, 16) + 100).toString(16)}${value}`;
}
