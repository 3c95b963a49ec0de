/**
 * The parts of dbus-next 0.10.2 that this room uses: the message format, and nothing that touches a socket. Its
 * connection cannot be used in a daemon: a call whose body says `h`, and a refused Hello, are uncaught exceptions there.
 */
declare module "dbus-next/lib/dbus-buffer.js" {
  export default class DBusBuffer {
    constructor(bytes: Uint8Array, start: number, endian: number);
    /** In the marshaller's own form: a variant is `[tree, [value]]`. */
    read(signature: string): unknown[];
    align(power: number): void;
  }
}

declare module "dbus-next/lib/marshall-compat.js" {
  import type { Message } from "dbus-next/lib/message-type.js";
  /** Bytes and descriptors. The body becomes the marshaller's form: a message can be marshalled once. */
  export function marshallMessage(message: Message): [Buffer, unknown[]];
  /** The body as JavaScript has it: a variant is a Variant, a dictionary an object. */
  export function messageToJsFmt(message: { signature: string; body: unknown[] }): { body: unknown[] };
}

declare module "dbus-next/lib/message-type.js" {
  export class Message {
    constructor(message: {
      type: number;
      serial: number;
      path?: string;
      interface?: string;
      member?: string;
      errorName?: string;
      replySerial?: number;
      destination?: string;
      signature?: string;
      body?: readonly unknown[];
    });
  }
}

declare module "dbus-next/lib/variant.js" {
  export class Variant {
    readonly signature: string;
    readonly value: unknown;
    constructor(signature: string, value: unknown);
  }
}
