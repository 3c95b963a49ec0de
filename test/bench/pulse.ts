/** Pulses of DTR and RTS: how far each step is from its time, on an idle daemon and beside busy ports. */
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { type Bench, reason } from "./context.js";
import { Load, tcpPorts } from "./load.js";
import { Peer } from "./peers.js";
import { settle, until } from "./wait.js";

const SPEED = 9600;
const BITS_PER_BYTE = 10; // 8N1
const SIZES = [1, 64, 200] as const;
const STEPS = 60;
/** Not a multiple of the tick of 2 ms. */
const STEP_MS = 7;
const LIMIT_MS = 2;

export async function measurePulses(bench: Bench): Promise<void> {
  for (const ports of SIZES) {
    const cell = `error of a step, ${ports === 1 ? "idle" : `${ports} ports of ${SPEED} both ways`}`;
    const [p99, most]: number[][] = [[], []];
    try {
      for (const { late, worst } of await errors(bench, ports)) {
        p99?.push(late);
        most?.push(worst);
      }
    } catch (error) {
      bench.fault({ cell: `pulse: ${cell}`, column: "edge", message: reason(error) });
    }
    bench.add({ section: "pulse", cell, metric: "p99 ms", values: { edge: p99 ?? [] }, targets: [] });
    const targets = [{ atMost: LIMIT_MS }];
    bench.add({ section: "pulse", cell, metric: "max ms", values: { edge: most ?? [] }, targets });
  }
}

/** Plays pulses on the first port while bytes pass on all of them. */
async function errors(bench: Bench, ports: number): Promise<{ readonly late: number; readonly worst: number }[]> {
  const load = await Load.start(`${bench.places.tools}/load`, ports, "raw");
  const control = tcpPorts(1);
  const steps = Array.from({ length: STEPS }, (_, at) => `RTS=${at % 2} ${STEP_MS}ms`).join(" ");
  const peer = new Peer(
    "edge",
    {
      ...{ ports: load.ports, mode: "raw", speed: SPEED, lines: [`PULSE:steps:${steps}`] },
      arguments: ["-p", `127.0.0.1,${control}`],
      environment: { LD_PRELOAD: join(bench.places.tools, "fake-uart.so"), FAKE_UART_TIMES: "yes" },
    },
    bench.places,
  );
  const found: { late: number; worst: number }[] = [];
  try {
    await peer.listening();
    await load.command(`connect 0 ${ports}`);
    for (let round = -1; round < bench.rounds; round++) {
      const lengthMs = STEPS * STEP_MS + 1000;
      const busy = `first paced 0 ${ports} both ${SPEED / BITS_PER_BYTE} 8`;
      const run = ports === 1 ? settle(lengthMs) : load.run(`${lengthMs} ${busy}`);
      await settle(500);
      const before = changes(peer).length;
      connect(control, "127.0.0.1").end(`pulse 127.0.0.1,${load.ports[0]?.tcp} steps\r\nexit\r\n`).resume();
      await until("the pulse is over", () => changes(peer).length === before + STEPS);
      await run;
      const [first = 0, ...times] = changes(peer).slice(before);
      const late = times.map((us, at) => (us - first) / 1000 - (at + 1) * STEP_MS).map(Math.abs);
      late.sort((a, b) => a - b);
      if (round >= 0) found.push({ late: late[Math.floor(late.length * 0.99) - 1] ?? 0, worst: late.at(-1) ?? 0 });
    }
  } finally {
    load.stop();
    await peer.stop();
  }
  return found;
}

/** When modem lines were driven, in microseconds (fake-uart.c). */
function changes(peer: Peer): number[] {
  return [...readFileSync(peer.log, "latin1").matchAll(/^lines \w+ at (\d+)$/gm)].map(([, us]) => Number(us));
}
