// Node's hooks for the modules of a test process: TypeScript from the cache, and an empty module in place of tap's own hooks.
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { compiled } from "./compile.mjs";

const HOOKS_OF_TAP = ["typescript", "mock"];
const COVERAGE_OF_TAP = "processinfo";

let leftOut = HOOKS_OF_TAP;

export function initialize({ coverage }) {
  if (!coverage) leftOut = [...HOOKS_OF_TAP, COVERAGE_OF_TAP];
}

export function resolve(specifier, context, next) {
  if (leftOut.some(name => specifier.endsWith(`/@tapjs/${name}/dist/esm/import.mjs`))) {
    return { url: "data:text/javascript,", format: "module", shortCircuit: true };
  }
  const { parentURL = "" } = context;
  if (specifier.startsWith(".") && specifier.endsWith(".js") && parentURL.endsWith(".ts")) {
    const url = new URL(`${specifier.slice(0, -".js".length)}.ts`, parentURL);
    if (existsSync(url)) return { url: url.href, format: "module", shortCircuit: true };
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !url.endsWith(".ts")) return next(url, context);
  return { format: "module", source: await compiled(fileURLToPath(url)), shortCircuit: true };
}
