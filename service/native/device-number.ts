/** What the number of a device says of it. */

/** Unix98 slaves have the major numbers 136 to 143 (kernel, admin-guide/devices.txt). @param rdev of stat(2) */
export function isPseudoTerminal(rdev: number): boolean {
  const major = (rdev >> 8) & 0xfff;
  return major >= 136 && major <= 143;
}
