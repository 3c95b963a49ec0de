/** The daemon on a board with little memory, without systemd and bus: scripts/board-lab small. */
import t from "tap";
import { Client } from "../support/client.js";
import { agreed, bothWays } from "./hardware.js";
import { eventually, put } from "./machine.js";
import { Board } from "./qemu.js";

const megabytes = Number(process.env.BOARD_LAB_MEGABYTES ?? 64);
const PORTS = [2001, 2002, 2003, 2004];
const PID_FILE = "/run/ser2net.pid";
const LINES = [
  "2001:telnet:0:/dev/ttyS0:115200 NONE 1STOPBIT 8DATABITS LOCAL remctl",
  "2002:raw:0:/dev/ttyS1:115200 LOCAL max-connections=16",
  "2003:raw:0:/dev/ttyS2:9600 LOCAL always-open replay=65536",
  "2004:telnet:0:/dev/ttyS3:57600 LOCAL",
];
const CONNECTIONS = 16;
/** MB of a board on which a second Node fits beside the first: an upgrade needs one. */
const ENOUGH_FOR_TWO = 96;
/** Of device data, in bytes. */
const BULK = 200_000;

t.test(`a board with ${megabytes} MB, started by busybox`, async t => {
  const folder = process.env.BOARD_LAB_BOARD ?? "";
  // Debian reserves 16 MB for devices of other boards (cma), and makes 6 MB of entries of tracefs, which no board needs.
  const append = "cma=0 initcall_blacklist=tracer_init_tracefs 8250.nr_uarts=5 init=/usr/lib/lab/small-init";
  const board = await Board.powerOn(t, { folder, megabytes, ports: PORTS, append, shell: "uart" });
  t.teardown(() => t.passing() || t.comment(`the console:\n${board.console().slice(-3000)}`));
  await board.greeted();
  t.comment((await board.run("uname -mr; free -k")).trim());
  await put(board, "/etc/ser2net.conf", LINES);
  // As the units do.
  await board.run(
    `UV_USE_IO_URING=0 setsid ser2net -n -c /etc/ser2net.conf -P ${PID_FILE} </dev/null >/run/log 2>&1 &`,
  );
  await eventually(board, `[ -s ${PID_FILE} ] && cat ${PID_FILE}`);
  t.comment(`started: ${await memory(board)}`);

  await t.test("data of each UART, both ways", async t => {
    for (const [at, port] of PORTS.entries()) {
      const line = board.uarts[at];
      if (line === undefined) throw new Error("a board without UARTs");
      const client = await Client.connect(t, port);
      await bothWays(t, client, line, `port ${port}`);
      await client.close();
    }
  });

  await t.test("RFC 2217", async t => {
    const com = await agreed(t, 2001);
    t.equal(await com.ask("01 00009600"), "6500009600", "SET-BAUDRATE");
    await com.client.close();
  });

  await t.test(`${CONNECTIONS} connections get all that a device says`, async t => {
    const [, line] = board.uarts;
    if (line === undefined) throw new Error("a board without UARTs");
    const clients = await Promise.all(Array.from({ length: CONNECTIONS }, () => Client.connect(t, 2002)));
    for (const client of clients) client.send("a");
    await line.expect("a".repeat(CONNECTIONS)); // all are admitted
    line.send("x".repeat(BULK));
    for (const client of clients) t.equal((await client.expectBytes(BULK)).length, BULK);
    t.comment(`with ${CONNECTIONS} connections: ${await memory(board)}`);
    for (const client of clients) await client.close();
  });

  await t.test("a reload under a connection, and an upgrade where there is memory for it", async t => {
    const [, , line] = board.uarts;
    if (line === undefined) throw new Error("a board without UARTs");
    const client = await Client.connect(t, 2003);
    await bothWays(t, client, line, "before");
    await board.run(`kill -HUP $(cat ${PID_FILE})`);
    await bothWays(t, client, line, "after the reload");
    if (megabytes >= ENOUGH_FOR_TWO) {
      await board.run(`ser2net --upgrade ${PID_FILE}`);
      await bothWays(t, client, line, "after the upgrade");
    }
    await client.close();
  });

  await t.test("the kernel had memory for all of it", async t => {
    t.notMatch(await board.run("dmesg"), /out of memory|oom-kill/i);
    t.comment(`at the end: ${await memory(board)}; ${(await board.run("free -k | sed -n 2p")).trim()}`);
  });
});

async function memory(board: Board): Promise<string> {
  const rollup = await board.run(`grep -E 'Rss|Private_Dirty' /proc/$(cat ${PID_FILE})/smaps_rollup`);
  return rollup.trim().replaceAll(/\s+/g, " ");
}
