/** A JSON Schema validator, for the keywords of board-profiles/schema.json. */
import type { JsonSchema } from "../../scripts/board-schema.js";

/** The result of a JSON Schema validator for a document. */
export function accepts(schema: JsonSchema, value: unknown): boolean {
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
