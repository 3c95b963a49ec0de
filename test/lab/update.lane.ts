/** A board with two systems that is updated by RAUC, and the boot loader of that board: scripts/board-lab update. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { until } from "../support/wait.js";
import { testAppUpdates } from "./app-updates.js";
import { call, configure } from "./appliance.js";
import { bothWays } from "./hardware.js";
import { eventually, explain } from "./machine.js";
import { Board } from "./qemu.js";

const FOLDER = process.env.BOARD_LAB_BOARD ?? "";
const DISKS = ["slot-b", "boot", "data"].map(name => join(FOLDER, name));
const SLOTS = { A: "/dev/vda", B: "/dev/vdb" } as const;
type Slot = keyof typeof SLOTS;
/** The tries that boot-slots gives a new slot. */
const TRIES = 2;
/** In leds.dts. */
const UPDATE_LED = 2;
/** Has its port only in ser2net.conf, which is on the data partition. */
const SITE_PORT = 2009;

/** The state of boot-slots: the order of the slots and the tries that each has left. */
function bootState(): string {
  return readFileSync(join(FOLDER, "boot"), "latin1").split("\n")[0] ?? "";
}

/** The part of a boot loader: takes the first slot that has a try left, and that try, as U-Boot's script for RAUC does. */
function nextSlot(): Slot {
  const [order = "", a, b] = bootState().split(" ");
  const left = { A: Number(a), B: Number(b) };
  const slot = ([...order] as Slot[]).find(one => left[one] > 0);
  if (slot === undefined) throw new Error(`no slot has a try left: ${bootState()}`);
  left[slot]--;
  writeFileSync(join(FOLDER, "boot"), `${order} ${left.A} ${left.B}\n`, { flag: "r+" });
  return slot;
}

function parts(slot: Slot) {
  const append = `root=${SLOTS[slot]} rauc.slot=${slot}`;
  return { folder: FOLDER, megabytes: 256, ports: [2001, SITE_PORT], disks: DISKS, append };
}

/** The system that the boot loader takes next, once it has started and has been found good. */
async function boot(t: Test): Promise<{ readonly board: Board; readonly slot: Slot }> {
  const slot = nextSlot();
  const board = await Board.boot(t, parts(slot));
  explain(t, board);
  return { board, slot };
}

const versionOf = async (board: Board) => (await board.run("cat /etc/lab-version")).trim();

const install = (board: Board, version: number | string) => board.attempt(`rauc install /data/${version}.raucb`);

/** Both its ports do: gives the client of the second one. */
async function serves(t: Test, board: Board, what: string): Promise<Client> {
  const [uart1, uart2] = board.uarts;
  if (uart1 === undefined || uart2 === undefined) throw new Error("a board without UARTs");
  const client = await call(t, 2001);
  await bothWays(t, client, uart1, `a port of the board, ${what}`);
  await client.close();
  const local = await Client.connect(t, SITE_PORT);
  await bothWays(t, local, uart2, `a port of the site, ${what}`);
  return local;
}

t.test("updates", async lane => {
  let { board, slot } = await boot(lane);

  await lane.test("the first system serves, and is good", async t => {
    t.same({ slot, version: await versionOf(board) }, { slot: "A", version: "1" });
    await configure(board, "lab", [`${SITE_PORT}:raw:0:/dev/ttyS1:9600`]);
    await board.run("systemctl reload ser2net@lab");
    await eventually(board, `ss -Hltn 'sport = ${SITE_PORT}' | grep .`);
    await (await serves(t, board, "version 1")).close();
    t.equal(bootState(), `AB ${TRIES} 0`);
  });

  await lane.test("an update is put off while a connection exists, which goes on", async t => {
    const client = await serves(t, board, "before the update");
    const { status, output } = await install(board, 2);
    t.not(status, 0, output);
    t.match(output, /Pre-install handler error/);
    t.match(await board.run("journalctl -u rauc -o cat --no-pager"), /lab +2009 .* connection/);
    t.equal(bootState(), `AB ${TRIES} 0`);
    t.equal(await board.pin(UPDATE_LED), false);
    await client.close();
  });

  await lane.test("a connection of another instance of the daemon postpones it as well", async t => {
    const serial = `-C '2010:raw:0:/dev/ttyS2:9600'`;
    await board.run(`systemd-run --unit=second /usr/bin/ser2net -n -u -p localhost,2011 ${serial} --dbus system`);
    await eventually(board, "ss -Hltn 'sport = 2010' | grep .");
    await board.run("systemd-run --unit=user bash -c 'exec 3<>/dev/tcp/127.0.0.1/2010 && sleep infinity'");
    await eventually(board, "ser2net busy | grep -E '^- +2010 '");
    t.not((await install(board, 2)).status, 0);
    await board.run("systemctl stop user && systemctl stop second");
  });

  await lane.test(
    "it is installed when no client is connected, and clients that connect meanwhile are served",
    async t => {
      await eventually(board, "/usr/lib/rauc/pre-install"); // the connection before may still be closing
      const installed = install(board, 2);
      await until("the LED", () => board.pin(UPDATE_LED));
      await (await serves(t, board, "while it is written")).close();
      t.match(await installed, { status: 0 });
      t.equal(await board.pin(UPDATE_LED), false, "the LED is out");
      t.equal(bootState(), `BA ${TRIES} ${TRIES}`);
    },
  );

  await lane.test(
    "the reboot waits for the last client, which is told, and the new system serves by the same configuration",
    async t => {
      const client = await call(t, 2001);
      await board.run("systemctl start --no-block update-reboot");
      await client.expect("[Port is draining: ");
      const late = await Client.connect(t, SITE_PORT);
      t.match(await late.untilEnd(), /^Port is draining: /);
      await eventually(board, "systemctl show -P StatusText ser2net@lab | grep '^draining; '"); // told once a second
      await client.close();
      await board.down();
      ({ board, slot } = await boot(lane));
      t.same({ slot, version: await versionOf(board) }, { slot: "B", version: "2" });
      await (await serves(t, board, "version 2")).close();
      t.equal(bootState(), `BA ${TRIES} ${TRIES}`, "found good");
    },
  );

  await lane.test("an update whose daemon does not start is tried and given up by itself", async t => {
    await eventually(board, "/usr/lib/rauc/pre-install");
    t.match(await install(board, 3), { status: 0 });
    t.equal(bootState(), `AB ${TRIES} ${TRIES}`);
    const client = await serves(t, board, "before the reboot");
    await board.run("systemctl reboot --no-block");
    await client.untilEnd();
    t.notOk(client.reset, "its connection ends in order");
    await board.down();
    for (let left = TRIES - 1; left >= 0; left--) {
      t.equal(nextSlot(), "A");
      const bad = await Board.powerOn(t, parts("A"));
      await bad.down();
      t.equal(bootState(), `AB ${left} ${TRIES}`, "never found good");
    }
  });

  await lane.test("the system before it is back, and serves as it did", async t => {
    ({ board, slot } = await boot(lane));
    t.same({ slot, version: await versionOf(board) }, { slot: "B", version: "2" });
    t.equal(await board.run("mount -o ro /dev/vda /mnt && cat /mnt/etc/lab-version && umount /mnt"), "3\n", "given up");
    await (await serves(t, board, "fallen back")).close();
    t.equal(bootState(), `AB 0 ${TRIES}`);
  });

  const [uart1] = board.uarts;
  if (uart1 !== undefined) await testAppUpdates(lane, board, uart1, version => install(board, version));
});
