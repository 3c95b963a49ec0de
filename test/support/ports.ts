/** TCP and UDP port numbers that no other test gets: below the ephemeral range, not shared by test files side by side. */
import { createServer, type Server } from "node:net";

const FIRST = 10_000;
const BLOCK = 300;
const BLOCKS = 30;

/** Gives numbers, one after the other. Holding a block's first number keeps other processes out of the block. */
export async function portNumbers(t: { teardown(done: () => void): unknown }): Promise<() => Promise<number>> {
  for (let block = 0; block < BLOCKS; block++) {
    let last = FIRST + block * BLOCK;
    const guard = await listen(last);
    if (guard === null) continue;
    const end = last + BLOCK;
    guard.unref();
    t.teardown(() => guard.close());
    return async () => {
      while (++last < end) {
        const probe = await listen(last);
        if (probe === null) continue;
        await new Promise(resolve => probe.close(resolve));
        return last;
      }
      throw new Error("all port numbers of this block were given");
    };
  }
  throw new Error("all blocks of port numbers are taken");
}

export async function listen(port: number): Promise<Server | null> {
  const server = createServer();
  return new Promise(resolve => {
    server.once("error", () => resolve(null));
    server.listen({ port, host: "::", exclusive: true }, () => resolve(server));
  });
}
