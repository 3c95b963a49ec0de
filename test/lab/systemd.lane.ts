/** The appliance in a container that systemd has booted: scripts/board-lab systemd. */
import { chmodSync } from "node:fs";
import t from "tap";
import { Client } from "../support/client.js";
import { PtyDevice } from "../support/pty.js";
import { call, testAppliance } from "./appliance.js";
import { configureCallers } from "./callers.js";
import { Container } from "./container.js";
import { testJournal } from "./journal.js";
import { explain, type Machine, put } from "./machine.js";
import { testRestarts } from "./restarts.js";

const DEV = "/run/lab-dev";
/** Of the packages of container.sh. */
const PACKAGES = ["1.0.1", "1.0.2"] as const;

/** A pseudo-terminal of ours as a device of the container. */
async function plugIn(machine: Machine, device: PtyDevice, name: string): Promise<void> {
  chmodSync(device.path, 0o666);
  await machine.run(`mkdir -p ${DEV}/demo && ln -sfn ${device.path.replace("/dev/pts", "/lab-pts")} ${DEV}/${name}`);
}

t.test("a container", async t => {
  const machine = await Container.boot(t, process.env.BOARD_LAB_TREE ?? "");
  explain(t, machine);
  t.comment((await machine.run("systemctl --version | head -n 1")).trim());
  const open = () => PtyDevice.open(t);
  const [echo, lines] = [
    open(),
    { telnet: open(), raw: open(), com: open(), shared: open(), udp: open(), many: open() },
  ];
  await plugIn(machine, lines.telnet, "demo/console");
  await plugIn(machine, echo, "demo/echo");
  const dropIn = "/etc/systemd/system/ser2net@demo.service.d/lines.conf";
  await put(machine, dropIn, ["[Service]", `Environment=SER2NET_DEV=${DEV}`]);
  await machine.run("systemctl daemon-reload");

  const both = [lines.telnet, echo] as const;
  await testAppliance(t, { machine, board: "demo", host: "localhost,", lines: both, watchdogSeconds: 2 });

  for (const [name, device] of Object.entries(lines)) await plugIn(machine, device, `demo/${name}`);
  const file = "/etc/ser2net/demo.conf";
  await configureCallers(machine, file, name => `${DEV}/demo/${name}`);
  await machine.run("systemctl start ser2net@demo");
  const rounds = Number(process.env.BOARD_LAB_ROUNDS ?? (process.env.BOARD_LAB === "full" ? 100 : 10));
  await testRestarts(t, { machine, unit: "ser2net@demo.service", lines, rounds, packages: PACKAGES });
  const seen = [`${DEV}/demo/raw`, `${DEV}/demo/shared`] as const;
  await testJournal(t, { machine, board: "demo", lines: [lines.raw, lines.shared] }, seen);
  await machine.run(`rm ${file}`);

  await t.test("a device that comes late is served when it is there", async t => {
    await machine.run(`rm ${DEV}/demo/echo && systemctl restart ser2net@demo`);
    const early = await Client.connect(t, 2002);
    t.match(await early.untilEnd(), /No such file or directory/);
    await plugIn(machine, echo, "demo/echo");
    const client = await call(t, 2002);
    client.send("late");
    await echo.expect("late");
  });
});
