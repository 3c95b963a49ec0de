/** The compiled addon. Only this room calls it, and the program file, which loads it first. */
import { join } from "node:path";
import type { Addon } from "./addon-functions.js";
import { launcher } from "./launched.js";

/** Of the daemon: that which the program file has loaded. */
export const addon: Addon = launcher?.addon ?? load();

/** The bundle is CommonJS and lies beside the addon; the sources are modules and use what the checkout has built. */
function load(): Addon {
  const here = typeof __dirname === "string" ? __dirname : join(import.meta.dirname, "../../dist");
  const module = { exports: {} };
  process.dlopen(module, join(here, "native.node"));
  return module.exports as Addon;
}
