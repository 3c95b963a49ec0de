/** Finds the CLOSEON text in the stream of device bytes, across reads (Knuth, Morris, Pratt). */

export interface CloseOn {
  /** How many bytes of `bytes` end the text, or -1 while it has not come. */
  scan(bytes: Uint8Array): number;
  /** The begin of the text that has come: `scan` of it leads another one to the same place. */
  seen(): Uint8Array;
}

/** One for each opening of the device: half a match does not outlive a connection (BUG-14). */
export function createCloseOn(text: Uint8Array): CloseOn {
  const fallback = fallbacks(text);
  let matched = 0;
  return {
    scan(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        while (matched > 0 && bytes[i] !== text[matched]) matched = fallback[matched - 1] ?? 0;
        if (bytes[i] === text[matched]) matched++;
        if (matched === text.length) {
          matched = 0;
          return i + 1;
        }
      }
      return -1;
    },
    seen: () => text.slice(0, matched),
  };
}

/** For each prefix of the text, the length of its longest proper prefix that is also its end. */
function fallbacks(text: Uint8Array): readonly number[] {
  const lengths = [0];
  for (let i = 1; i < text.length; i++) {
    let length = lengths[i - 1] ?? 0;
    while (length > 0 && text[i] !== text[length]) length = lengths[length - 1] ?? 0;
    lengths.push(text[i] === text[length] ? length + 1 : 0);
  }
  return lengths;
}
