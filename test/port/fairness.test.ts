/** How much one source passes on before the event loop goes on, and with it every other port. */
import t from "tap";
import { World } from "../support/fake-environment.js";

/** The common part of a device and a link. */
interface Source {
  read(into: Uint8Array): number;
  whenReadable(callback: () => void): void;
  send(bytes: Uint8Array): void;
}

/** Bytes that are read in each callback from now on. */
function countRounds(source: Source): number[] {
  const rounds: number[] = [];
  const read = source.read.bind(source);
  const whenReadable = source.whenReadable.bind(source);
  source.whenReadable = callback =>
    whenReadable(() => {
      rounds.push(0);
      callback();
    });
  source.read = into => {
    const count = read(into);
    rounds.push((rounds.pop() ?? 0) + Math.max(0, count));
    return count;
  };
  return rounds;
}

t.test("a device or a peer that has more than 8 KiB to send is left for the others after 8 KiB", async t => {
  for (const from of ["device", "peer"] as const) {
    const world = new World();
    world.port("7000:raw:0:/dev/ttyA:115200 dev-to-net-bufsize=256 net-to-dev-bufsize=256 -chardelay");
    const link = await world.call("7000");
    const source = from === "device" ? world.device : link;
    source.send(new Uint8Array(10));
    await world.settle();
    const rounds = countRounds(source);
    source.send(new Uint8Array(10));
    await world.settle();
    rounds.length = 0;
    source.send(new Uint8Array(40_000));
    await world.settle();
    t.equal(Math.max(...rounds), 8192, `${from}: ${rounds.join()}`);
    t.equal((from === "device" ? link.received : world.device.written).length, 40_020);
  }
});

t.test("reads of a byte each are left after 64", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:115200 dev-to-net-bufsize=1 -chardelay");
  const link = await world.call("7000");
  world.device.send("x");
  await world.settle();
  const rounds = countRounds(world.device);
  world.device.send("x");
  await world.settle();
  rounds.length = 0;
  world.device.send(new Uint8Array(1000));
  await world.settle();
  t.equal(Math.max(...rounds), 64, rounds.join());
  t.equal(link.received.length, 1002);
});

t.test("a device that had less than was asked for is not read again before more has come", async t => {
  const world = new World();
  world.port("7000:raw:0:/dev/ttyA:115200");
  const link = await world.call("7000");
  const { device } = world;
  const read = device.read.bind(device);
  const counts: number[] = [];
  device.read = into => {
    const count = read(into);
    counts.push(count);
    return count;
  };
  // The last ones are far ahead of the line's speed, so more is likely to follow.
  for (const bytes of [1, 10, 4000, 4000, 4000]) {
    device.send(new Uint8Array(bytes));
    await world.settle();
  }
  t.same(counts, [1, 10, 4000, 4000, 4000], "an empty tty makes the thread wait for the kernel's worker");
  t.equal(link.received.length, 12_011);
});
