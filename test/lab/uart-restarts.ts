/** Restarts of the service on real UARTs: the driver writes no register of modem or line control. */
import type { Test } from "tap";
import { Client } from "../support/client.js";
import { until } from "../support/wait.js";
import { agreed, bothWays, modemControl, REGISTERS } from "./hardware.js";
import { properties, put } from "./machine.js";
import type { Board } from "./qemu.js";

const UNIT = "ser2net@lab.service";
/** Longer than this machine ever needs. */
const WATCHDOG_SECONDS = 10;
/** Line control register (16550 data sheet): word length, parity, break, access to the divisor of the speed. */
const lineControl = (trace: string) => [...trace.matchAll(/serial_write .*addr 0x03 /g)].length;

export async function testUartRestarts(t: Test, machine: Board): Promise<void> {
  const [uart1, , uart3] = machine.uarts;
  if (uart1 === undefined || uart3 === undefined) throw new Error("a board without UARTs");
  const dropIn = `/run/systemd/system/${UNIT}.d/watchdog.conf`;
  await put(machine, dropIn, ["[Service]", `WatchdogSec=${WATCHDOG_SECONDS}`]);
  await machine.run(`systemctl daemon-reload && systemctl restart ${UNIT}`);
  const mainPid = async () => (await properties(machine, UNIT, "MainPID")).MainPID ?? "";
  const end = (signal: string) => async () => machine.run(`kill -${signal} ${await mainPid()}`);

  const com = await agreed(t, 2001);
  t.equal(await com.ask("01 00009600"), "6500009600");
  t.equal(await com.ask("05 09"), "6909", "DTR off");
  const raw = await Client.connect(t, 2003);
  await bothWays(t, raw, uart3, "before");

  for (const [what, act] of [
    ["a restart", () => machine.run(`systemctl restart ${UNIT}`)],
    ["a kill", end("KILL")],
    ["a watchdog kill", end("STOP")],
    ["daemon-reexec and a restart", () => machine.run(`systemctl daemon-reexec && systemctl restart ${UNIT}`)],
  ] as const) {
    await t.test(`${what}: no modem line moves, no setting is made again, and the connections go on`, async t => {
      const pid = await mainPid();
      const trace = await machine.traced(REGISTERS, async () => {
        await act();
        await until("the next process", async () => {
          const { MainPID, SubState } = await properties(machine, UNIT, "MainPID", "SubState");
          return SubState === "running" && MainPID !== pid;
        });
        await bothWays(t, raw, uart3, what);
        com.send("7a");
        await uart1.expect("z");
      });
      t.match(trace, /serial_write/, "the trace sees the writes of the driver");
      t.same({ modem: modemControl(trace), line: lineControl(trace) }, { modem: [], line: 0 });
      t.equal(await com.ask("05 07"), "6909", "DTR is off as before");
      t.equal(await com.ask("01 00000000"), "6500009600", "so is the speed");
    });
  }

  await t.test("a stop lowers DTR and RTS of a port with HANGUP_WHEN_DONE, although it was handed over", async t => {
    const trace = await machine.traced(REGISTERS, async () => {
      await machine.run(`systemctl stop ${UNIT}`);
      await raw.untilEnd();
      await com.client.untilEnd();
    });
    t.ok(modemControl(trace).includes(0), "the other port keeps RTS");
    await machine.run(`rm ${dropIn} && systemctl daemon-reload && systemctl start ${UNIT}`);
  });
}
