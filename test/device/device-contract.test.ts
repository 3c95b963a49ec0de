/** The fake device that the tests of port/ stand on behaves as the real ones do. */
import { constants, openSync } from "node:fs";
import t, { type Test } from "tap";
import type { Device } from "../../service/device/device.js";
import { Tty } from "../../service/device/tty.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { ReconnectingDevice } from "../../service/port/reconnecting-device.js";
import { portWith } from "../config/read.js";
import { type DeviceUnderTest, deviceContract } from "../support/contracts/device.js";
import { createFakeDevice } from "../support/fake-device.js";
import { World } from "../support/fake-environment.js";
import { PtyDevice } from "../support/pty.js";
import { openSol, startBmc } from "../support/sol-device.js";

deviceContract(t, "fake device", async () => fake());
deviceContract(t, "tty", async t => tty(t));
deviceContract(t, "reconnecting device over a fake one", async () => reconnecting(fake()));
deviceContract(t, "reconnecting device over a tty", async t => reconnecting(tty(t)));
deviceContract(t, "SOL console", sol);

function fake(): DeviceUnderTest {
  const device = createFakeDevice("/dev/ttyA", STANDARD_LINE);
  return {
    device,
    received: () => device.written,
    send: text => device.send(text),
    stall: on => {
      device.room = on ? 0 : Number.POSITIVE_INFINITY;
      device.stuck = on;
    },
    lose: () => device.hangUp(),
    settle: () => device.settle(),
  };
}

function tty(t: Test): DeviceUnderTest {
  const pty = PtyDevice.open(t);
  const fd = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const device = new Tty(fd, pty.path, {
    settings: STANDARD_LINE,
    control: { dtr: null, rts: null },
    lock: null,
  });
  t.teardown(() => device.close(0));
  return {
    device,
    received: () => pty.text,
    send: text => pty.send(text),
    stall: on => (on ? pty.pause() : pty.resume()),
    lose: () => pty.close(),
  };
}

/** One that does not wait for its device: a loss passes through. */
function reconnecting(made: DeviceUnderTest): DeviceUnderTest {
  const device: Device = new ReconnectingDevice({
    device: made.device,
    before: null,
    config: portWith("9600 hold=1"),
    environment: new World().environment,
    events: { isBusy: () => false, lost: () => false, returned: () => {}, gaveUp: () => {} },
  });
  return { ...made, device };
}

async function sol(t: Test): Promise<DeviceUnderTest> {
  const bmc = await startBmc(t, { mode: "sink" });
  const device = await openSol(bmc);
  t.teardown(() => device.close(0));
  const line = bmc.sol;
  return {
    device,
    received: () => Buffer.concat(line?.received ?? []).toString("latin1"),
    send: text => line?.print(Buffer.from(text, "latin1")),
    stall: on => line?.set("unavailable", on),
    lose: () => bmc.deactivate(),
  };
}
