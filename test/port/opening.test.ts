import t from "tap";
import type { Device } from "../../service/device/device.js";
import { DeviceError, type DeviceErrorCode } from "../../service/device/device.js";
import { createFakeDevice } from "../support/fake-device.js";
import { World } from "../support/fake-environment.js";

const OPENING = "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01\xff\xfd\x00\xff\xfb\x00";

t.test("negotiation, banner, then what the device has been saying", async t => {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    device.send("early");
    return device;
  };
  world.port("BANNER:b:\\p at \\d\\r\\n", "7000:telnet:0:/dev/ttyA:9600 b");
  const link = await world.call("7000");
  await world.pass(20);
  t.equal(link.received, `${OPENING}7000 at /dev/ttyA\r\nearly`);
});

t.test("each peer gets the banner; the opening text goes to the device once", async t => {
  const world = new World();
  world.port("BANNER:b:hello \\I ", "OPENSTR:o:AT\\r", "7000:raw:0:/dev/ttyA:9600 b o max-connections=2");
  const one = await world.call("7000", "", { address: "192.0.2.1" });
  const two = await world.call("7000", "", { address: "192.0.2.2" });
  t.equal(one.received, "hello 192.0.2.1 ");
  t.equal(two.received, "hello 192.0.2.2 ");
  t.equal(world.device.written, "AT\r");
});

t.test("the device is not read before a peer has taken its banner", async t => {
  const world = new World();
  world.port("BANNER:b:welcome", "7000:raw:0:/dev/ttyA:9600 b -chardelay");
  const link = world.link();
  link.room = 3;
  world.listener("7000").call(link);
  await world.settle();
  world.device.send("data");
  await world.settle();
  t.equal(link.received, "wel");
  t.equal(world.device.unread, 4);
  link.room = 100;
  await world.settle();
  t.equal(link.received, "welcomedata");
});

t.test("the opening text comes whole, before any byte of a peer", async t => {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    device.room = 2;
    return device;
  };
  world.port("OPENSTR:o:INIT", "7000:raw:0:/dev/ttyA:9600 o max-connections=2");
  const one = await world.call("7000", "1");
  const two = await world.call("7000", "2");
  t.equal(world.device.written, "IN");
  t.same([one.unread, two.unread], [1, 1], "no peer is read meanwhile");
  world.device.room = 100;
  await world.pass(20);
  t.match(world.device.written, /^INIT(12|21)$/);
});

t.test("a device that cannot be opened: what the peer and the log are told", async t => {
  const reason = "Input/output error";
  const cases: readonly [code: DeviceErrorCode, text: string, logged: string[]][] = [
    [
      "locked",
      "Port already in use by another process\r\n",
      [`error Could not lock device /dev/ttyA for port 7000: ${reason}`],
    ],
    [
      "lock-failed",
      "Error creating port lock file\r\n",
      [`error Could not lock device /dev/ttyA for port 7000: ${reason}`],
    ],
    [
      "open-failed",
      `Device open failure: ${reason}\r\n`,
      [`error Could not open device /dev/ttyA for port 7000: ${reason}`],
    ],
    [
      "setup-failed",
      `Device open failure: ${reason}\r\n`,
      [`error Could not set up device /dev/ttyA for port 7000: ${reason}`],
    ],
    [
      "rs485-failed",
      `Device open failure: ${reason}\r\n`,
      [`error Could not set RS485 config for device /dev/ttyA port 7000: ${reason}`],
    ],
  ];
  for (const late of [false, true])
    for (const [code, text, logged] of cases) {
      const world = new World();
      world.open = () => {
        const error = new DeviceError(code, "/dev/ttyA", reason);
        if (late) return Promise.reject(error);
        throw error;
      };
      const port = world.port("BANNER:b:banner", "7000:telnet:0:/dev/ttyA:9600 b");
      const link = await world.call("7000");
      t.equal(link.received, text, `${code}: raw, and nothing before it`);
      t.ok(link.closed);
      t.same(world.logged, logged);
      t.equal(port.status().phase, "idle");
      t.equal(port.status().lastError === null, code === "locked", "a device that others use works");
      world.open = config => world.makeDevice(config);
      t.equal((await world.call("7000")).closed, false, "the next peer makes a new attempt");
      t.equal(port.status().lastError, null);
    }
});

t.test("a UDP peer hears nothing of a device that cannot be opened", async t => {
  const world = new World();
  world.open = () => {
    throw new DeviceError("open-failed", "/dev/ttyA", "No such device");
  };
  world.port("udp,7000:raw:0:/dev/ttyA:9600");
  const link = await world.call("udp,7000", "x");
  t.equal(link.received, "");
  t.ok(link.closed);
});

t.test("an error that is none of the device's is not hidden", async t => {
  const world = new World();
  world.open = () => {
    throw new TypeError("a bug");
  };
  world.port("7000:raw:0:/dev/ttyA:9600");
  world.listener("7000").call(world.link());
  await t.rejects(world.settle(), { message: "a bug" });
});

t.test("a device that takes its time", async t => {
  async function begin() {
    const world = new World();
    const opening: ((device: Device) => void)[] = [];
    const failing: ((error: unknown) => void)[] = [];
    world.open = () =>
      new Promise((resolve, reject) => {
        opening.push(resolve);
        failing.push(reject);
      });
    const port = world.port("BANNER:b:hi", "7000:raw:0:/dev/ttyA:9600 b max-connections=2");
    const link = await world.call("7000", "typed");
    return { world, port, link, opening, failing };
  }

  t.test("a peer that connects meanwhile waits for it, and is greeted then", async t => {
    const { world, port, link, opening } = await begin();
    const other = await world.call("7000");
    t.equal(port.status().phase, "opening");
    t.same([link.received, other.received], ["", ""]);
    t.equal(link.unread, 5);
    opening[0]?.(world.makeDevice(world.config("7000:raw:0:/dev/ttyA:9600")));
    await world.settle();
    t.same([link.received, other.received], ["hi", "hi"]);
    t.equal(world.device.written, "typed");
    t.equal(opening.length, 1);
  });

  t.test("its failure is sent to all waiting peers", async t => {
    const { world, link, failing } = await begin();
    const other = await world.call("7000");
    failing[0]?.(new DeviceError("open-failed", "/dev/ttyA", "timed out"));
    await world.settle();
    t.equal(link.received, "Device open failure: timed out\r\n");
    t.equal(other.received, "Device open failure: timed out\r\n");
    t.equal(world.logged.length, 1);
  });

  t.test("when every peer left meanwhile it is closed as soon as it is open", async t => {
    const { world, port, link, opening } = await begin();
    t.ok(port.disconnect());
    await world.settle();
    t.ok(link.closed);
    t.equal(port.status().phase, "idle");
    const late = createFakeDevice("/dev/ttyA", null);
    opening[0]?.(late);
    await world.settle();
    t.ok(late.closed);
    t.equal(port.status().phase, "idle");
  });

  t.test("a device that opens late does not serve the next peer", async t => {
    const { world, port, opening } = await begin();
    port.disconnect();
    await world.settle();
    const next = await world.call("7000");
    const [late, right] = [createFakeDevice("/dev/ttyA", null), createFakeDevice("/dev/ttyA", null)];
    opening[0]?.(late);
    await world.settle();
    t.ok(late.closed);
    t.equal(port.status().phase, "opening");
    opening[1]?.(right);
    await world.settle();
    t.equal(next.received, "hi");
    t.notOk(right.closed);
  });

  t.test("its failure when no peer waits any more is not reported", async t => {
    const { world, port, failing } = await begin();
    port.disconnect();
    await world.settle();
    failing[0]?.(new DeviceError("open-failed", "/dev/ttyA", "timed out"));
    await world.settle();
    t.same(world.logged, []);
    t.equal(port.status().phase, "idle");
  });

  t.test("the port is switched off, it fails: the port is off", async t => {
    const { world, port, failing } = await begin();
    port.setState("off");
    failing[0]?.(new DeviceError("open-failed", "/dev/ttyA", "timed out"));
    await world.settle();
    t.equal(port.status().phase, "disabled");
  });
});

t.test("a device that refuses the opening text ends the port in good order", async t => {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    device.breakWith("write");
    return device;
  };
  const port = world.port("OPENSTR:o:INIT", "BANNER:b:hi", "7000:raw:0:/dev/ttyA:9600 o b");
  const link = await world.call("7000");
  t.ok(link.closed);
  t.ok(world.device.closed);
  t.equal(port.status().phase, "idle");
  t.same(world.logged, ["error The dev write for port 7000 had error: lost here"]);
});

t.test("a printer is written to and never read", async t => {
  const world = new World();
  const port = world.port("7000:rawlp:0:/dev/lp0:9600");
  const link = await world.call("7000", "a page");
  t.equal(world.device.written, "a page");
  t.equal(world.device.line, null);
  t.same([port.status().line, port.status().control], [null, null]);
  t.notOk(port.drive({ dtr: true }));
  link.finish();
  await world.settle();
  t.ok(world.device.closed);
});
