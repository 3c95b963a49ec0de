import { PATIENCE_MS } from "./incoming.js";

/** Asks again and again until the answer is neither false, null nor undefined. A question that fails is asked again too. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    let failure: unknown;
    try {
      const answer = await ask();
      if (answer !== false && answer !== null && answer !== undefined) return answer as NonNullable<Exclude<T, false>>;
    } catch (error) {
      failure = error;
    }
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`, { cause: failure });
    await new Promise(resolve => setTimeout(resolve, 10));
  }
}
