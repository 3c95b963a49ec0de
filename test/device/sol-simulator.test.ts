import { closeSync, constants, openSync } from "node:fs";
import t, { type Test } from "tap";
import { fromTermios } from "../../service/device/termios.js";
import { PAYLOAD } from "../../service/ipmi/packet.js";
import { STATUS } from "../../service/ipmi/sol-packet.js";
import { getTermios } from "../../service/native/serial.js";
import { startSimulator } from "../support/ipmi-sim.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { openSol, pattern, Reader, writeAll } from "../support/sol-device.js";
import { needs } from "../support/tools.js";
import { UdpProxy } from "../support/udp-proxy.js";
import { until } from "../support/wait.js";

t.test(
  "against ipmi_sim: suites 0 to 3, bytes both ways, the bit rate, one session at a time",
  needs("ipmi_sim"),
  async t => {
    const port = await (await portNumbers(t))();
    const console = PtyDevice.open(t, (bytes, device) => device.send(upper(bytes)));
    const simulator = startSimulator(t, port, console.path);
    await served(t, port);
    for (const [suite, speed] of [
      [0, 9600],
      [1, 19200],
      [2, 57600],
      [3, 115200],
    ] as const) {
      const device = await openSol(
        { port },
        { suites: [suite], sol: { speed, encrypted: suite === 3, authenticated: suite > 1 } },
      );
      const reader = new Reader(device);
      const sent = `suite ${suite}: ${"the quick brown fox ".repeat(40)}`;
      device.write(Buffer.from(sent));
      t.equal(await reader.text(sent.length), sent.toUpperCase());
      t.equal(speedOf(console.path), speed, `bit rate ${speed}`);
      await t.rejects(openSol({ port }), {
        code: "open-failed",
        reason: "127.0.0.1: Serial over LAN is in use by another session",
      });
      await device.close(1000);
    }
    // A session that another one ends: the simulator does not tell.
    const lost = await openSol({ port });
    const reader = new Reader(lost);
    const taker = await openSol({ port }, { sol: { sharedSerialAlert: "succeed" } });
    await until("the loss is noticed", () => reader.lost !== null);
    t.match(reader.lost, { reason: "another session has taken Serial over LAN" });
    await lost.close(0);
    await taker.close(0);
    simulator.process.kill();
  },
);

t.test(
  "a line that takes nothing: ipmi_sim refuses packets, and its release names the refused one",
  needs("ipmi_sim"),
  async t => {
    const port = await (await portNumbers(t))();
    const received: Uint8Array[] = [];
    const console = PtyDevice.open(t, bytes => received.push(bytes.slice()));
    const simulator = startSimulator(t, port, console.path);
    await served(t, port);
    const proxy = await UdpProxy.start(t, port);
    let refusals = 0;
    proxy.inspect = (direction, datagram) => {
      const isSol = direction === "down" && ((datagram[5] ?? 0) & 0x3f) === PAYLOAD.sol;
      if (isSol && ((datagram[19] ?? 0) & STATUS.nack) !== 0) refusals++;
    };
    console.pause();
    const device = await openSol(proxy, { suites: [0], sol: { ackTimeoutUs: 100_000 } }); // nothing hides the packets
    const bytes = pattern(60_000);
    const written = writeAll(device, bytes);
    await until("packets are refused", () => refusals >= 3);
    console.resume();
    await written;
    const length = () => received.reduce((sum, chunk) => sum + chunk.length, 0);
    await until("all of it has arrived", () => length() >= bytes.length);
    t.ok(Buffer.concat(received).equals(bytes), "each byte once and in order");
    await device.close(1000);
    simulator.process.kill();
  },
);

async function served(t: Test, port: number): Promise<void> {
  const opened = await until("the simulator answers", () => openSol({ port }));
  await opened.close(0);
  t.pass("it answers");
}

function upper(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1").toUpperCase();
}

function speedOf(path: string): number {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    return fromTermios(getTermios(fd)).speed;
  } finally {
    closeSync(fd);
  }
}
