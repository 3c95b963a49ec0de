/** Objects of JSON from outside. Pure. */

export type JsonObject = Readonly<Record<string, unknown>>;

/** Null: the text is not JSON, or not an object. */
export function readJsonObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : null;
  } catch {
    return null;
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
