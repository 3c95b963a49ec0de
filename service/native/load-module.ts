/** Loads modules that only some boards need, when they are first needed (docs/design.md, "What is loaded when"). */
import { createRequire } from "node:module";

interface NodeModules {
  "node:child_process": typeof import("node:child_process");
  "node:dns/promises": typeof import("node:dns/promises");
  "node:net": typeof import("node:net");
  "node:tls": typeof import("node:tls");
}

/** A module of Node, or (`./sol.cjs`) a bundle that lies beside this one. Throws when it cannot be loaded. */
export function loadModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name];
export function loadModule<Bundle>(name: `./${string}.cjs`): Bundle;
export function loadModule(name: string): unknown {
  return createRequire(typeof __filename === "string" ? __filename : import.meta.url)(name);
}
