/**
 * The JSON Schema of board profiles, for editors: made from the description that the daemon checks profiles with.
 * build.mjs writes it to dist/schema.json; board-profiles/schema.json is its committed copy.
 */
import { PROFILE } from "../service/board/profile.js";
import type { Schema } from "../service/board/schema.js";
import { TEXTS } from "./board-schema-texts.js";

export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly anyOf?: readonly JsonSchema[];
}

/** The description of a value, and those of its keys or items. */
export type Text = string | { readonly self: string; readonly keys: TextsByKey } | ListText;
type TextsByKey = { readonly [name: string]: Text };
interface ListText {
  readonly self: string;
  readonly items: Text;
}

/** The whole file, ready to be written. */
export function profileSchema(): string {
  const demands = demandsOf(PROFILE);
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    $id: "urn:ser2net-edge:board-profile:1",
    title: "Board profile",
    ...structureOf(PROFILE, TEXTS),
    // In a profile that extends another one, required keys other than an id may come from that one.
    anyOf: [{ required: ["extends"] }, ...(demands === null ? [] : [demands])],
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

function structureOf(shape: Schema, text: Text): JsonSchema {
  const description = typeof text === "string" ? text : text.self;
  switch (shape.is) {
    case "text":
      return { description, type: "string", pattern: shape.pattern.source };
    case "integer":
      return { description, type: "integer", minimum: shape.min, maximum: shape.max };
    case "flag":
      return { description, type: "boolean" };
    case "choice":
      return { description, enum: shape.of };
    case "list":
      return { description, type: "array", maxItems: shape.most, items: structureOf(shape.of, itemText(text)) };
    case "object": {
      const keys = Object.entries(shape.keys);
      const required = keys.filter(([name, key]) => key.required && name === "id").map(([name]) => name);
      return {
        description,
        type: "object",
        properties: Object.fromEntries(keys.map(([name, key]) => [name, structureOf(key.schema, keyText(text, name))])),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: false,
      };
    }
    default:
      return shape satisfies never;
  }
}

function keyText(text: Text, name: string): Text {
  const below = typeof text === "object" && "keys" in text ? text.keys[name] : undefined;
  if (below === undefined) throw new Error(`no description of ${name}`);
  return below;
}

function itemText(text: Text): Text {
  if (typeof text !== "object" || !("items" in text)) throw new Error("no description of the items of a list");
  return text.items;
}

/** Only the required keys other than an id, at whatever depth. */
function demandsOf(shape: Schema): JsonSchema | null {
  if (shape.is === "list") {
    const items = demandsOf(shape.of);
    return items === null ? null : { items };
  }
  if (shape.is !== "object") return null;
  const required = Object.keys(shape.keys).filter(name => shape.keys[name]?.required && name !== "id");
  const below = Object.entries(shape.keys).flatMap(([name, key]) => {
    const demands = demandsOf(key.schema);
    return demands === null ? [] : [[name, demands] as const];
  });
  if (required.length === 0 && below.length === 0) return null;
  return {
    ...(required.length > 0 ? { required } : {}),
    ...(below.length > 0 ? { properties: Object.fromEntries(below) } : {}),
  };
}
