import {
  chmodSync,
  closeSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { relative } from "node:path";
import t, { type Test } from "tap";
import { DeviceNodeWatcher } from "../../service/device/node-watcher.js";
import { temporaryFolder } from "../support/daemon.js";
import { openPty } from "../support/test-addon.js";
import { until } from "../support/wait.js";

function watchIn(t: Test, name: string) {
  const folder = temporaryFolder(t);
  const presence = new DeviceNodeWatcher(text => {
    throw new Error(text);
  });
  t.teardown(() => presence.close());
  const path = `${folder}/${name}`;
  const seen = { changes: 0 };
  const unwatch = presence.watch(path, () => void seen.changes++);
  /** Does something, and waits until the watcher has heard of it and agrees. */
  const becomes = async (present: boolean, act: () => void) => {
    const before = seen.changes;
    act();
    await until("a change", () => seen.changes > before);
    t.equal(presence.isPresent(path), present);
  };
  return { folder, path, presence, seen, unwatch, becomes };
}

t.test("a node that appears and goes is noticed, again and again", async t => {
  const { path, presence, becomes } = watchIn(t, "ttyUSB0");
  t.notOk(presence.isPresent(path));
  for (const _ of [1, 2, 3]) {
    await becomes(true, () => writeFileSync(path, ""));
    await becomes(false, () => rmSync(path));
  }
});

t.test("directories that are missing are waited for, each in turn, and all over when they go", async t => {
  const { folder, path, becomes } = watchIn(t, "serial/by-id/usb-adapter");
  for (const _ of [1, 2]) {
    await becomes(false, () => mkdirSync(`${folder}/serial`));
    await becomes(false, () => mkdirSync(`${folder}/serial/by-id`));
    await becomes(true, () => writeFileSync(path, ""));
    await becomes(false, () => rmSync(`${folder}/serial`, { recursive: true }));
  }
});

t.test("directories and node that appear all at once are noticed", async t => {
  const { folder, path, becomes } = watchIn(t, "a/b/c/d/node");
  for (const round of [1, 2, 3]) {
    await becomes(true, () => {
      mkdirSync(`${folder}/a/b/c/d`, { recursive: true });
      writeFileSync(path, "");
    });
    await becomes(false, () => renameSync(`${folder}/a`, `${folder}/other-${round}`));
  }
});

t.test("a link is as present as what it leads to", async t => {
  const { folder, path, presence, becomes } = watchIn(t, "by-id/adapter");
  await becomes(false, () => {
    mkdirSync(`${folder}/by-id`);
    symlinkSync("../nodes/ttyUSB0", path);
  });
  await becomes(false, () => mkdirSync(`${folder}/nodes`));
  await becomes(true, () => writeFileSync(`${folder}/nodes/ttyUSB0`, ""));
  await becomes(false, () => rmSync(`${folder}/nodes/ttyUSB0`));
  await becomes(true, () => writeFileSync(`${folder}/nodes/ttyUSB0`, ""));
  await becomes(true, () => {
    writeFileSync(`${folder}/ttyUSB1`, "");
    rmSync(path);
    symlinkSync(`${folder}/ttyUSB1`, path);
  });
  await becomes(false, () => rmSync(`${folder}/ttyUSB1`));
  t.notOk(presence.isPresent(path));
});

t.test("directories may be links, wherever they lead", async t => {
  const { folder, becomes } = watchIn(t, "dev/ttyS0");
  for (const name of ["one", "other"]) mkdirSync(`${folder}/${name}`);
  await becomes(false, () => symlinkSync("one", `${folder}/dev`));
  await becomes(true, () => writeFileSync(`${folder}/one/ttyS0`, ""));
  await becomes(false, () => {
    rmSync(`${folder}/dev`);
    symlinkSync("./one/../other/.", `${folder}/dev`);
  });
  await becomes(true, () => writeFileSync(`${folder}/other/ttyS0`, ""));
});

t.test("links in a circle are not a device, until they are changed", async t => {
  const { folder, path, becomes } = watchIn(t, "console");
  await becomes(false, () => {
    symlinkSync("there", path);
    symlinkSync("console", `${folder}/there`);
  });
  await becomes(true, () => {
    rmSync(`${folder}/there`);
    writeFileSync(`${folder}/there`, "");
  });
});

t.test("a change of permissions is a change, traffic and other names are none", async t => {
  const { folder, path, presence, seen, becomes } = watchIn(t, "ttyS0");
  await becomes(true, () => writeFileSync(path, ""));
  await becomes(true, () => chmodSync(path, 0o600));
  const before = seen.changes;
  writeFileSync(path, "some bytes");
  readFileSync(path);
  writeFileSync(`${folder}/ttyS1`, "");
  let later = 0;
  presence.watch(`${folder}/later`, () => void later++);
  writeFileSync(`${folder}/later`, "");
  await until("what came later is noticed", () => later > 0);
  t.equal(seen.changes, before);
});

t.test("a path relative to the working directory is followed as well", async t => {
  const { folder, presence } = watchIn(t, "x");
  const path = relative(process.cwd(), `${folder}/here`);
  let changes = 0;
  presence.watch(path, () => void changes++);
  writeFileSync(`${folder}/here`, "");
  await until("the change", () => changes > 0);
  t.ok(presence.isPresent(path));
});

t.test("a pseudo-terminal is looked for when it is asked for", async t => {
  const { presence } = watchIn(t, "x");
  const { master, slave, path } = openPty();
  t.ok(presence.isPresent(path));
  closeSync(slave);
  closeSync(master);
  t.notOk(presence.isPresent(path));
});

t.test("a directory is not a node: hardware below /sys may have none yet", async t => {
  const { folder, presence } = watchIn(t, "x");
  t.notOk(presence.isPresent(folder));
});

t.test("a SOL console is always there", async t => {
  const { presence, seen } = watchIn(t, "x");
  presence.watch("sol.lan 192.0.2.1", () => void seen.changes++)();
  t.ok(presence.isPresent("sol.lan 192.0.2.1"));
});

t.test("however many paths go through a directory, it is watched once, and not at all when all have left", async t => {
  const { folder, presence, unwatch } = watchIn(t, "first");
  const withOne = watchedDirectories();
  const unwatches = Array.from({ length: 100 }, (_, i) => presence.watch(`${folder}/tty${i}`, () => {}));
  const twice = presence.watch(`${folder}/tty0`, () => {});
  t.equal(watchedDirectories(), withOne);
  for (const leave of [...unwatches, unwatch]) leave();
  t.equal(watchedDirectories(), withOne, "one watch is left");
  twice();
  twice();
  t.equal(watchedDirectories(), 0);
});

t.test("a watch that has ended is not called, even if another one ends it within a notification", async t => {
  const { folder, path, presence, seen, unwatch } = watchIn(t, "node");
  let told = 0;
  const early = presence.watch(path, () => {
    told++;
    early();
    late();
  });
  const late = presence.watch(path, () => {
    told += 100;
  });
  unwatch();
  writeFileSync(path, "");
  await until("the news", () => told > 0);
  rmSync(path);
  let later = 0;
  presence.watch(`${folder}/later`, () => void later++);
  writeFileSync(`${folder}/later`, "");
  await until("what came later is noticed", () => later > 0);
  t.equal(told, 1);
  t.equal(seen.changes, 0);
});

t.test("more changes than the kernel keeps: nothing is missed", async t => {
  const { folder, path, becomes } = watchIn(t, "node");
  const queue = Number(readFileSync("/proc/sys/fs/inotify/max_queued_events", "latin1"));
  await becomes(true, () => {
    for (let i = 0; i <= queue; i += 2) {
      writeFileSync(`${folder}/other${i % 4}`, "");
      rmSync(`${folder}/other${i % 4}`);
    }
    writeFileSync(path, "");
  });
});

function watchedDirectories(): number {
  const lines = readdirSync("/proc/self/fd").flatMap(fd => {
    try {
      if (readlinkSync(`/proc/self/fd/${fd}`) !== "anon_inode:inotify") return [];
      return readFileSync(`/proc/self/fdinfo/${fd}`, "latin1").split("\n");
    } catch {
      return []; // the descriptor of this very listing
    }
  });
  return lines.filter(line => line.startsWith("inotify ")).length;
}
