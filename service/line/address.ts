/** Numeric addresses as text. */

/** IPv4-mapped addresses (RFC 4291 2.5.5.2), as a dual-stack socket gives them, as IPv4: `::ffff:10.1.2.3` is `10.1.2.3`. */
export function unmappedText(address: string): string {
  return /^::ffff:\d+\.\d+\.\d+\.\d+$/.test(address) ? address.slice("::ffff:".length) : address;
}
