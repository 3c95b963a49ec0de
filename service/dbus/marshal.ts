import { TEXT_ENCODING } from "../line/bytes.js";
/**
 * Values to bytes, as "Marshaling (Wire Format)" of the D-Bus specification has it, little-endian. dbus-next could do
 * this, but makes a handful of closures for each value: a list of 256 ports took it 100 ms and more, and takes 7 here.
 */

/** A value with its type. */
export class Variant {
  readonly signature: string;
  readonly value: unknown;

  constructor(signature: string, value: unknown) {
    this.signature = signature;
    this.value = value;
  }
}

/** The values of a whole signature, from a place that is aligned for all of them. Throws on values of other types. */
export function marshal(signature: string, values: readonly unknown[]): Buffer {
  const writer = new Writer();
  let at = 0;
  for (const value of values) at = writer.put(signature, at, value);
  if (at !== signature.length) throw new TypeError(`too few values for ${signature}`);
  return writer.bytes();
}

/** Structures, dictionary entries and 64-bit numbers start at multiples of 8. */
export function pad(length: number): number {
  return Math.ceil(length / 8) * 8;
}

const ALIGNMENT: Readonly<Record<string, number>> = { q: 2, b: 4, i: 4, u: 4, s: 4, o: 4, a: 4, t: 8, "(": 8, "{": 8 };
/** The method of Buffer that writes each. */
const INTEGERS = { y: "writeUInt8", q: "writeUInt16LE", u: "writeUInt32LE", i: "writeInt32LE" } as const;
const START_BYTES = 256;

export class Writer {
  #buffer = Buffer.alloc(START_BYTES);
  #length = 0;

  /** The written bytes, in the memory of the writer. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Begins anew in the same memory. */
  reset(): void {
    this.#length = 0;
  }

  /** Writes the one type at `at` of the signature, and gives where the next one begins. */
  put(signature: string, at: number, value: unknown): number {
    const type = signature.charAt(at);
    this.#align(ALIGNMENT[type] ?? 1);
    switch (type) {
      case "y":
      case "q":
      case "u":
      case "i":
        this.#length = this.#room(4)[INTEGERS[type]](Number(value), this.#length);
        break;
      case "b":
        this.#length = this.#room(4).writeUInt32LE(value ? 1 : 0, this.#length);
        break;
      case "t":
        this.#length = this.#room(8).writeBigUInt64LE(BigInt(value as bigint), this.#length);
        break;
      case "s":
      case "o":
        this.#putText(value as string);
        break;
      case "g":
        this.#putSignature(value as string);
        break;
      case "v":
        this.#putSignature((value as Variant).signature);
        this.put((value as Variant).signature, 0, (value as Variant).value);
        break;
      case "(":
      case "{":
        return this.#putStructure(signature, at + 1, value as readonly unknown[]);
      case "a":
        return this.#putArray(signature, at + 1, value as object);
      default:
        throw new TypeError(`no type ${type} in ${signature}`);
    }
    return at + 1;
  }

  /** A string with a NUL in it would cost us the connection. */
  #putText(text: string): void {
    if (text.includes("\0")) throw new TypeError("a text with a NUL in it");
    const length = Buffer.byteLength(text);
    const buffer = this.#room(length + 5);
    this.#length = buffer.writeUInt32LE(length, this.#length);
    this.#length += buffer.write(text, this.#length);
    this.#length = buffer.writeUInt8(0, this.#length);
  }

  #putSignature(signature: string): void {
    const buffer = this.#room(signature.length + 2);
    this.#length = buffer.writeUInt8(signature.length, this.#length);
    this.#length += buffer.write(signature, this.#length, TEXT_ENCODING);
    this.#length = buffer.writeUInt8(0, this.#length);
  }

  #putStructure(signature: string, first: number, values: readonly unknown[]): number {
    let at = first;
    for (const value of values) at = this.put(signature, at, value);
    if (!isEnd(signature.charAt(at)) || at >= signature.length)
      throw new TypeError(`a structure of another length than ${signature}`);
    return at + 1;
  }

  /** A dictionary is an object here. Its length does not count the bytes up to where the first element may stand. */
  #putArray(signature: string, element: number, values: object): number {
    const lengthAt = this.#length;
    this.#room(4);
    this.#length += 4;
    this.#align(ALIGNMENT[signature.charAt(element)] ?? 1);
    const start = this.#length;
    const elements = signature.charAt(element) === "{" ? Object.entries(values) : (values as Iterable<unknown>);
    for (const value of elements) this.put(signature, element, value);
    this.#buffer.writeUInt32LE(this.#length - start, lengthAt);
    return typeEnd(signature, element);
  }

  #align(boundary: number): void {
    const gap = (boundary - (this.#length % boundary)) % boundary;
    this.#room(gap).fill(0, this.#length, this.#length + gap);
    this.#length += gap;
  }

  #room(bytes: number): Buffer {
    if (this.#length + bytes > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(2 * this.#buffer.length, this.#length + bytes));
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    return this.#buffer;
  }
}

/** Where the type that begins at `at` is over. */
function typeEnd(signature: string, at: number): number {
  const type = signature.charAt(at);
  if (type === "a") return typeEnd(signature, at + 1);
  if (type !== "(" && type !== "{") return at + 1;
  let next = at + 1;
  while (next < signature.length && !isEnd(signature.charAt(next))) next = typeEnd(signature, next);
  return next + 1;
}

function isEnd(char: string): boolean {
  return char === ")" || char === "}";
}
