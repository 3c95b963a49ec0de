import t from "tap";
import { TelnetDecoder } from "../../service/telnet/decoder.js";
import type { Teardown } from "../support/client.js";
import { World } from "../support/fake-environment.js";
import type { FakeLink } from "../support/fake-link.js";
import { randomNumbers } from "../support/random.js";

const SEED = 20_261_123;
const RUNS = 400;
const STEPS = 120;
const PLENTY = Number.POSITIVE_INFINITY;

/** A sender's bytes, and what they look like on its wire. */
interface Stream {
  readonly bytes: number[];
  sent: number[];
}

t.test(`no byte is lost, doubled or out of order (seed ${SEED})`, async t => {
  const random = randomNumbers(SEED);
  for (let run = 0; run < RUNS; run++) await tryOnce(t, random, run);
  t.pass(`${RUNS} random schedules`);
});

async function tryOnce(t: Teardown & { fail(message: string): unknown }, random: () => number, run: number) {
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(choices: readonly T[]): T => choices[below(choices.length)] as T;
  const state = pick(["raw", "telnet"]);
  const options = [
    pick([
      "",
      "-chardelay",
      "chardelay-min=3000",
      "chardelay-scale=100 chardelay-max=15000",
      "chardelay-min=1 chardelay-scale=1",
    ]),
    pick(["", "dev-to-net-bufsize=1", "dev-to-net-bufsize=7", "dev-to-net-bufsize=64", "dev-to-net-bufsize=65536"]),
    pick(["", "net-to-dev-bufsize=1", "net-to-dev-bufsize=5", "net-to-dev-bufsize=64"]),
  ].filter(word => word !== "");
  const count = 1 + below(3);
  const line = `7000:${state}:0:/dev/ttyA:${[pick([1200, 9600, 115_200]), ...options].join(" ")} max-connections=${count}`;
  const where = `run ${run}, ${line}`;

  const world = new World();
  world.port(line);
  const links: FakeLink[] = [];
  for (let peer = 0; peer < count; peer++) links.push(await world.call("7000"));
  const { device } = world;
  const down: number[] = [];
  const up: Stream[] = links.map(() => ({ bytes: [], sent: [] }));

  /** Each peer has bytes of its own, so that the device's side can be told apart. The first one has IAC among them. */
  const compose = (peer: number): void => {
    const stream = up[peer] as Stream;
    for (let left = below(40); left > 0; left--) {
      const byte = random() < 0.2 ? 255 - peer : below(85) * 3 + ((255 - peer) % 3);
      stream.bytes.push(byte);
      stream.sent.push(...(state === "telnet" && byte === 255 ? [255, 255] : [byte]));
      // NOP, a refusal to answer, a suboption to skip
      if (state === "telnet" && random() < 0.05)
        stream.sent.push(
          ...pick([
            [255, 241],
            [255, 253, 24],
            [255, 250, 31, 1, 255, 255, 255, 240],
          ]),
        );
    }
  };

  for (let step = 0; step < STEPS; step++) {
    const peer = below(count);
    const [link, stream] = [links[peer] as FakeLink, up[peer] as Stream];
    const acts = [
      () => {
        const bytes = Array.from({ length: below(100) }, () => (random() < 0.2 ? 255 : below(256)));
        down.push(...bytes);
        device.send(Uint8Array.from(bytes));
      },
      () => compose(peer),
      () => link.send(Uint8Array.from(stream.sent.splice(0, below(stream.sent.length + 1)))),
      () => (link.room = pick([0, 1, below(60), PLENTY])),
      () => (device.room = pick([0, 1, below(60), PLENTY])),
      () => device.settle(),
      () => link.settle(),
      () => world.settle(),
      () => world.tick(),
      () => world.time.pass(pick([0.25, 1, 3, 20])),
      () => world.time.stall(pick([1, 40])),
    ];
    await pick(acts)();
  }

  device.room = PLENTY;
  for (const [peer, link] of links.entries()) {
    link.room = PLENTY;
    link.send(Uint8Array.from(up[peer]?.sent ?? []));
  }
  for (let turn = 0; turn < 20; turn++) {
    await world.settle();
    world.time.pass(20);
    world.tick();
  }
  await world.settle();

  for (const [peer, link] of links.entries()) {
    if (seen(state, link.received) !== text(down)) t.fail(`${where}: peer ${peer} was sent something else`);
  }
  const written = [...Buffer.from(device.written, "latin1")];
  for (const [peer, { bytes }] of up.entries()) {
    const own = written.filter(byte => byte % 3 === (255 - peer) % 3);
    if (text(own) !== text(bytes)) t.fail(`${where}: what peer ${peer} sent came otherwise`);
  }

  for (const link of links) link.finish();
  for (let turn = 0; turn < 3; turn++) {
    await world.settle();
    world.time.pass(20);
    world.tick();
  }
  await world.settle();
  if (!device.closed || links.some(link => !link.closed)) t.fail(`${where}: it does not end`);
}

/** The data in what a peer was sent. */
function seen(state: string, received: string): string {
  const bytes = Buffer.from(received, "latin1");
  if (state !== "telnet") return received;
  const data = new TelnetDecoder().push(bytes).flatMap(event => (event.kind === "data" ? [...event.bytes] : []));
  return text(data);
}

function text(bytes: readonly number[]): string {
  return Buffer.from(bytes).toString("latin1");
}
