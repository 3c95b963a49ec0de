/** Much data, and readers that stall: no byte lost, none repeated. */
import { connect, type Socket } from "node:net";
import t, { type Test } from "tap";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

t.setTimeout(600_000); // slow machines; a working daemon needs a fraction

const WILL_BINARY = Uint8Array.of(255, 251, 0);
const EIGHT_MB = 8 << 20;
/** The offers of the server when a telnet session begins. */
const NEGOTIATION = 15;

for (const state of ["raw", "telnet"] as const) {
  t.test(`8 MB each way at once through a ${state} port, both readers stalling`, async t => {
    const { port, device, fromNet, states } = await serve(t, `${state}:0`, "115200");
    const [socket, fromDevice] = await call(t, port);
    const [down, up] = [pattern(EIGHT_MB, 1), pattern(EIGHT_MB, 2)];
    const first = Buffer.from("!");
    if (state === "telnet") socket.write(WILL_BINARY); // so that CR NUL is no Enter
    socket.write(first);
    await until("the session is up", () => fromNet.length === first.length);

    socket.pause();
    device.pause();
    device.send(down);
    socket.write(state === "telnet" ? doubled(up) : up);
    await until("the daemon waits for both", async () => {
      const { toDevice, toNet } = await states();
      return toDevice === "waiting output" && toNet === "waiting output";
    });
    device.resume();
    socket.resume();
    await until("the peer has half of it", () => fromDevice.length > EIGHT_MB / 2);
    socket.pause();
    await until("the daemon waits again", async () => {
      return device.unsent === 0 || (await states()).toNet === "waiting output";
    });
    socket.resume();

    const sent = state === "telnet" ? doubled(down) : down;
    const offered = state === "telnet" ? NEGOTIATION : 0;
    await until("the peer has all of it", () => fromDevice.length >= offered + sent.length);
    await until("the device has all of it", () => fromNet.length >= first.length + up.length);
    t.equal(difference(fromDevice.all().subarray(offered), sent), "none", "to the peer");
    t.equal(difference(fromNet.all(), Buffer.concat([first, up])), "none", "to the device");
  });
}

t.test("of two peers one stalls and leaves: the other gets every byte once", async t => {
  const { port, device, fromNet, states } = await serve(t, "raw:0", "115200 max-connections=2");
  const [steady, received] = await call(t, port);
  steady.write("1");
  await until("the first peer is there", () => fromNet.length === 1);
  const [stalling] = await call(t, port);
  stalling.write("2");
  await until("the second peer is there", () => fromNet.length === 2);
  stalling.pause();
  const data = pattern(EIGHT_MB, 3);
  device.send(data);
  await until("the daemon waits for the one that stalls", async () => (await states()).toNet === "waiting output");
  stalling.destroy();
  await until("the other has all of it", () => received.length >= data.length);
  t.equal(difference(received.all(), data), "none");
});

class Collected {
  length = 0;
  readonly #chunks: Uint8Array[] = [];

  add(bytes: Uint8Array): void {
    this.#chunks.push(bytes.slice());
    this.length += bytes.length;
  }

  all(): Buffer {
    return Buffer.concat(this.#chunks);
  }
}

async function serve(t: Test, stateAndTimeout: string, options: string) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const fromNet = new Collected();
  const device = PtyDevice.open(t, bytes => fromNet.add(bytes));
  const config = [`127.0.0.1,${port}:${stateAndTimeout}:${device.path}:${options}`];
  const daemon = await Daemon.start(t, { controlPort, config });
  const session = await daemon.control();
  const states = async () => {
    const shown = await session.ask(`showport 127.0.0.1,${port}`);
    const [, toDevice, toNet] = /tcp to device state: (.*)\r\n {2}device to tcp state: (.*)\r\n/.exec(shown) ?? [];
    return { toDevice, toNet };
  };
  return { port, device, fromNet, states };
}

async function call(t: Test, port: number): Promise<[Socket, Collected]> {
  const collected = new Collected();
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("data", chunk => collected.add(chunk));
  t.teardown(() => socket.destroy());
  await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  return [socket, collected];
}

/** Every four bytes tell their place, so that nothing missing or repeated goes unseen. All byte values occur. */
function pattern(length: number, seed: number): Buffer {
  const words = Uint32Array.from({ length: length / 4 }, (_, i) => Math.imul(i + 1, 0x9e3779b1) + seed);
  return Buffer.from(words.buffer);
}

/** Encodes bytes for telnet. */
function doubled(bytes: Buffer): Buffer {
  return Buffer.from(bytes.toString("latin1").replaceAll("\xff", "\xff\xff"), "latin1");
}

function difference(got: Buffer, wanted: Buffer): string {
  if (got.equals(wanted)) return "none";
  const at = wanted.findIndex((byte, i) => byte !== got[i]);
  return `${got.length} bytes instead of ${wanted.length}, the first wrong one at ${at}`;
}
