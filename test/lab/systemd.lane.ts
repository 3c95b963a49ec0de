/** The appliance in a container that systemd has booted: scripts/board-lab systemd. */
import { chmodSync } from "node:fs";
import t from "tap";
import { Client } from "../support/client.js";
import { PtyDevice } from "../support/pty.js";
import { call, testAppliance } from "./appliance.js";
import { Container } from "./container.js";
import { explain, type Machine, put } from "./machine.js";
import { testRestarts } from "./restarts.js";

const DEV = "/run/lab-dev";

/** A pseudo-terminal of ours as a device of the container. */
async function plugIn(machine: Machine, device: PtyDevice, name: string): Promise<void> {
  chmodSync(device.path, 0o666);
  await machine.run(`mkdir -p ${DEV}/demo && ln -sfn ${device.path.replace("/dev/pts", "/lab-pts")} ${DEV}/${name}`);
}

t.test("a container", async t => {
  const machine = await Container.boot(t, process.env.BOARD_LAB_TREE ?? "");
  explain(t, machine);
  const lines = [PtyDevice.open(t), PtyDevice.open(t)] as const;
  await plugIn(machine, lines[0], "demo/console");
  await plugIn(machine, lines[1], "demo/echo");
  const dropIn = "/etc/systemd/system/ser2net@demo.service.d/lines.conf";
  await put(machine, dropIn, ["[Service]", `Environment=SER2NET_DEV=${DEV}`]);
  await machine.run("systemctl daemon-reload");

  await testAppliance(t, { machine, board: "demo", host: "localhost,", lines, watchdogSeconds: 2 });

  await machine.run("systemctl start ser2net@demo");
  const rounds = process.env.BOARD_LAB === "full" ? 100 : 20;
  await testRestarts(t, { machine, unit: "ser2net@demo.service", line: lines[0], port: 2001, rounds });

  await t.test("a device that comes late is served when it is there", async t => {
    await machine.run(`rm ${DEV}/demo/echo && systemctl start ser2net@demo`);
    const early = await Client.connect(t, 2002);
    t.match(await early.untilEnd(), /No such file or directory/);
    await plugIn(machine, lines[1], "demo/echo");
    const client = await call(t, 2002);
    client.send("late");
    await lines[1].expect("late");
  });
});
