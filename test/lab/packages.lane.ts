/** The Debian package in a container that systemd has booted, by apt as a user does: scripts/board-lab packages. */
import { chmodSync } from "node:fs";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { runProgram } from "../support/daemon.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { PtyDevice } from "../support/pty.js";
import { call } from "./appliance.js";
import { Container } from "./container.js";
import { eventually, explain, type Machine, properties, put } from "./machine.js";

const APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o APT::Sandbox::User=root";
const UNIT = "ser2net@generic.service";
const BUS = "org.ser2net.Ser2net1";
/** Which systemd and apt change by themselves. */
const APART =
  "proc sys dev run tmp lab lab-pts root var/lib/dpkg var/lib/apt var/lib/systemd var/cache var/log/journal var/log/dpkg.log var/log/alternatives.log var/log/apt";

/** Two serial adapters: what sysfs says of them, and their device files, which lead to pseudo-terminals of this host. */
async function plugIn(machine: Machine, devices: readonly PtyDevice[]): Promise<void> {
  const commands = ["mkdir -p /run/tty", "mount --bind /run/tty /sys/class/tty"];
  for (const [at, device] of devices.entries()) {
    chmodSync(device.path, 0o666);
    const folder = `/run/tty/ttyUSB${at}`;
    commands.push(`mkdir -p ${folder}/device/driver && echo 4 >${folder}/type`);
    commands.push(`ln -s ${device.path.replace("/dev/pts", "/lab-pts")} /dev/ttyUSB${at}`);
  }
  await machine.run(commands.join(" && "));
}

t.test("the package", async t => {
  const machine = await Container.boot(t, process.env.BOARD_LAB_TREE ?? "");
  explain(t, machine);
  const journal = (unit: string) => machine.run(`journalctl --no-pager -o cat -u '${unit}'`);
  const install = (file: string) => machine.run(`${APT} install --allow-downgrades ${file}`);
  const files = async () => {
    const pruned = APART.split(" ").map(path => `-path /${path}`);
    // Copies that useradd makes of what was there before.
    const found = await machine.run(`find / \\( ${pruned.join(" -o ")} \\) -prune -o ! -name '*-' -print | sort`);
    return found.trimEnd().split("\n");
  };
  t.comment((await machine.run("systemctl --version | head -n 1")).trim());
  await machine.run(`${APT} update`);
  const before = await files();

  await t.test("a machine without serial lines: it runs, and says that there are none", async t => {
    await install("/root/older.deb");
    t.match(await properties(machine, UNIT, "ActiveState", "StatusText", "UnitFileState"), {
      ActiveState: /^active$/,
      StatusText: /no serial/i,
      UnitFileState: "enabled",
    });
    t.match(await machine.run(`busctl tree --list ${BUS}`), "/org/ser2net/Ser2net1", "at once");
    t.match(await machine.attempt("ser2net ports"), { status: 0, output: /no ports: no serial device was found/ });
  });

  await t.test("purge leaves nothing", async t => {
    await machine.run(`${APT} purge --autoremove ser2net-edge`);
    t.same(await files(), before);
    t.match(await machine.run("systemctl list-units --all 'ser2net*' --plain --no-legend"), /^$/);
  });

  const lines = [PtyDevice.open(t), PtyDevice.open(t)] as const;
  await plugIn(machine, lines);

  await t.test("after the installation, with nothing edited, the serial lines are served", async t => {
    await install("/root/older.deb");
    t.match(await machine.run(`busctl tree --list ${BUS}`), "/org/ser2net/Ser2net1/port/_32001", "at once");
    t.match(await machine.run("ser2net ports"), /^2001 .*\/dev\/ttyUSB0 .*\n2002 .*\/dev\/ttyUSB1 /m);
    const telnet = runProgram(t, "script", ["-qec", "telnet 127.0.0.1 2002", "/dev/null"]);
    await telnet.output.expect("Connected to");
    telnet.process.stdin?.write("hello\r");
    await lines[1].expect("hello");
    lines[1].send("board login: ");
    await telnet.output.expect("board login: ");
    telnet.process.stdin?.write("\x1d");
    await telnet.output.expect("telnet> ");
    telnet.process.stdin?.write("quit\r");
    await telnet.exit();
  });

  const caller = await call(t, 2001);
  const nothingIsLost = async (t: Test, act: () => Promise<unknown>) => {
    const [down, up] = [new NumberedStream(text => caller.send(text)), new NumberedStream(text => lines[0].send(text))];
    for (const stream of [down, up]) stream.start();
    await act();
    const [atLine, atCaller] = [judge(await lines[0].expect(down.stop())), judge(await caller.expect(up.stop()))];
    for (const { lines: count, ...faults } of [atLine, atCaller]) {
      t.ok(count > 0);
      t.same(faults, { lost: 0, doubled: 0, torn: 0 });
    }
  };
  const version = () => machine.run(`busctl get-property ${BUS} /org/ser2net/Ser2net1 ${BUS}.Daemon Version`);

  await t.test("an upgrade and a downgrade: the connection stays, and no byte is lost", async t => {
    const old = await version();
    await nothingIsLost(t, () => install("/root/newer.deb"));
    t.equal(await version(), old.replace('"\n', '.1"\n'));
    await nothingIsLost(t, () => install("/root/older.deb"));
    t.equal(await version(), old);
    await caller.close();
  });

  await t.test("systemd opens the network ports of a shipped board", async () => {
    await machine.run(`systemctl stop ${UNIT} && systemctl enable --now ser2net@board-b.socket`);
    await machine.run("ss -Hltn 'sport = 2001' | grep -q LISTEN");
    await machine.run(`systemctl disable --now ser2net@board-b.socket && systemctl start ${UNIT}`);
  });

  await t.test("a wrong instance name is one line, and two instances that read one file are told", async t => {
    await machine.attempt("systemctl start ser2net@wrong");
    const said = (await journal("ser2net@wrong.service")).split("\n").filter(line => line.includes("wrong.conf"));
    t.equal(said.length, 1, said.join("\n"));
    t.match(await properties(machine, "ser2net@wrong", "ActiveState", "NRestarts"), { NRestarts: "0" });
    await put(machine, "/etc/ser2net.conf", ["127.0.0.1,3001:raw:0:/dev/ttyUSB1:9600"]);
    await machine.run(`systemctl restart ${UNIT} && systemctl start ser2net`);
    await eventually(
      machine,
      "journalctl --no-pager -o cat -u ser2net -u ser2net@generic | grep '/etc/ser2net.conf.*ser2net'",
    );
    await machine.run("systemctl stop ser2net");
  });

  await t.test(
    "removal stops it and keeps the configuration; then the file is served, without the profile",
    async t => {
      await machine.run(`${APT} remove ser2net-edge`);
      t.match(await machine.attempt("pidof node; ls /usr/lib/ser2net /usr/bin/ser2net"), {
        output: /^ls: .*\nls: .*\n$/,
      });
      await machine.run("test -s /etc/ser2net.conf");
      await install("/root/older.deb");
      t.match(await properties(machine, "ser2net.service", "ActiveState"), { ActiveState: /^active$/ });
      t.match(await machine.run("ser2net ports"), "127.0.0.1,3001");
      await machine.run(`${APT} purge --autoremove ser2net-edge && rm /etc/ser2net.conf`);
      t.same(await files(), before);
    },
  );

  await t.test("Debian's ser2net is replaced: its file stays, and ours serves", async t => {
    await machine.run(`${APT} install ser2net && echo '# edited' >>/etc/ser2net.yaml`);
    await install("/root/older.deb");
    t.match(
      await machine.run("tail -n 1 /etc/ser2net.yaml; dpkg -s ser2net | grep ^Status"),
      "# edited\nStatus: deinstall ok config-files",
    );
    t.match(await properties(machine, UNIT, "ActiveState"), { ActiveState: /^active$/ });
    t.match(
      await machine.attempt("systemctl is-enabled ser2net.service"),
      { output: /^disabled$/m },
      "not at the next boot",
    );
    const client = await Client.connect(t, 2001);
    client.send("hello again");
    await lines[0].expect("hello again");
    await client.close();
    await put(machine, "/etc/ser2net.conf", ["127.0.0.1,3001:raw:0:/dev/ttyUSB1:9600"]);
    await machine.run("systemctl enable --now ser2net.service");
    t.match(await machine.run("ser2net ports"), "127.0.0.1,3001");
    t.match(await machine.run("systemctl --failed --plain --no-legend"), /^$/);
  });
});
