/** The mark by which the next process knows a definition. */
import { createHash } from "node:crypto";
import type { PortConfig } from "../config/configuration.js";
import { defaultOptions } from "../config/initial-options.js";
import { STANDARD_LINE } from "../line/settings.js";

/** SHA-256 of the definition as `definitionText` has it. */
export function definitionMark(config: PortConfig): string {
  return createHash("sha256").update(definitionText(config)).digest("base64url");
}

/**
 * The same for two definitions that do not differ, and for the one definition in the next version of the program: what has its
 * default is left out, and so is what is off or empty where there is no default.
 */
export function definitionText(config: PortConfig): string {
  const standard = { options: defaultOptions({ defaults: {} }, config.device.kind), line: STANDARD_LINE };
  return JSON.stringify(differing({ ...config, file: null, lineNumber: 0, column: 0, names: null }, standard) ?? null);
}

/** Undefined: nothing differs. The keys of records are in order. */
function differing(value: unknown, standard: unknown): unknown {
  if (!isRecord(value)) {
    const isStandard = standard === undefined ? !value : JSON.stringify(value) === JSON.stringify(standard);
    return isStandard ? undefined : value;
  }
  const fields = Object.entries(value).map(([key, one]) => {
    return [key, differing(one, isRecord(standard) ? standard[key] : undefined)] as const;
  });
  const differ = fields.filter(([, one]) => one !== undefined).sort(([one], [other]) => (one < other ? -1 : 1));
  return differ.length === 0 ? undefined : Object.fromEntries(differ);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}
