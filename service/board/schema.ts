/** Schemas of JSON values. The type of a valid value and its check follow from one declaration. */
import type { Diagnostic } from "../config/diagnostic.js";
import { hideSecrets } from "../config/sol-words.js";
import { suggest } from "../config/suggest.js";
import { diagnosticAt, type Json, type JsonMember, type JsonObject, type Part } from "./json.js";

export type Schema =
  /** `what` ends the sentence "expected ...". */
  | { readonly is: "text"; readonly pattern: RegExp; readonly what: string }
  | { readonly is: "integer"; readonly min: number; readonly max: number }
  | { readonly is: "flag" }
  | { readonly is: "choice"; readonly of: readonly (string | number)[] }
  | { readonly is: "list"; readonly of: Schema; readonly most: number }
  | { readonly is: "object"; readonly keys: Readonly<Record<string, Key>> };

interface Key {
  readonly schema: Schema;
  /** An object without it is left out. */
  readonly required?: true;
}

/** The type of a valid value. */
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
type SchemaOf<K> = K extends { readonly schema: infer S } ? S : never;
type ObjectOf<Keys> = { readonly [Name in RequiredNames<Keys>]: ValueOf<SchemaOf<Keys[Name]>> } & {
  readonly [Name in Exclude<keyof Keys, RequiredNames<Keys>>]?: ValueOf<SchemaOf<Keys[Name]>>;
};

/** Collects diagnostics, and remembers the position of each valid object. */
export interface ValidationContext {
  report(part: Part, message: string, expected: string | null): void;
  readonly origins: Map<object, JsonObject>;
}

/** Diagnostics of one file at most. */
const MAX_DIAGNOSTICS = 100;

export function createValidationContext(diagnostics: Diagnostic[]): ValidationContext {
  const report = (part: Part, message: string, expected: string | null) => {
    if (diagnostics.length < MAX_DIAGNOSTICS) diagnostics.push(diagnosticAt(part, message, expected));
  };
  return { report, origins: new Map() };
}

/** The tree without its invalid parts, which are reported; undefined when nothing is left. */
export function validate(json: Json, schema: Schema, context: ValidationContext): Json | undefined {
  if (schema.is === "object" && json.kind === "object") return validateObject(json, schema.keys, context);
  if (schema.is === "list" && json.kind === "list") {
    const surplus = json.items[schema.most];
    if (surplus !== undefined)
      context.report(surplus, "too many", `expected ${schema.most} at most, the rest is left out`);
    const items = json.items.slice(0, schema.most).map(item => validate(item, schema.of, context));
    return { ...json, items: items.filter(item => item !== undefined) };
  }
  if (json.kind === "scalar" && fits(json.value, schema)) return json;
  refuse(json, schema, context);
  return undefined;
}

function validateObject(json: JsonObject, keys: Readonly<Record<string, Key>>, context: ValidationContext): JsonObject {
  const members = new Map<string, JsonMember>();
  for (const [name, member] of json.members) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key === undefined) {
      const near = suggest(name, Object.keys(keys));
      const expected = near === null ? `expected one of ${Object.keys(keys).join(", ")}` : `nearest: ${near}`;
      context.report(member, "unknown key", expected);
      continue;
    }
    const value = validate(member.value, key.schema, context);
    if (value !== undefined) members.set(name, { ...member, value });
  }
  return { ...json, members };
}

/** The value of a pruned tree, without the objects that lack a key they need. */
export function toValue<const S extends Schema>(
  pruned: Json,
  schema: S,
  context: ValidationContext,
): ValueOf<S> | undefined {
  return buildValue(pruned, schema, context) as ValueOf<S> | undefined; // it was pruned by this shape
}

function buildValue(json: Json, schema: Schema, context: ValidationContext): unknown {
  if (json.kind === "scalar") return json.value;
  if (json.kind === "list") {
    const items = schema.is === "list" ? json.items.map(item => buildValue(item, schema.of, context)) : [];
    return items.filter(item => item !== undefined);
  }
  const keys = schema.is === "object" ? schema.keys : {};
  const missing = Object.keys(keys).find(name => keys[name]?.required && !json.members.has(name));
  if (missing !== undefined) {
    context.report(json, `no "${missing}"`, "this entry is left out");
    return undefined;
  }
  const entries = [...json.members].flatMap(([name, { value }]) => {
    const key = keys[name];
    const built = key === undefined ? undefined : buildValue(value, key.schema, context);
    return built === undefined ? [] : [[name, built] as const];
  });
  const object: object = Object.fromEntries(entries);
  context.origins.set(object, json);
  return object;
}

function fits(value: string | number | boolean | null, schema: Schema): boolean {
  switch (schema.is) {
    case "text":
      return typeof value === "string" && schema.pattern.test(value);
    case "integer":
      return typeof value === "number" && Number.isInteger(value) && value >= schema.min && value <= schema.max;
    case "flag":
      return typeof value === "boolean";
    case "choice":
      return schema.of.some(one => one === value);
    default:
      return false; // no scalar is a list or an object
  }
}

function refuse(json: Json, schema: Schema, { report }: ValidationContext): void {
  const value = json.kind === "scalar" ? json.value : null;
  const expected = expectation(schema);
  const near = schema.is === "choice" && typeof value === "string" ? suggest(value, schema.of.map(String)) : null;
  const problem = TYPE[schema.is].includes(kindOf(json)) ? "wrong value" : "wrong type";
  report(json, `${problem}: ${show(json)}`, near === null ? expected : `${expected}; nearest: ${near}`);
}

const TYPE: Readonly<Record<Schema["is"], readonly string[]>> = {
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
  const text = hideSecrets(JSON.stringify(json.value));
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}...` : text;
}

function expectation(schema: Schema): string {
  switch (schema.is) {
    case "text":
      return `expected ${schema.what}`;
    case "integer":
      return `expected a whole number from ${schema.min} to ${schema.max}`;
    case "flag":
      return "expected true or false";
    case "choice":
      return `expected one of ${schema.of.map(one => JSON.stringify(one)).join(", ")}`;
    case "list":
      return "expected a list";
    case "object":
      return "expected an object";
    default:
      return schema satisfies never;
  }
}
