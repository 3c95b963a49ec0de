/** The appliance in a container that systemd has booted: scripts/board-lab systemd. */
import { chmodSync } from "node:fs";
import t from "tap";
import { Client } from "../support/client.js";
import { PtyDevice } from "../support/pty.js";
import { call, testAppliance } from "./appliance.js";
import { Container } from "./container.js";
import { explain, put } from "./machine.js";

const DEV = "/run/lab-dev";
const machine = await Container.boot(t, process.env.BOARD_LAB_TREE ?? "");
explain(t, machine);

/** A pseudo-terminal of ours as a device of the container. */
async function plugIn(device: PtyDevice, name: string): Promise<void> {
  chmodSync(device.path, 0o666);
  await machine.run(`mkdir -p ${DEV}/demo && ln -sfn ${device.path.replace("/dev/pts", "/lab-pts")} ${DEV}/${name}`);
}

const lines = [PtyDevice.open(t), PtyDevice.open(t)] as const;
await plugIn(lines[0], "demo/console");
await plugIn(lines[1], "demo/echo");
await put(machine, "/etc/systemd/system/ser2net@demo.service.d/lines.conf", [
  "[Service]",
  `Environment=SER2NET_DEV=${DEV}`,
]);
await machine.run("systemctl daemon-reload");

await testAppliance(t, { machine, board: "demo", host: "localhost,", lines, watchdogSeconds: 2 });

t.test("a device that comes late is served when it is there", async t => {
  await machine.run(`rm ${DEV}/demo/echo && systemctl start ser2net@demo`);
  const early = await Client.connect(t, 2002);
  t.match(await early.untilEnd(), /No such file or directory/);
  await plugIn(lines[1], "demo/echo");
  const caller = await call(t, 2002);
  caller.send("late");
  await lines[1].expect("late");
});
