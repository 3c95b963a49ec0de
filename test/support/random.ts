/** Random numbers that are the same for the same seed. */

/** Numbers from 0 (included) to 1 (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Whole numbers from 0 to `below`, which is not included. */
export function randomIntegers(seed: number): (below: number) => number {
  const random = randomNumbers(seed);
  return below => Math.floor(random() * below);
}
