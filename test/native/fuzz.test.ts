/** Every function of the addon with arguments at random, on real descriptors. FUZZ_SEED and FUZZ_SECONDS change the run. */
import { closeSync } from "node:fs";
import { connect } from "node:net";
import t from "tap";
import { addon } from "../../service/native/addon.js";
import type { Addon } from "../../service/native/addon-functions.js";
import { accept, bindUdp, listenTcp, localAddress, unixDatagram } from "../../service/native/sockets.js";
import { call, type Kind, NAMES, RIGHT, SIGNATURES, UNOPENED, WRONG } from "../support/addon-arguments.js";
import { randomIntegers } from "../support/random.js";
import { openPty } from "../support/test-addon.js";
import { until } from "../support/wait.js";

const SEED = Number(process.env.FUZZ_SEED ?? Date.now() % 1_000_000_000);
const LIMIT_MS = Number(process.env.FUZZ_SECONDS ?? 2) * 1000;
const LEAST_ROUNDS = 50_000;
const ROUNDS_PER_TURN = 1000;

/** One descriptor of each kind that the daemon has, and the wrong one for most functions. */
async function descriptors(): Promise<{ readonly fds: readonly number[]; close(): void }> {
  const { master, slave } = openPty();
  const listener = listenTcp("127.0.0.1", 0, { v6only: false, backlog: 8 });
  const client = connect({ host: "127.0.0.1", port: localAddress(listener).port });
  client.on("error", () => {}).resume(); // the other end is reset, shut down and written to at random
  const accepted = (await until("the connection is there", () => accept(listener))).fd;
  const inotify = addon.inotifyOpen();
  const fds = [master, slave, listener, accepted, bindUdp("::1", 0, { v6only: true }), unixDatagram(), inotify];
  return {
    fds,
    close() {
      client.destroy();
      for (const fd of fds) closeSync(fd);
    },
  };
}

/** Not what takes 20 ms at each call, nor what changes V8. */
const FUZZED = NAMES.filter(name => name !== "releaseMemory" && name !== "setV8Flags");

t.test("no arguments, however mixed, do harm", async t => {
  t.comment(`FUZZ_SEED=${SEED}`);
  const below = randomIntegers(SEED);
  const pick = <T>(from: readonly T[]): T | undefined => from[below(from.length)];
  const { fds, close } = await descriptors();
  addon.pollStart(new Float64Array(256), () => {});
  const anything = Object.values(WRONG).flat();

  const right = (kind: Kind): unknown => {
    switch (below(3) === 0 ? "listed" : kind) {
      case "fd":
        return pick(fds);
      case "integer":
        return below(2) === 0 ? below(256) : below(2 ** 31);
      case "bytes":
        return Uint8Array.from({ length: below(300) }, () => below(256)).subarray(below(20));
      case "words":
        return Uint32Array.from({ length: 25 + below(20) }, () => below(2 ** 32)).subarray(below(5));
      default:
        return pick(RIGHT[kind]);
    }
  };
  const argument = (kind: Kind): unknown => {
    const die = below(10);
    if (die < 8) return right(kind);
    return die < 9 ? pick(WRONG[kind]) : kind === "fd" ? UNOPENED : pick(anything);
  };
  const counts = new Map<keyof Addon, number>(FUZZED.map(name => [name, 0]));
  let thrown = 0;

  const end = performance.now() + LIMIT_MS;
  for (let round = 0; round < LEAST_ROUNDS || performance.now() < end; round++) {
    const name = pick(FUZZED) ?? "read";
    const values = SIGNATURES[name].map(argument);
    if (below(10) === 0) values.length = below(8);
    try {
      const result = call(name, values);
      counts.set(name, (counts.get(name) ?? 0) + 1);
      if (!["number", "string", "object"].includes(typeof result)) t.fail(`${name} returned ${String(result)}`);
    } catch (error) {
      thrown++;
      if (!(error instanceof TypeError)) t.fail(`${name} throws ${error}`);
    }
    // Descriptors that became ready meanwhile are reported.
    if (round % ROUNDS_PER_TURN === 0) await new Promise(resolve => setImmediate(resolve));
  }
  close();
  const never = [...counts].filter(([, count]) => count === 0).map(([name]) => name);
  t.same(never, ["pollStart"], "each function was called with right arguments; pollStart takes none a second time");
  t.ok(thrown > 10_000, `${thrown} calls were refused`);
});
