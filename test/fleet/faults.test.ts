/** The fleet process where the disk is full and where clocks differ. */
import { execFileSync } from "node:child_process";
import { copyFileSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Authority, type Pair } from "../support/certificates.js";
import { run, temporaryFolder } from "../support/daemon.js";
import { NEEDS_MOUNT, smallDisk } from "../support/disks.js";
import { BOARD, type FleetStage, fleetStage, spooled, streamOf } from "../support/fleet-stage.js";
import type { Subscriber } from "../support/mosquitto.js";
import { until } from "../support/wait.js";

const DISK_BYTES = 256 * 1024;
const BLOCK = 4096;

t.test("a full disk: what does not fit is counted, and all else goes on", NEEDS_MOUNT, async t => {
  const disk = smallDisk(t, DISK_BYTES);
  const lines = ["OUTPUT:PORT", `SPOOL:1M path=${disk.folder}`];
  const stage = await fleetStage(t, lines, ["raw:0:DEVICE:115200 always-open"]);
  const topic = stage.topic(`port/${stage.daemon.names[0]}/output`);
  await stage.broker.start();
  const seen = await stage.subscribe();
  const arrived = (text: string) => until(text, () => seen.received.some(one => one.text.includes(text)));
  const say = (text: string) => stage.daemon.devices[0]?.send(text);
  let fleet = stage.start();
  await seen.expect("the port", one => one.topic.endsWith("/status") && one.topic.includes("/port/"));
  await sayMore(stage, "early");
  await arrived("early end");

  await stage.broker.kill();
  await sayMore(stage, "away");
  await fleet.errors.expect("the spool takes nothing: No space left on device");
  await stage.broker.start();
  await until("it is told", () => sumOfDropped(seen, stage) > 0);
  t.equal(fleet.process.exitCode, null, "the process is the same");
  say("<back>");
  await arrived("<back>");
  const numbers = streamOf(seen.received, topic).map(({ seq }) => seq);
  t.same(
    numbers,
    [...numbers].sort((one, other) => one - other),
    "in order",
  );
  const missing = (numbers.at(-1) ?? 0) - numbers.length;
  await until("as many as are missing", () => sumOfDropped(seen, stage, /^output/) === missing);
  const dropped = sumOfDropped(seen, stage);
  await until("the status has the sum", () => seen.objects(stage.topic("status")).at(-1)?.dropped === dropped);

  const others = fill(disk.folder);
  for (let at = 0; at < 20; at++) {
    say(`<live ${at}>`.padEnd(BLOCK / 4, "."));
    await arrived(`<live ${at}>`);
    // The subscriber hears of it before the board does.
    await until("the board knows that the broker has it", () => isConfirmed(disk.folder));
  }
  t.equal(sumOfDropped(seen, stage), dropped, "with a broker there, a full disk costs nothing");

  rmSync(others);
  await stage.broker.kill();
  await sayMore(stage, "again");
  await until("something is in the spool", () => spooled(disk.folder).includes("again 0"));
  fleet.process.kill("SIGKILL");
  await fleet.exit();
  fleet = stage.start();
  await stage.broker.start();
  await arrived("again 0");
  await until("the new process reads the console", () => {
    say("<last>");
    return seen.received.some(({ text }) => text.includes("<last>"));
  });
  const all = streamOf(seen.received, topic);
  t.same(
    all.map(({ seq }) => seq),
    all.map(({ seq }) => seq).sort((one, other) => one - other),
    "still in order, and no number stands for two",
  );
});

/** As the file tells that the process keeps of what the broker has: segment and offset, eight bytes each. */
function isConfirmed(folder: string): boolean {
  const [last = ""] = readdirSync(folder)
    .filter(name => name.endsWith(".seg"))
    .sort()
    .reverse();
  const place = readFileSync(join(folder, "confirmed"));
  const [segment, offset] = [Number(place.readBigUInt64LE(0)), Number(place.readBigUInt64LE(8))];
  const number = Number.parseInt(last, 16);
  return segment > number || (segment === number && offset >= statSync(join(folder, last)).size);
}

t.test("a folder for the spool that cannot be written: the log names it, and says what to do", NEEDS_MOUNT, async t => {
  const { folder } = smallDisk(t, DISK_BYTES);
  execFileSync("mount", ["-o", "remount,ro", folder]);
  const named = (await fleetStage(t, [`SPOOL:1M path=${folder}/new/fleet`])).start();
  await named.errors.expect(
    `cannot use the spool in ${folder}/new/fleet: Read-only file system; it must belong to the user ser2net, ` +
      "and the unit needs ReadWritePaths= (docs/fleet.md, SPOOL)\n",
  );
  t.equal((await named.exit()).code, 1, "tried again by the unit");

  const { configFile } = await fleetStage(t);
  const env = { STATE_DIRECTORY: join(folder, "state") };
  const own = run(t, ["fleet", "run", BOARD, "-c", configFile], { env });
  await own.errors.expect(`cannot use the spool in ${folder}/state: Read-only file system\n`);
  t.equal((await own.exit()).code, 1);
});

t.test("the certificate of the broker is not valid yet: the clock is said, and it is tried again", async t => {
  const folder = temporaryFolder(t);
  const own = new Authority(t);
  const names = "DNS:localhost";
  const tomorrow = own.issue("tomorrow", { names, from: new Date(Date.now() + 86_400_000) });
  const used = { cert: join(folder, "used.crt"), key: join(folder, "used.key") };
  const use = ({ cert, key }: Pair) => {
    copyFileSync(cert, used.cert);
    copyFileSync(key, used.key);
  };
  use(tomorrow);
  const broker = [`cafile ${own.ca}`, `certfile ${used.cert}`, `keyfile ${used.key}`, "allow_anonymous true"];
  const stage = await fleetStage(t, [`TLS:ca=${own.ca}`], undefined, broker);
  await stage.broker.start();
  const fleet = stage.start();
  const year = new Date().getUTCFullYear();
  await fleet.errors.expect(
    new RegExp(
      `no connection with mqtts:\\S+: certificate is not yet valid; it is tried again \\(the clock of this board is at ${year}-`,
    ),
  );
  await stage.broker.kill();
  use(own.issue("today", { names }));
  await stage.broker.start();
  await fleet.errors.expect("connected with mqtts:");
  t.pass("it connects as soon as both clocks agree");
});

/** More than the disk holds, and an end. */
async function sayMore({ daemon }: FleetStage, word: string): Promise<void> {
  const [device] = daemon.devices;
  for (let block = 0; block < (2 * DISK_BYTES) / BLOCK; block++) {
    device?.send(`${word} ${block} `.padEnd(BLOCK, "x"));
    await until("the daemon has read it", () => device?.unsent === 0);
  }
  device?.send(`${word} end`);
}

/** Messages that events have told as dropped. */
function sumOfDropped(seen: Subscriber, stage: FleetStage, stream = /^/): number {
  const streams = seen
    .objects(stage.topic("event"))
    .filter(({ event }) => event === "dropped")
    .map(({ streams }) => streams as Record<string, number>);
  const counts = streams.flatMap(one => Object.entries(one)).filter(([name]) => stream.test(name));
  return counts.reduce((sum, [, count]) => sum + count, 0);
}

/** Takes what is left of the disk. */
function fill(folder: string): string {
  const file = join(folder, "others");
  try {
    for (;;) writeFileSync(file, Buffer.alloc(BLOCK), { flag: "a" });
  } catch {
    return file;
  }
}
