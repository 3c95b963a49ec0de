/** Tests of a board with LEDs, read at the pins of its GPIO chip. */
import type { Test } from "tap";
import type { Client } from "../support/client.js";
import { until } from "../support/wait.js";
import { call } from "./appliance.js";
import { eventually } from "./machine.js";
import type { Board } from "./qemu.js";

/** Pins, as in leds.dts. */
const TRAFFIC = 0;
const LINK = 1;
const STATUS = 7;

export async function testLeds(t: Test, machine: Board): Promise<void> {
  const [uart] = machine.uarts;
  if (uart === undefined) throw new Error("a board without UARTs");
  await machine.run("systemctl start ser2net@lab");
  const seen = (what: string, pin: number, on: boolean) => until(what, async () => (await machine.pin(pin)) === on);
  const flashesFor = async (client: Client, bytes: string) => {
    client.send(bytes);
    await uart.expect(bytes);
    await seen(`a flash for ${bytes}`, TRAFFIC, true);
    await seen("its end", TRAFFIC, false);
  };
  /** The log lines of the current daemon about its LEDs. */
  const complaints = () =>
    machine.run(
      "journalctl --sync && journalctl -o cat _SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID ser2net@lab) | grep LED || true",
    );

  await t.test(
    "a LED flashes with the traffic, one is on while a connection exists, one while all is well",
    async t => {
      await seen("the status LED", STATUS, true);
      await seen("no flash without traffic", TRAFFIC, false);
      const client = await call(t, 2001);
      await seen("the link LED", LINK, true);
      await flashesFor(client, "x");
      uart.send("y");
      await client.expect("y");
      await seen("a flash for the other direction", TRAFFIC, true);
      await client.close();
      await seen("the link LED go out", LINK, false);
      t.equal(await complaints(), "");
    },
  );

  await t.test(
    "the trigger goes while it is in use: data goes on without flashes, and the log says so once",
    async t => {
      const client = await call(t, 2001);
      await machine.run("modprobe -r ledtrig-transient");
      for (const bytes of ["first", "second", "third"]) {
        client.send(bytes);
        await uart.expect(bytes);
      }
      t.equal(await complaints(), "LED 'traffic1' does not work any more: No such device\n");
      t.equal(await machine.pin(TRAFFIC), false);
      t.equal(await machine.pin(LINK), true, "the other LEDs work on");
      await client.close();
    },
  );

  await t.test("a kernel without the trigger: the daemon starts and serves, and the log says so once", async t => {
    await machine.run("mkdir -p /run/modprobe.d && echo 'install ledtrig-transient false' >/run/modprobe.d/lab.conf");
    await machine.run("systemctl restart ser2net@lab");
    const client = await call(t, 2001);
    await until("a complaint", async () => (await complaints()) !== "");
    for (const bytes of ["fourth", "fifth"]) {
      client.send(bytes);
      await uart.expect(bytes);
    }
    t.equal(await complaints(), "LED 'traffic1' does not work: the kernel has no 'transient' trigger\n");
    await seen("the status LED", STATUS, true);
    await seen("the link LED", LINK, true);
    await client.close();
  });

  await t.test(
    "the trigger is there again: the next client has it set, and LEDs flash once udev has seen that",
    async t => {
      await machine.run("rm /run/modprobe.d/lab.conf && modprobe ledtrig-transient");
      await (await call(t, 2001)).close();
      // The last one that ser2net-leds hands over.
      await eventually(machine, "stat -c %G:%a /sys/class/leds/board:green:port1/state | grep ser2net:664");
      const client = await call(t, 2001);
      await flashesFor(client, "again");
      await client.close();
      t.pass("seen at the GPIO chip");
    },
  );
}
