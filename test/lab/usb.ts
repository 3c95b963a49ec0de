/** A board whose USB serial adapter is plugged in and out while a client is connected. */
import type { Test } from "tap";
import { Client } from "../support/client.js";
import { until } from "../support/wait.js";
import { call, configure } from "./appliance.js";
import { bothWays } from "./hardware.js";
import { eventually } from "./machine.js";
import type { Board } from "./qemu.js";

const byId = (serial: string) => `/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_${serial}-if00-port0`;
/** The one that lab.json gives holdSeconds, and one that it does not know. */
const HELD = "LAB0001";
const OTHER = "LAB0002";
const MISSING = "Device open failure: No such file or directory\r\n";

export async function testUsb(t: Test, machine: Board): Promise<void> {
  await machine.run("systemctl start ser2net@lab");
  const adapter = await machine.usbAdapter();
  const plugIn = async (serial: string) => {
    await machine.plugIn(serial);
    await eventually(machine, `ls ${byId(serial)}`);
  };
  const unplug = async (serial: string) => {
    await machine.unplug();
    await eventually(machine, `[ ! -e ${byId(serial)} ] && [ ! -e /dev/ttyUSB0 ]`);
  };
  /** Its device may just have appeared. */
  const served = (t: Test, port: number) => until(`${port} serves`, () => call(t, port).catch(() => null));

  await t.test("holdSeconds: the client of an adapter that goes and comes back sees a pause", async t => {
    t.equal(await (await Client.connect(t, 2005)).untilEnd(), MISSING);
    await plugIn(HELD);
    const opened = await machine.traced(["usb_serial_*"], async () => {
      const client = await served(t, 2005);
      await bothWays(t, client, adapter, "first adapter");
      await unplug(HELD);
      await plugIn(HELD);
      await bothWays(t, client, adapter, "plugged in again");
      await client.close();
    });
    const settings = [...opened.matchAll(/parity (\w), data bits (\d), stop bits (\d)/g)].map(([text]) => text);
    t.equal(settings.at(-1), "parity E, data bits 7, stop bits 2", "the adapter works with the settings of the port");
  });

  await t.test(
    "without holdSeconds the client is disconnected, and the next one is served when it is back",
    async t => {
      await unplug(HELD);
      await plugIn(OTHER);
      await configure(machine, "lab", [`2009:telnet:0:${byId(OTHER)}:9600 remctl`]);
      await machine.run("systemctl reload ser2net@lab");
      const client = await served(t, 2009);
      await bothWays(t, client, adapter, "before");
      await unplug(OTHER);
      await client.untilEnd();
      t.notOk(client.reset, "in order");
      t.notMatch(await machine.run("journalctl --sync && journalctl -u ser2net@lab -o cat"), /2009 is gone .* wait/);
      t.equal(await (await Client.connect(t, 2009)).untilEnd(), MISSING);
      await plugIn(OTHER);
      const next = await served(t, 2009);
      await bothWays(t, next, adapter, "after");
      await next.close();
      await machine.run("rm /etc/ser2net/lab.conf && systemctl reload ser2net@lab");
    },
  );
}
