import t from "tap";
import type { PortState } from "../../service/config/configuration.js";
import { DeviceError } from "../../service/device/device.js";
import type { Port } from "../../service/port/port.js";
import type { FakeDevice } from "../support/fake-device.js";
import { World } from "../support/fake-environment.js";
import type { FakeLink } from "../support/fake-link.js";
import { randomNumbers } from "../support/random.js";

const SEED = 20_261_124;
const RUNS = 300;
const STEPS = 60;

t.test(`whatever happens in whatever order, nothing is left behind (seed ${SEED})`, async t => {
  const random = randomNumbers(SEED);
  for (let run = 0; run < RUNS; run++) {
    const faults = await tryOnce(random);
    if (faults.length > 0) t.fail(`run ${run}: ${faults.join("; ")}`);
  }
  t.pass(`${RUNS} random lives`);
});

/** The violations at the end. */
async function tryOnce(random: () => number): Promise<string[]> {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  const texts = ["OPENSTR:o:OPEN", "CLOSESTR:c:CLOSE", "BANNER:b:hi", "CLOSEON:e:END"];
  const transport = pick(["", "udp,"]);
  const name = `${transport}7000`;
  const config = () => {
    const words = [
      pick(["", "kickolduser"]),
      pick(["", "max-connections=3"]),
      pick(["", "o"]),
      pick(["", "c"]),
      pick(["", "b"]),
      pick(["", "e"]),
      pick(["", "remctl"]),
      pick(["", "-chardelay", "chardelay-min=5000"]),
      pick(["", "hold=3"]),
      transport === "udp," ? pick(["", "", "remaddr=udp,192.0.2.1,5000;udp,127.0.0.1,0"]) : "",
    ].filter(word => word !== "");
    const state = pick(["raw", "raw", "telnet", "rawlp", "off"]);
    return world.config(
      ...texts,
      `${name}:${state}:${pick([0, 1])}:${pick(["/dev/ttyA", "/dev/ttyB"])}:9600 ${words.join(" ")}`.trimEnd(),
    );
  };

  const world = new World();
  const links: FakeLink[] = [];
  const latePermissions: (() => void)[] = [];
  const lateDevices: (() => void)[] = [];
  world.permitted = () => {
    const answer = random() < 0.9;
    if (random() < 0.7) return answer;
    return new Promise(resolve => void latePermissions.push(() => resolve(answer)));
  };
  world.open = wanted => {
    const fails = random() < 0.15;
    const error = new DeviceError("open-failed", wanted.device.path, "No such device");
    const make = (): FakeDevice => Object.assign(world.makeDevice(wanted), { stuck: random() < 0.2 });
    if (random() < 0.7) {
      if (fails) throw error;
      return make();
    }
    return new Promise((resolve, reject) => void lateDevices.push(() => (fails ? reject(error) : resolve(make()))));
  };
  let port: Port = world.start(config());
  let monitors = 0;

  const call = (): void => {
    const link = world.link({}, transport === "" ? "tcp" : "udp");
    links.push(link);
    link.room = pick([0, 5, 1000]);
    if (random() < 0.7) link.send("first");
    try {
      world.listener(name).call(link);
    } catch {
      links.pop(); // refused: the port is off or gone
    }
  };
  const onDevice = (act: (device: FakeDevice) => void): void => {
    const open = world.devices.filter(device => !device.closed);
    if (open.length > 0) act(pick(open));
  };
  const onLink = (act: (link: FakeLink) => void): void => {
    const open = links.filter(link => !link.closed);
    if (open.length > 0) act(pick(open));
  };
  const acts: readonly (() => unknown)[] = [
    call,
    call,
    call,
    () => onLink(link => link.send("x\xff\xf1\xff\xfd\x18")),
    () => onLink(link => link.send("\xff\xfb\x2c\xff\xfa\x2c\x05\x08\xff\xf0\xff\xfa\x2c\x08\xff\xf0")),
    () => onLink(link => link.finish()),
    () => onLink(link => link.breakWith(pick(["read", "write"]), pick(["reset", "pipe"]))),
    () => onLink(link => (link.room = pick([0, 3, 1000]))),
    () => onDevice(device => device.send(pick(["data", "END", "\xff\xff"]))),
    () => onDevice(device => (device.room = pick([0, 3, 1000]))),
    () => onDevice(device => device.hangUp()),
    () => onDevice(device => device.breakWith(pick(["read", "write", "line"]))),
    () => world.unplug("/dev/ttyA"),
    () => world.plug("/dev/ttyA"),
    () => port.disconnect(),
    () => port.setTimeoutSeconds(pick([0, 1])),
    () => {
      // Both doors, the control port and D-Bus, turn this away themselves.
      if (port.status().pending !== "delete") port.setState(pick<PortState>(["off", "raw", "telnet", "rawlp"]));
    },
    () => port.drive({ dtr: random() < 0.5 }),
    () => port.reconfigure(config(), pick([null, null, "UDP reconfig"])),
    () => {
      const stop = port.monitor(
        pick(["tcp", "term"]),
        () => {},
        () => monitors--,
      );
      if (stop !== null) monitors++;
    },
    () => {
      if (random() < 0.8) return;
      port.removeWhenFree(pick([null, "UDP delete"]));
    },
    () => latePermissions.shift()?.(),
    () => lateDevices.shift()?.(),
    () => world.settle(),
    () => world.settle(),
    () => world.time.pass(pick([1, 5, 50])),
    () => world.time.pass(1000),
    () => world.time.pass(4000),
    () => port.status(),
  ];
  for (let step = 0; step < STEPS; step++) {
    await pick(acts)();
    if (world.ports.find(name) === null) port = world.start(config()); // it was removed: a new one takes its place
  }

  const over = port.shutdown();
  for (let turn = 0; turn < 10; turn++) {
    for (const answer of [...latePermissions.splice(0), ...lateDevices.splice(0)]) answer();
    await world.settle();
    world.time.pass(1000);
  }
  await over;
  await world.settle();

  return [
    ...(port.status().phase === "disabled" ? [] : [`the port is ${port.status().phase}`]),
    ...(world.devices.every(device => device.closed) ? [] : ["a device is open"]),
    ...(links.every(link => link.closed) ? [] : ["a link is open"]),
    ...(world.time.waiting === 0 ? [] : [`${world.time.waiting} timers wait`]),
    ...(world.watchers === 0 ? [] : ["a node is watched"]),
    ...(monitors === 0 ? [] : [`${monitors} monitors were not told`]),
  ];
}
