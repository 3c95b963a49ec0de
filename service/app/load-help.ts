/** The texts of `--help`: no daemon that serves needs them. */
import { loadModule } from "../native/load-module.js";

/** Throws when they cannot be loaded. */
export function loadHelp(): typeof import("../help/entry.js") {
  return loadModule<typeof import("../help/entry.js")>("./help.cjs");
}
