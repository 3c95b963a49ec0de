/** The kinds of values in a handed-over state: how each is written as JSON, and what is accepted of it. */

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

export interface Field<T> {
  write(value: T): Json;
  /** Throws StateError. */
  read(json: unknown, problems: string[]): T;
}

export type ValueOf<F> = F extends Field<infer T> ? T : never;

/** A value that is not what it has to be. The message begins with its place: `connections.3.fixed: not a flag`. */
export class StateError extends Error {
  override readonly name = "StateError";
}

/** Number of problem texts; further problems have none. */
const MAX_PROBLEMS = 20;

export const flag: Field<boolean> = {
  write: value => value,
  read: json => (typeof json === "boolean" ? json : refuse("not a flag")),
};

export function integer(lowest: number, highest: number): Field<number> {
  return {
    write: value => value,
    read(json) {
      if (typeof json !== "number" || !Number.isSafeInteger(json)) return refuse("not a whole number");
      return json >= lowest && json <= highest ? json : refuse("out of its range");
    },
  };
}

/** A text with one character a byte (docs/design.md, "Words"). */
export function text(mostBytes: number): Field<string> {
  return {
    write: value => value,
    read(json) {
      if (typeof json !== "string") return refuse("not a text");
      if (json.length > mostBytes) return refuse("too long");
      for (let at = 0; at < json.length; at++) if (json.charCodeAt(at) > 0xff) return refuse("not a text of bytes");
      return json;
    },
  };
}

/** Written in base64. */
export function bytes(mostBytes: number): Field<Uint8Array> {
  return {
    write: value => Buffer.from(value.buffer, value.byteOffset, value.length).toString("base64"),
    read(json) {
      if (typeof json !== "string") return refuse("not bytes");
      if (json.length > Math.ceil(mostBytes / 3) * 4) return refuse("too long");
      const value = Uint8Array.from(Buffer.from(json, "base64"));
      return value.length <= mostBytes && this.write(value) === json ? value : refuse("not base64");
    },
  };
}

export function oneOf<const T extends string | number>(...values: readonly T[]): Field<T> {
  return {
    write: value => value,
    read: json => values.find(value => value === json) ?? refuse("not a known value"),
  };
}

export function nullable<T>(field: Field<T>): Field<T | null> {
  return {
    write: value => (value === null ? null : field.write(value)),
    read: (json, problems) => (json === null ? null : field.read(json, problems)),
  };
}

export function list<T>(item: Field<T>, most: number): Field<readonly T[]> {
  return {
    write: values => values.map(value => item.write(value)),
    read: (json, problems) => elements(json, most).map((one, at) => within(at, () => item.read(one, problems))),
  };
}

/** A list from which invalid items are left out, with a problem text for each: the others stay usable. */
export function salvaged<T>(item: Field<T>, most: number): Field<readonly T[]> {
  return {
    write: values => values.map(value => item.write(value)),
    read: (json, problems) =>
      elements(json, most).flatMap((one, at) => {
        try {
          return [within(at, () => item.read(one, problems))];
        } catch (error) {
          if (!(error instanceof StateError)) throw error;
          if (problems.length < MAX_PROBLEMS) problems.push(error.message);
          return [];
        }
      }),
  };
}

/** A field that an older version does not write, and does not have where it writes with the files of this version. */
export function added<T>(field: Field<T>, value: T): Field<T> {
  return {
    write: (one: T | undefined) => field.write(one === undefined ? value : one),
    read: (json, problems) => (json === undefined ? value : field.read(json, problems)),
  };
}

/** Unknown fields, which a newer version may have written, are ignored. */
export function record<const Fields extends Readonly<Record<string, Field<unknown>>>>(
  fields: Fields,
): Field<{ readonly [Key in keyof Fields]: ValueOf<Fields[Key]> }> {
  type Value = { readonly [Key in keyof Fields]: ValueOf<Fields[Key]> };
  const all = Object.entries(fields);
  return {
    write: (value: Readonly<Record<string, unknown>>) =>
      Object.fromEntries(all.map(([key, field]) => [key, field.write(value[key])])),
    read(json, problems) {
      if (typeof json !== "object" || json === null || Array.isArray(json)) return refuse("not a record");
      const given = new Map(all.map(([key]) => [key, Object.getOwnPropertyDescriptor(json, key)?.value]));
      const read = all.map(([key, field]) => [key, within(key, () => field.read(given.get(key), problems))]);
      return Object.fromEntries(read) as Value; // of the fields, each with its own kind of value
    },
  };
}

/** A record that is written without the names of its fields, for many small ones; it is read with them too. */
export function unnamed<const Fields extends Readonly<Record<string, Field<unknown>>>>(fields: Fields) {
  const keys = Object.keys(fields);
  const named = record(fields);
  const withNames = (values: readonly unknown[]) => Object.fromEntries(keys.map((key, at) => [key, values[at]]));
  return {
    write: value => Object.values(named.write(value) ?? {}),
    read: (json, problems) => named.read(Array.isArray(json) ? withNames(json) : json, problems),
  } satisfies typeof named;
}

function elements(json: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(json)) return refuse("not a list");
  return json.length <= most ? json : refuse("too many");
}

/** Calls `read`, and puts `key` before the place in the message of a StateError. */
function within<T>(key: string | number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    const isPlaced = error.message.includes(": ");
    throw new StateError(isPlaced ? `${key}.${error.message}` : `${key}: ${error.message}`);
  }
}

function refuse(what: string): never {
  throw new StateError(what);
}
