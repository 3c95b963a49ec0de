/** JSON Schema, as far as board-profiles/schema.json goes: made from the validator's description, and applied. */
import type { Shape } from "../../service/board/shape.js";

export interface Schema {
  readonly [keyword: string]: unknown;
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
  readonly anyOf?: readonly Schema[];
}

/** What the file must say, without its descriptions. */
export function schemaOf(shape: Shape): Schema {
  const whole = demandsOf(shape, name => name !== "id");
  return { ...structureOf(shape), anyOf: [{ required: ["extends"] }, ...(whole === null ? [] : [whole])] };
}

/** An id is always needed; what else is comes from the profile below in one that extends it. */
function structureOf(shape: Shape): Schema {
  switch (shape.is) {
    case "text":
      return { type: "string", pattern: shape.pattern.source };
    case "integer":
      return { type: "integer", minimum: shape.min, maximum: shape.max };
    case "flag":
      return { type: "boolean" };
    case "choice":
      return { enum: shape.of };
    case "list":
      return { type: "array", maxItems: shape.most, items: structureOf(shape.of) };
    case "object": {
      const keys = Object.entries(shape.keys);
      const required = keys.filter(([name, key]) => key.required && name === "id").map(([name]) => name);
      return {
        type: "object",
        properties: Object.fromEntries(keys.map(([name, key]) => [name, structureOf(key.shape)])),
        ...(required.length > 0 ? { required } : {}),
        additionalProperties: false,
      };
    }
    default:
      return shape satisfies never;
  }
}

/** Only the required keys, at whatever depth. */
function demandsOf(shape: Shape, counts: (name: string) => boolean): Schema | null {
  if (shape.is === "list") {
    const items = demandsOf(shape.of, counts);
    return items === null ? null : { items };
  }
  if (shape.is !== "object") return null;
  const required = Object.keys(shape.keys).filter(name => shape.keys[name]?.required && counts(name));
  const below = Object.entries(shape.keys).flatMap(([name, key]) => {
    const demands = demandsOf(key.shape, counts);
    return demands === null ? [] : [[name, demands] as const];
  });
  if (required.length === 0 && below.length === 0) return null;
  return {
    ...(required.length > 0 ? { required } : {}),
    ...(below.length > 0 ? { properties: Object.fromEntries(below) } : {}),
  };
}

const NOT_STRUCTURE = ["$schema", "$id", "title", "description"];

/** The file without what is there for people only. */
export function bare(schema: Schema): Schema {
  const entries = Object.entries(schema).filter(([keyword]) => !NOT_STRUCTURE.includes(keyword));
  const one = (value: unknown) => bare(value as Schema);
  return Object.fromEntries(
    entries.map(([keyword, value]) => {
      if (keyword === "items") return [keyword, one(value)];
      if (keyword === "anyOf") return [keyword, (value as Schema[]).map(one)];
      if (keyword !== "properties") return [keyword, value];
      return [keyword, Object.fromEntries(Object.entries(value as object).map(([name, below]) => [name, one(below)]))];
    }),
  );
}

/** What a JSON Schema validator says of a document. */
export function accepts(schema: Schema, value: unknown): boolean {
  const { type, properties = {}, items } = schema;
  if (schema.anyOf !== undefined && !schema.anyOf.some(one => accepts(one, value))) return false;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return false;
  if (type !== undefined && !isOfType(value, type)) return false;
  if (typeof value === "string") return schema.pattern === undefined || new RegExp(schema.pattern, "u").test(value);
  if (typeof value === "number") {
    return value >= (schema.minimum ?? value) && value <= (schema.maximum ?? value);
  }
  if (Array.isArray(value)) {
    if (value.length > (schema.maxItems ?? value.length)) return false;
    return items === undefined || value.every(item => accepts(items, item));
  }
  if (typeof value !== "object" || value === null) return true;
  if (schema.required?.some(name => !Object.hasOwn(value, name))) return false;
  return Object.entries(value).every(([name, member]) => {
    const below = Object.hasOwn(properties, name) ? properties[name] : undefined;
    return below === undefined ? schema.additionalProperties !== false : accepts(below, member);
  });
}

function isOfType(value: unknown, type: string): boolean {
  if (type === "integer") return Number.isInteger(value);
  if (type === "array") return Array.isArray(value);
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === type;
}
