/** Numeric addresses as bytes. An IPv4-mapped address (`::ffff:10.1.2.3`), as dual-stack sockets report it, is IPv4 here. */

interface NumericAddress {
  readonly family: "ipv4" | "ipv6";
  readonly bytes: readonly number[];
  /** `eth0` of `fe80::1%eth0`; empty without one. */
  readonly scope: string;
}

/** Null when the text is not a numeric address. */
export function parseAddress(text: string): NumericAddress | null {
  const percent = text.indexOf("%");
  const scope = percent < 0 ? "" : text.slice(percent + 1);
  const bare = percent < 0 ? text : text.slice(0, percent);
  if (!bare.includes(":")) {
    const bytes = parseIpv4(bare);
    return bytes === null || percent >= 0 ? null : { family: "ipv4", bytes, scope };
  }
  const bytes = parseIpv6(bare);
  return bytes === null ? null : { family: "ipv6", bytes, scope };
}

/** `::ffff:10.1.2.3` becomes IPv4, everything else stays. */
export function unmapped(address: NumericAddress): NumericAddress {
  const mapped = address.family === "ipv6" && MAPPED.every((byte, at) => address.bytes[at] === byte);
  return mapped ? { family: "ipv4", bytes: address.bytes.slice(MAPPED.length), scope: "" } : address;
}

/** True when the first `bits` bits are the same. */
export function samePrefix(one: readonly number[], other: readonly number[], bits: number): boolean {
  return one.every((byte, at) => {
    const kept = Math.min(Math.max(bits - at * 8, 0), 8);
    const mask = (0xff00 >> kept) & 0xff;
    return (byte & mask) === ((other[at] ?? 0) & mask);
  });
}

const MAPPED: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function parseIpv4(text: string): number[] | null {
  if (!/^(0|[1-9]\d{0,2})(\.(0|[1-9]\d{0,2})){3}$/.test(text)) return null;
  const bytes = text.split(".").map(Number);
  return bytes.every(byte => byte <= 255) ? bytes : null;
}

function parseIpv6(text: string): number[] | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map((half, at) => parseGroups(half, at === halves.length - 1));
  if (head === undefined || head === null || tail === null) return null;
  if (tail === undefined) return head.length === 16 ? head : null;
  const zeros = 16 - head.length - tail.length;
  return zeros < 2 ? null : [...head, ...new Array<number>(zeros).fill(0), ...tail];
}

/** Groups of four hexadecimal digits; the last may be IPv4. */
function parseGroups(text: string, last: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [at, group] of groups.entries()) {
    if (/^[\da-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const ipv4 = last && at === groups.length - 1 ? parseIpv4(group) : null;
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    }
  }
  return bytes.length <= 16 ? bytes : null;
}
