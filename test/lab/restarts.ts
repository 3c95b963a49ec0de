/** Acts on the service that end no connection and lose no byte: docs/ota.md, under a real systemd. */
import type { Test } from "tap";
import { askControlPort, Client, isRefused } from "../support/client.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { until } from "../support/wait.js";
import { Callers, type Lines, PORTS } from "./callers.js";
import { eventually, type Machine, properties, put } from "./machine.js";

export interface RestartSite {
  readonly machine: Machine;
  readonly unit: string;
  readonly lines: Lines;
  readonly rounds: number;
  /** Of the packages in /root, the older one first. */
  readonly packages: readonly [string, string];
}

/** Lines of 8 bytes in one read piece of 8 KB: a kill loses at most so many in each direction of a port. */
const LINES_OF_A_PIECE = 1024;
/** What is open while all callers are there: eleven network sockets, the local control socket, five connections, a control
 * session, five devices, the journal. */
const OPEN = 24;
/** Their kinds over a restart: with the state in the place of the journal. */
const HANDED_OVER = "cccccdddddllllllllllmssu";
const MANY = 1000;
const WATCHDOG_SECONDS = 2;

interface Process {
  readonly pid: string;
  readonly descriptors: number;
  readonly kilobytes: number;
}

export async function testRestarts(t: Test, site: RestartSite): Promise<void> {
  const { machine, unit, lines, rounds } = site;
  const restart = () => machine.run(`systemctl restart ${unit}`);
  const mainPid = async () => (await properties(machine, unit, "MainPID")).MainPID ?? "";
  const stored = async () => Number((await properties(machine, unit, "NFileDescriptorStore")).NFileDescriptorStore);
  const running = async (before: string) => {
    await until("the next process", async () => {
      const { MainPID, SubState } = await properties(machine, unit, "MainPID", "SubState");
      return SubState === "running" && MainPID !== "0" && MainPID !== before;
    });
  };
  /** Anonymous memory of the process that runs, and the number of its descriptors. */
  const size = async (): Promise<Process> => {
    const pid = await mainPid();
    const counts = await machine.run(
      `ls /proc/${pid}/fd | wc -l; awk '/^Anonymous/ { print $2 }' /proc/${pid}/smaps_rollup`,
    );
    const [descriptors = 0, kilobytes = 0] = counts.trim().split("\n").map(Number);
    return { pid, descriptors, kilobytes };
  };

  const onBus = () => eventually(machine, `busctl status org.ser2net.Ser2net1.${/@(.*)\.service/.exec(unit)?.[1]}`);

  const callers = await Callers.connect(t, lines);

  /** Numbered lines at 115200 bit/s, both ways of a telnet port and of a raw one, while something happens to the service. */
  const streams = async (act: () => Promise<unknown>) => {
    const parties = Object.entries({
      "telnet, up": [callers.telnet, lines.telnet],
      "telnet, down": [lines.telnet, callers.telnet],
      "raw, up": [callers.raw, lines.raw],
      "raw, down": [lines.raw, callers.raw],
    } as const).map(([name, [from, to]]) => ({ name, to, stream: new NumberedStream(text => from.send(text)) }));
    for (const { stream } of parties) stream.start();
    await act();
    const last = parties.map(({ stream }) => stream.stop());
    return Promise.all(parties.map(async ({ name, to }, at) => ({ name, ...judge(await to.expect(last[at] ?? "")) })));
  };
  const nothingIsLost = async (t: Test, act: () => Promise<unknown>) => {
    for (const { name, lines: count, ...faults } of await streams(act)) {
      t.comment(`${name}: ${count} lines arrived, ${JSON.stringify(faults)}`);
      t.same(faults, { lost: 0, doubled: 0, torn: 0 }, name);
    }
    await callers.alive();
    t.equal(await stored(), OPEN, "the store has what is open");
  };
  /** For kills: without the bytes of one read. */
  const littleIsLost = async (t: Test, kills: number, act: () => Promise<unknown>) => {
    for (const { name, lines: count, lost, doubled, torn } of await streams(act)) {
      t.comment(`${name}: ${count} lines arrived, ${lost} lost, ${torn} torn`);
      t.equal(doubled, 0, `${name}: doubled`);
      t.ok(lost <= kills * LINES_OF_A_PIECE, `${name}: ${lost} lines lost`);
    }
    await callers.prompted();
    await callers.watch();
    await callers.alive();
    t.equal(await stored(), OPEN, "the store has what is open");
  };

  await t.test(`${rounds} restarts: no byte is lost or doubled, and nothing adds up`, async t => {
    await restart();
    await callers.alive();
    await onBus();
    const before = await size();
    const ofManager = "ls /proc/1/fd | wc -l";
    const managers = await machine.run(ofManager);
    await nothingIsLost(t, async () => {
      for (let round = 0; round < rounds; round++) await restart();
    });
    await onBus();
    const after = await size();
    const names = await machine.run(`tr '\\0' '\\n' </proc/${after.pid}/environ | sed -n 's/^LISTEN_FDNAMES=//p'`);
    t.equal(
      names
        .trim()
        .split(":")
        .map(name => name[0])
        .sort()
        .join(""),
      HANDED_OVER,
    );
    t.equal(after.descriptors, before.descriptors, "descriptors of the daemon");
    t.equal(await machine.run(ofManager), managers, "descriptors of systemd");
    t.comment(`${JSON.stringify(before)}, after ${rounds} restarts ${JSON.stringify(after)}`);
    t.ok(after.kilobytes < before.kilobytes * 1.5, "memory of the daemon");
    await callers.traced(machine);
    t.pass("the trace has each byte once");
  });

  await t.test("ten restarts in a second: none is lost", async t => {
    const before = await mainPid();
    await nothingIsLost(t, async () => {
      await machine.run(`for i in 1 2 3 4 5 6 7 8 9 10; do systemctl restart --no-block ${unit}; sleep 0.1; done`);
      await running(before);
      await eventually(machine, `[ -z "$(systemctl list-jobs --no-legend ${unit})" ]`);
    });
  });

  await t.test(`${rounds} kills: no byte is doubled, and few are lost`, async t => {
    const restarts = async () => Number((await properties(machine, unit, "NRestarts")).NRestarts);
    const before = await restarts();
    await littleIsLost(t, rounds, async () => {
      for (let round = 0; round < rounds; round++) {
        const pid = await mainPid();
        await machine.run(`sleep 0.0$((RANDOM % 90 + 10)) && kill -9 ${pid}`);
        await running(pid);
      }
    });
    t.equal((await restarts()) - before, rounds);
  });

  await t.test("the watchdog kills a daemon that stalls: no connection ends", async t => {
    const dropIn = `/run/systemd/system/${unit}.d/watchdog.conf`;
    await put(machine, dropIn, ["[Service]", `WatchdogSec=${WATCHDOG_SECONDS}`]);
    await machine.run("systemctl daemon-reload");
    await restart();
    const pid = await mainPid();
    await littleIsLost(t, 1, async () => {
      await machine.run(`kill -STOP ${pid}`);
      await running(pid);
    });
    t.match(await machine.run(`journalctl -u ${unit} -o cat -n 20 --no-pager`), /Watchdog timeout/);
    await machine.run(`rm ${dropIn} && systemctl daemon-reload`);
  });

  await t.test("systemctl daemon-reexec and daemon-reload change nothing, nor does the restart after them", async t => {
    await nothingIsLost(t, async () => {
      const pid = await mainPid();
      await machine.run("systemctl daemon-reexec");
      await machine.run("systemctl daemon-reload");
      t.equal(await mainPid(), pid);
      await restart();
    });
  });

  await t.test("a reload and a restart of the D-Bus daemon end nothing", async t => {
    await nothingIsLost(t, async () => {
      const pid = await mainPid();
      await machine.run(`systemctl reload ${unit}`);
      await machine.run("systemctl restart dbus");
      await onBus();
      t.equal(await mainPid(), pid);
    });
  });

  await t.test("an upgrade of the package, and a downgrade: the new program goes on with all", async t => {
    await nothingIsLost(t, async () => {
      for (const version of [...site.packages, site.packages[0]]) {
        const pid = await mainPid();
        await machine.run(`dpkg -i /root/ser2net-edge_${version}.deb`);
        t.not(await mainPid(), pid, `${version} is in use`);
        t.match(await callers.operate("version"), version, "the session has the new program");
      }
    });
  });

  await t.test("a port that is switched off after a restart refuses at once", async t => {
    await restart();
    const name = `127.0.0.1,${PORTS.many}`;
    await askControlPort(t, 2000, `setportenable ${name} off`);
    t.ok(await isRefused(PORTS.many));
    t.equal(await stored(), OPEN - 1);
    await askControlPort(t, 2000, `setportenable ${name} raw`);
    t.notOk(await isRefused(PORTS.many));
  });

  await t.test(`${MANY} connections go on over a restart and a kill, and leave nothing behind`, async t => {
    const clients: Client[] = [];
    while (clients.length < MANY) clients.push(await Client.connect(t, PORTS.many));
    clients[0]?.send("up");
    await lines.many.expect("up");
    await until("all of them are stored", async () => (await stored()) === OPEN + MANY + 1);
    for (const act of [restart, async () => machine.run(`systemctl kill -s KILL ${unit}`)]) {
      const pid = await mainPid();
      await act();
      await running(pid);
      lines.many.send("all");
      for (const client of clients) await client.expect("all");
    }
    await callers.prompted();
    await callers.watch();
    for (const client of clients) await client.close();
    await until("none of them is stored", async () => (await stored()) === OPEN);
    await callers.alive();
  });

  await t.test("a stop ends all of them, and the next start has nothing of them", async t => {
    await machine.run(`systemctl stop ${unit}`);
    await callers.ended();
    t.match(await machine.run(`journalctl -u ${unit} -o cat -n 20`), /Deactivated successfully/);
    await machine.run(`systemctl start ${unit}`);
    t.notMatch(await machine.run(`systemctl show -P StatusText ${unit}`), /took over/);
  });
}
