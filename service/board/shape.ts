/** What a JSON value may look like, said once: the type of a sound one and the check follow from it. */
import type { Diagnostic } from "../config/diagnostic.js";
import { nearest } from "../config/nearest.js";
import { faultAt, type Json, type JsonMember, type JsonObject, type Part } from "./json.js";

export type Shape =
  /** `what` ends the sentence "expected ...". */
  | { readonly is: "text"; readonly pattern: RegExp; readonly what: string }
  | { readonly is: "integer"; readonly min: number; readonly max: number }
  | { readonly is: "flag" }
  | { readonly is: "choice"; readonly of: readonly (string | number)[] }
  | { readonly is: "list"; readonly of: Shape; readonly most: number }
  | { readonly is: "object"; readonly keys: Readonly<Record<string, Key>> };

export interface Key {
  readonly shape: Shape;
  /** An object without it is left out. */
  readonly required?: true;
}

/** The type of a sound value. */
export type ValueOf<S> = S extends { readonly is: "text" }
  ? string
  : S extends { readonly is: "integer" }
    ? number
    : S extends { readonly is: "flag" }
      ? boolean
      : S extends { readonly is: "choice"; readonly of: readonly (infer Choice)[] }
        ? Choice
        : S extends { readonly is: "list"; readonly of: infer Item }
          ? readonly ValueOf<Item>[]
          : S extends { readonly is: "object"; readonly keys: infer Keys }
            ? ObjectOf<Keys>
            : never;

type RequiredNames<Keys> = {
  [Name in keyof Keys]: Keys[Name] extends { readonly required: true } ? Name : never;
}[keyof Keys];
type ShapeOf<K> = K extends { readonly shape: infer S } ? S : never;
type ObjectOf<Keys> = { readonly [Name in RequiredNames<Keys>]: ValueOf<ShapeOf<Keys[Name]>> } & {
  readonly [Name in Exclude<keyof Keys, RequiredNames<Keys>>]?: ValueOf<ShapeOf<Keys[Name]>>;
};

/** Collects what is wrong, and remembers where each sound object was written. */
export interface Reading {
  report(part: Part, message: string, expected: string | null): void;
  readonly origins: Map<object, JsonObject>;
}

/** So many faults say enough about one file. */
const MOST_FAULTS = 100;

export function startReading(diagnostics: Diagnostic[]): Reading {
  const report = (part: Part, message: string, expected: string | null) => {
    if (diagnostics.length < MOST_FAULTS) diagnostics.push(faultAt(part, message, expected));
  };
  return { report, origins: new Map() };
}

/** The tree without its unsound parts, each of them reported; undefined when that is all of it. */
export function prune(json: Json, shape: Shape, reading: Reading): Json | undefined {
  if (shape.is === "object" && json.kind === "object") return pruneObject(json, shape.keys, reading);
  if (shape.is === "list" && json.kind === "list") {
    const surplus = json.items[shape.most];
    if (surplus !== undefined)
      reading.report(surplus, "too many", `expected ${shape.most} at most, the rest is left out`);
    const items = json.items.slice(0, shape.most).map(item => prune(item, shape.of, reading));
    return { ...json, items: items.filter(item => item !== undefined) };
  }
  if (json.kind === "scalar" && fits(json.value, shape)) return json;
  refuse(json, shape, reading);
  return undefined;
}

function pruneObject(json: JsonObject, keys: Readonly<Record<string, Key>>, reading: Reading): JsonObject {
  const members = new Map<string, JsonMember>();
  for (const [name, member] of json.members) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      const near = nearest(name, Object.keys(keys));
      const expected = near === null ? `expected one of ${Object.keys(keys).join(", ")}` : `nearest: ${near}`;
      reading.report(member, "unknown key", expected);
      continue;
    }
    const value = prune(member.value, key.shape, reading);
    if (value !== undefined) members.set(name, { ...member, value });
  }
  return { ...json, members };
}

/** The value of a pruned tree, without the objects that lack a key they need. */
export function build<const S extends Shape>(pruned: Json, shape: S, reading: Reading): ValueOf<S> | undefined {
  return buildValue(pruned, shape, reading) as ValueOf<S> | undefined; // it was pruned by this shape
}

function buildValue(json: Json, shape: Shape, reading: Reading): unknown {
  if (json.kind === "scalar") return json.value;
  if (json.kind === "list") {
    const items = shape.is === "list" ? json.items.map(item => buildValue(item, shape.of, reading)) : [];
    return items.filter(item => item !== undefined);
  }
  const keys = shape.is === "object" ? shape.keys : {};
  const missing = Object.keys(keys).find(name => keys[name]?.required && !json.members.has(name));
  if (missing !== undefined) {
    reading.report(json, `no "${missing}"`, "this entry is left out");
    return undefined;
  }
  const entries = [...json.members].flatMap(([name, { value }]) => {
    const key = keys[name];
    const built = key === undefined ? undefined : buildValue(value, key.shape, reading);
    return built === undefined ? [] : [[name, built] as const];
  });
  const object: object = Object.fromEntries(entries);
  reading.origins.set(object, json);
  return object;
}

function fits(value: string | number | boolean | null, shape: Shape): boolean {
  switch (shape.is) {
    case "text":
      return typeof value === "string" && shape.pattern.test(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value) && value >= shape.min && value <= shape.max;
    case "flag":
      return typeof value === "boolean";
    case "choice":
      return shape.of.some(one => one === value);
    default:
      return false; // no scalar is a list or an object
  }
}

function refuse(json: Json, shape: Shape, { report }: Reading): void {
  const value = json.kind === "scalar" ? json.value : null;
  const expected = expectation(shape);
  const near = shape.is === "choice" && typeof value === "string" ? nearest(value, shape.of.map(String)) : null;
  const problem = TYPE[shape.is].includes(kindOf(json)) ? "wrong value" : "wrong type";
  report(json, `${problem}: ${show(json)}`, near === null ? expected : `${expected}; nearest: ${near}`);
}

const TYPE: Readonly<Record<Shape["is"], readonly string[]>> = {
  text: ["string"],
  integer: ["number"],
  flag: ["boolean"],
  choice: ["string", "number"],
  list: ["list"],
  object: ["object"],
};

function kindOf(json: Json): string {
  return json.kind === "scalar" ? typeof json.value : json.kind;
}

const LONGEST_SHOWN = 40;

function show(json: Json): string {
  if (json.kind !== "scalar") return json.kind === "list" ? "a list" : "an object";
  const text = JSON.stringify(json.value);
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

function expectation(shape: Shape): string {
  switch (shape.is) {
    case "text":
      return `expected ${shape.what}`;
    case "integer":
      return `expected a whole number from ${shape.min} to ${shape.max}`;
    case "flag":
      return "expected true or false";
    case "choice":
      return `expected one of ${shape.of.map(one => JSON.stringify(one)).join(", ")}`;
    case "list":
      return "expected a list";
    case "object":
      return "expected an object";
    default:
      return shape satisfies never;
  }
}
