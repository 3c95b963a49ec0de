/** Tests of any machine that serves serial ports under systemd. */
import type { Test } from "tap";
import { Client } from "../support/client.js";
import { OPENING } from "../support/com-port.js";
import { until } from "../support/wait.js";
import { eventually, type FarEnd, type Machine, properties, put } from "./machine.js";

export interface Site {
  readonly machine: Machine;
  /** The profile: its ports are telnet ports, 2001 and on. */
  readonly board: string;
  /** The text before the number in the names of its ports. */
  readonly host: "" | "localhost,";
  /** The lines of its first two ports. */
  readonly lines: readonly [FarEnd, FarEnd];
  /** Far longer than the daemon ever needs on this machine, and no longer: its end is waited for. */
  readonly watchdogSeconds: number;
}

const BUS = "org.ser2net.Ser2net1";
const ROOT = "/org/ser2net/Ser2net1";
const GREETING = Buffer.from(OPENING.replaceAll(" ", ""), "hex").toString("latin1");

export async function testAppliance(t: Test, site: Site): Promise<void> {
  const { machine, board, host } = site;
  const unit = `ser2net@${board}.service`;
  const busName = `${BUS}.${board}`;
  const name = (port: number) => `${host}${port}`;
  /** Encodes a label as sd_bus_path_encode(3) does. */
  const portPath = `${ROOT}/port/${host === "" ? "_32001" : "localhost_2c2001"}`;
  const mainPid = async () => (await properties(machine, unit, "MainPID")).MainPID;

  await t.test("the user, the folders and the bus policy are there once it has booted", async t => {
    t.match(await machine.run("id ser2net"), /groups=.*\(dialout\)/);
    t.equal(await machine.run("stat -c '%U:%G %a' /etc/ser2net /run/ser2net"), "root:ser2net 750\nroot:root 755\n");
    t.match(await machine.run("systemctl is-enabled ser2net@.service || true"), /disabled/);
  });

  await t.test("systemctl start returns when it serves, and the status says what", async t => {
    await machine.run(`systemctl start ${unit} && systemctl start --no-block ser2net-health@${board}`);
    t.match(await properties(machine, unit, "ActiveState", "SubState", "StatusText"), {
      ActiveState: "active",
      SubState: "running",
      StatusText: /^\d+ ports: /,
    });
    await figures(t, machine, unit);
  });

  await t.test("a telnet client reaches the device of each port", async t => {
    for (const [at, line] of site.lines.entries()) {
      const client = await call(t, 2001 + at);
      client.send(`to line ${at}`);
      await line.expect(`to line ${at}`);
      line.send(`from line ${at}`);
      t.equal(await client.expect(`from line ${at}`), `from line ${at}`);
      await client.close();
    }
  });

  await t.test("busctl sees the daemon and its ports, and changes them", async t => {
    await eventually(machine, `busctl status ${busName}`);
    const tree = (await machine.run(`busctl tree --list ${busName}`)).split("\n");
    t.ok(
      [ROOT, portPath].every(path => tree.includes(path)),
      tree.join(" "),
    );
    t.match(await machine.run(`busctl introspect ${busName} ${portPath}`), /^\.SetTimeout +method +u +- +-$/m);
    const port = `${busName} ${portPath} ${BUS}.Port`;
    t.equal(await machine.run(`busctl get-property ${busName} ${ROOT} ${BUS}.Daemon Board`), `s "${board}"\n`);
    t.equal(await machine.run(`busctl get-property ${port} Name`), `s "${name(2001)}"\n`);
    const getPort = `busctl call ${busName} ${ROOT} ${BUS}.Daemon GetPort s ${name(2001)}`;
    t.equal(await machine.run(getPort), `o "${portPath}"\n`);
    await machine.run(`busctl call ${port} SetTimeout u 77`);
    t.equal(await machine.run(`busctl get-property ${port} TimeoutSeconds`), "u 77\n");
    await machine.run(`busctl call ${port} SetTimeout u 0`);
    t.match(await machine.attempt(`busctl call ${busName} ${ROOT} ${BUS}.Daemon GetPort s 1`), {
      status: 1,
      output: /no port 1/,
    });
  });

  await t.test("users without rights may look over D-Bus, and change nothing", async t => {
    const nobody = `runuser -u nobody -- busctl`;
    t.equal(await machine.run(`${nobody} get-property ${busName} ${portPath} ${BUS}.Port Name`), `s "${name(2001)}"\n`);
    t.match(await machine.attempt(`${nobody} call ${busName} ${portPath} ${BUS}.Port SetTimeout u 5`), {
      status: 1,
      output: /denied/i,
    });
  });

  await t.test("busctl monitor shows a client come and go", async t => {
    await machine.run(`(timeout 120 busctl monitor --json=short ${busName} >/run/monitor 2>&1 &)`);
    const asked = `busctl get-property ${busName} ${ROOT} ${BUS}.Daemon Board`;
    await eventually(machine, `${asked} && grep . /run/monitor`); // systemd 257 does not say that it is there
    const last = `grep '"path":"${portPath}"' /run/monitor | grep -o '"Connections":{[^}]*}' | tail -n 1`;
    const client = await call(t, 2001);
    await eventually(machine, `${last} | grep connection/`);
    await client.close();
    await eventually(machine, `${last} | grep -F '"data":[]'`);
    t.pass("both signals came");
  });

  await t.test("a reload serves a new port and keeps the clients of the others", async t => {
    const client = await call(t, 2001);
    const before = await mainPid();
    await configure(machine, board, [
      `${name(2009)}:raw:0:/dev/null:9600`,
      `${name(2003)}:telnet:600:/dev/ser2net-none:9600`,
    ]);
    await machine.run(`systemctl reload ${unit}`);
    await eventually(machine, `busctl get-property ${busName} ${portPath.replace("2001", "2003")} ${BUS}.Port Name`);
    client.send("still here");
    await site.lines[0].expect("still here");
    t.equal(await mainPid(), before);
    t.match(await properties(machine, unit, "ActiveState"), { ActiveState: "active" });
    await client.close();
  });

  await t.test("a reload that cannot be read leaves everything as it was, and says so", async t => {
    await machine.run(`chmod 600 /etc/ser2net/${board}.conf && systemctl reload ${unit}`);
    await eventually(machine, `systemctl show -P StatusText ${unit} | grep '^reload rejected: '`);
    await (await call(t, 2001)).close();
    await machine.run(`rm /etc/ser2net/${board}.conf && systemctl reload ${unit}`);
    await eventually(machine, `systemctl show -P StatusText ${unit} | grep '^[0-9]* ports: '`);
  });

  await t.test("the sandbox is in force", async t => {
    const pid = await mainPid();
    const status = await machine.run(`cat /proc/${pid}/status`);
    const value = (key: string) => new RegExp(`^${key}:\\s*(.*)$`, "m").exec(status)?.[1];
    const uid = (await machine.run("id -u ser2net")).trim();
    t.equal(value("Uid"), [uid, uid, uid, uid].join("\t"));
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) t.match(value(set), /^0+$/, set);
    t.match({ NoNewPrivs: value("NoNewPrivs"), Seccomp: value("Seccomp") }, { NoNewPrivs: "1", Seccomp: "2" });
    const inside = (command: string) => machine.attempt(`nsenter --target ${pid} --mount -- ${command}`);
    for (const folder of ["/usr", "/etc", "/etc/ser2net", "/var", "/sys/kernel"]) {
      t.match(
        await inside(`touch ${folder}/x`),
        { status: 1, output: /Read-only file system|Permission denied/ },
        folder,
      );
    }
    for (const folder of ["/var/log/ser2net", `/run/ser2net/${board}`, "/run/lock"]) {
      t.match(await inside(`sh -c 'touch ${folder}/x && rm ${folder}/x'`), { status: 0 }, folder);
    }
    t.match(await inside("ls /root /home"), { output: /^(?!.*\.bashrc)/s }, "homes are empty");
    const exposure = await machine.run(`systemd-analyze security --no-pager ${unit}`);
    t.match(exposure, /Overall exposure level .*: 1\.[0-6] /);
  });

  await t.test("the boot counts as good once the daemon has been up long enough", async t => {
    await eventually(machine, `systemctl is-active ser2net-health@${board}`);
    t.match(await properties(machine, unit, "NRestarts"), { NRestarts: "0" });
  });

  await t.test("a daemon that stalls is killed by the watchdog, and serves again", async t => {
    await put(machine, `/run/systemd/system/${unit}.d/watchdog.conf`, [
      "[Service]",
      `WatchdogSec=${site.watchdogSeconds}`,
    ]);
    await machine.run(`systemctl daemon-reload && systemctl restart ${unit}`);
    const stalled = await mainPid();
    await machine.run(`kill -STOP ${stalled}`);
    await eventually(machine, `[ "$(systemctl show -P NRestarts ${unit})" = 1 ] && systemctl is-active ${unit}`);
    t.match(await machine.run(`journalctl -u ${unit} -o cat --no-pager`), /Watchdog timeout/);
    t.not(await mainPid(), stalled);
    const client = await call(t, 2001);
    client.send("after the watchdog");
    await site.lines[0].expect("after the watchdog");
    await client.close();
  });

  await t.test("a stop closes what is open, in order", async t => {
    const client = await call(t, 2001);
    await machine.run(`systemctl stop ${unit}`);
    await client.untilEnd();
    t.notOk(client.reset);
    const { Result, ExecMainStatus } = await properties(machine, unit, "Result", "ExecMainStatus");
    t.same({ Result, ExecMainStatus }, { Result: "success", ExecMainStatus: "0" });
  });

  await t.test("systemd listens for it: the first client starts it, and stays while it restarts", async t => {
    const socket = `ser2net@${board}.socket`;
    await machine.run(`systemctl start ${socket}`);
    t.match(await machine.attempt(`systemctl is-active ${unit}`), { output: "inactive\n" });
    const first = await call(t, 2001);
    first.send("by activation");
    await site.lines[0].expect("by activation");
    const listening = await machine.run("ss -Hltnp 'sport = 2001'");
    t.match(listening, /"systemd"/, "the daemon has taken the socket of systemd");
    t.equal(listening.trim().split("\n").length, host === "" ? 1 : 2, `and opened none: ${listening}`);
    await machine.run(`systemctl restart --no-block ${unit}`);
    first.send("over the restart");
    await site.lines[0].expect("over the restart");
    await first.close();
    await machine.run(`systemctl restart --no-block ${unit}`);
    const second = await call(t, 2001);
    second.send("while it restarts");
    await site.lines[0].expect("while it restarts");
    await second.close();
    await machine.run(`systemctl stop ${socket} ${unit}`);
  });
}

/** A client that was greeted: the connection before it may still be closing. */
export function call(t: Test, port: number): Promise<Client> {
  return until(`port ${port} is free`, async () => {
    const client = await Client.connect(t, port);
    const greeting = await client.expectBytes(GREETING.length);
    if (greeting === GREETING) return client;
    if (!`Port already in use\r\n`.startsWith(greeting)) throw new Error(`port ${port} says ${greeting}`);
    return null;
  });
}

/** The text of ser2net.conf beside the profile; the daemon can read it. */
export async function configure(machine: Machine, board: string, lines: readonly string[]): Promise<void> {
  const file = `/etc/ser2net/${board}.conf`;
  await put(machine, file, lines);
  await machine.run(`chgrp ser2net ${file} && chmod 640 ${file}`);
}

/** Printed, not asserted: they are those of this machine at this moment. */
async function figures(t: Test, machine: Machine, unit: string): Promise<void> {
  const names = ["ExecMainPID", "ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic"] as const;
  const shown = await properties(machine, unit, ...names);
  const startMs = (Number(shown.ActiveEnterTimestampMonotonic) - Number(shown.ExecMainStartTimestampMonotonic)) / 1000;
  const rollup = await machine.run(`grep -E '^(Rss|Pss|Anonymous):' /proc/${shown.ExecMainPID}/smaps_rollup`);
  t.comment(
    `${unit}: serves after ${Math.round(startMs)} ms; ${rollup.replace(/ +/g, " ").trim().replaceAll("\n", ", ")}`,
  );
}
