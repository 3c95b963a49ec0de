/**
 * The parts of dbus-next 0.10.2 that this room uses. Its connection is not among them, it cannot serve in a daemon: a
 * call whose body names a descriptor, or a bus that has no place for us, is an uncaught exception there.
 */
declare module "dbus-next/lib/dbus-buffer.js" {
  /** A type of a signature, and the types in it. */
  export interface TypeTree {
    readonly type: string;
    readonly child: readonly TypeTree[];
  }

  export default class DBusBuffer {
    readonly buffer: Uint8Array;
    readonly pos: number;
    constructor(bytes: Uint8Array, start: number, endian: number);
    /** A variant is `[types, [value]]`, a dictionary a list of pairs. Throws. */
    read(signature: string): unknown[];
    align(power: number): void;
    readTree(type: TypeTree): unknown;
    /** `length` is that of the elements in bytes. */
    readArray(element: TypeTree, length: number): unknown;
  }
}

declare module "dbus-next/lib/marshall-compat.js" {
  /** The result of `read` in JavaScript form: a dictionary is an object, a nested variant a Variant. */
  export function messageToJsFmt(message: { signature: string; body: unknown[] }): { body: unknown[] };
}
