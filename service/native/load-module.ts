/** Loads modules that only some boards need, when they are first needed (docs/design.md, "What is loaded when"). */
import { launcher } from "./launched.js";

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
  if (launcher !== null && name.endsWith(".cjs")) return launcher.load(name);
  // The bundle is CommonJS; the sources are modules, which only tests run, and need what Node has built in.
  return typeof require === "function" ? require(name) : process.getBuiltinModule(name);
}
