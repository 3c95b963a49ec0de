import t from "tap";
import { applyReload, type ReloadTarget } from "../../service/app/served-ports.js";
import type { Configuration } from "../../service/config/configuration.js";
import { readLines } from "../config/read.js";
import { World } from "../support/fake-environment.js";

interface Trial {
  readonly world: World;
  /** The calls in order: `create 7000`, `close rotator 6000` ... */
  readonly done: string[];
  /** Rotators that cannot be opened. */
  readonly taken: Set<string>;
  reload(...lines: readonly string[]): Configuration;
}

/** A daemon that has started with these lines. */
function start(...lines: readonly string[]): Trial {
  const world = new World();
  const done: string[] = [];
  const taken = new Set<string>();
  const rotators = new Set<string>();
  const daemon: ReloadTarget = {
    ports: world.ports,
    createPort(config) {
      const before = world.ports.list().map(({ name }) => name);
      done.push(`create ${config.name} beside ${before.join(" ") || "none"}`);
      if (world.listenFault === null) world.start(config);
    },
    openRotator({ name }) {
      done.push(`open rotator ${name}`);
      if (!taken.has(name)) rotators.add(name);
    },
    changeRotator: ({ name }) => void done.push(`change rotator ${name}`),
    closeRotator(name) {
      done.push(`close rotator ${name}`);
      rotators.delete(name);
    },
    hasRotator: name => rotators.has(name),
    changeLeds: (release, configure) =>
      void done.push(`leds -${release.map(({ name }) => name)} +${configure.map(({ name }) => name)}`),
  };
  let inForce = readLines();
  const reload = (...next: readonly string[]): Configuration => {
    inForce = applyReload(daemon, inForce, readLines(...next));
    return inForce;
  };
  reload(...lines);
  done.length = 0;
  return { world, done, taken, reload };
}

t.test("ports come, go and change; what is the same is left alone", async t => {
  const { world, done, reload } = start("7000:raw:0:/dev/ttyA:9600", "7001:raw:0:/dev/ttyB:9600");
  const same = world.listener("7000");
  reload("7000:raw:5:/dev/ttyA:9600", "7002:raw:0:/dev/ttyC:9600");
  t.same(done, ["leds - +", "create 7002 beside 7000"], "those that go, go first");
  t.same(
    world.ports.list().map(({ name }) => name),
    ["7000", "7002"],
  );
  t.equal(world.ports.find("7000")?.status().timeoutSeconds, 5);
  t.notOk(same.closed);
});

t.test("a port in use waits, whether it changes or goes", async t => {
  const { world, reload } = start("7000:raw:0:/dev/ttyA:9600", "7001:raw:0:/dev/ttyB:9600");
  const [one, two] = [await world.call("7000"), await world.call("7001")];
  reload("7000:raw:5:/dev/ttyA:9600");
  t.match(world.ports.find("7000")?.status(), { pending: "reconfigure", timeoutSeconds: 0 });
  t.match(world.ports.find("7001")?.status(), { pending: "delete", state: "off" });
  one.finish();
  two.finish();
  await world.settle();
  t.match(world.ports.find("7000")?.status(), { pending: "none", timeoutSeconds: 5 });
  t.equal(world.ports.find("7001"), null);
});

t.test("a UDP port in use does not wait", async t => {
  const { world, reload } = start("udp,7000:raw:0:/dev/ttyA:9600", "udp,7001:raw:0:/dev/ttyB:9600");
  const [one, two] = [await world.call("udp,7000", "x"), await world.call("udp,7001", "x")];
  reload("udp,7000:raw:5:/dev/ttyA:9600");
  await world.settle();
  t.ok(one.closed && two.closed);
  t.match(world.ports.find("udp,7000")?.status(), { timeoutSeconds: 5 });
  t.equal(world.ports.find("udp,7001"), null);
});

t.test("a port that could not be opened at start is tried again", async t => {
  const { world, done, reload } = start();
  world.listenFault = new Error("Address already in use");
  reload("7000:raw:0:/dev/ttyA:9600");
  t.equal(world.ports.find("7000"), null);
  world.listenFault = null;
  reload("7000:raw:0:/dev/ttyA:9600");
  t.equal(world.ports.find("7000")?.status().phase, "idle");
  t.equal(done.filter(line => line.startsWith("create")).length, 2);
});

t.test("a broken line keeps its port", async t => {
  const { world, reload } = start("7000:raw:0:/dev/ttyA:9600");
  const inForce = reload("7000:rwa:0:/dev/ttyA:9600");
  t.equal(world.ports.find("7000")?.status().phase, "idle");
  t.equal(inForce.ports.length, 1, "the next reload knows it");
});

t.test("a rotator that goes makes room for a port of its number", async t => {
  const { done, reload } = start("7000:raw:0:/dev/ttyA:9600", "ROTATOR:6000:7000");
  reload("7000:raw:0:/dev/ttyA:9600", "6000:raw:0:/dev/ttyB:9600");
  t.same(done, ["leds - +", "close rotator 6000", "create 6000 beside 7000"]);
});

t.test("a port that goes makes room for a rotator of its number", async t => {
  const { world, done, reload } = start("7000:raw:0:/dev/ttyA:9600", "6000:raw:0:/dev/ttyB:9600");
  reload("7000:raw:0:/dev/ttyA:9600", "ROTATOR:6000:7000");
  t.equal(world.ports.find("6000"), null);
  t.same(done, ["leds - +", "open rotator 6000"]);
});

t.test(
  "rotators: the same stays, a changed one keeps its sockets, one that could not be opened is tried again",
  async t => {
    const port = "7000:raw:0:/dev/ttyA:9600";
    const { done, taken, reload } = start(port, "ROTATOR:6000:7000");
    reload(port, "ROTATOR:6000:7000");
    t.same(done.splice(0), ["leds - +"]);
    reload(port, "ROTATOR:6000:7000 7001");
    t.same(done.splice(0), ["leds - +", "change rotator 6000"]);
    taken.add("6001");
    reload(port, "ROTATOR:6000:7000 7001", "ROTATOR:6001:7000");
    t.same(done.splice(0), ["leds - +", "open rotator 6001"]);
    taken.clear();
    reload(port, "ROTATOR:6000:7000 7001", "ROTATOR:6001:7000");
    t.same(done.splice(0), ["leds - +", "open rotator 6001"]);
  },
);

t.test("LEDs are changed before the ports that use them", async t => {
  const { done, reload } = start("LED:old:sysfs:device=a duration=10 state=1");
  reload("LED:new:sysfs:device=b duration=10 state=1", "7000:raw:0:/dev/ttyA:9600 led-rx=new");
  t.same(done, ["leds -old +new", "create 7000 beside none"]);
});
