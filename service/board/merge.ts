/** `extends`: a profile laid over another one. */
import type { Json, JsonMember, JsonObject } from "./json.js";

/** Keys that are not inherited. */
const OWN_KEYS = ["$schema", "schema", "id", "title", "comment", "match", "extends"];
/** Lists of things with an id. */
const BY_ID = ["ports", "leds", "pulses"];

/** Objects are merged key by key, ports, LEDs and pulses by their id, new ones at the end; anything else replaces what is there. */
export function mergeProfiles(over: Json, base: Json): Json {
  if (over.kind !== "object" || base.kind !== "object") return over;
  const inherited = [...base.members].filter(([key]) => !OWN_KEYS.includes(key));
  return mergeObjects(over, { ...base, members: new Map(inherited) }, (key, value, below) =>
    BY_ID.includes(key) ? mergeById(value, below) : merge(value, below),
  );
}

function merge(over: Json, base: Json): Json {
  return over.kind === "object" && base.kind === "object"
    ? mergeObjects(over, base, (_, value, below) => merge(value, below))
    : over;
}

function mergeObjects(
  over: JsonObject,
  base: JsonObject,
  mergeValues: (key: string, over: Json, base: Json) => Json,
): JsonObject {
  const members = new Map<string, JsonMember>(base.members);
  for (const [key, member] of over.members) {
    const below = base.members.get(key);
    members.set(key, below === undefined ? member : { ...member, value: mergeValues(key, member.value, below.value) });
  }
  return { ...over, members };
}

function mergeById(over: Json, base: Json): Json {
  if (over.kind !== "list" || base.kind !== "list") return over;
  const left = [...over.items];
  const items = base.items.map(item => {
    const at = left.findIndex(one => idOf(one) !== null && idOf(one) === idOf(item));
    const [mine] = at < 0 ? [] : left.splice(at, 1);
    return mine === undefined ? item : merge(mine, item);
  });
  return { ...over, items: [...items, ...left] };
}

function idOf(json: Json): string | null {
  const id = json.kind === "object" ? json.members.get("id")?.value : undefined;
  return id?.kind === "scalar" && typeof id.value === "string" ? id.value : null;
}
