/** System calls that only tests use (test-addon.c, built by build.mjs). */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { errorReason } from "../../service/native/errors.js";
import type { Rs485 } from "../../service/native/serial.js";

interface TestAddon {
  openPty(into: Uint32Array): number;
  getRs485(fd: number, into: Uint32Array): number;
}

const addon = load();

/** A raw pseudo-terminal, both ends open and non-blocking. */
export function openPty(): { master: number; slave: number; path: string } {
  const [master = 0, slave = 0, name = 0] = read("openPty", words => addon.openPty(words));
  return { master, slave, path: `/dev/pts/${name}` };
}

export function getRs485(fd: number): Rs485 {
  const [flags = 0, delayBeforeSendMs = 0, delayAfterSendMs = 0] = read("getRs485", words => addon.getRs485(fd, words));
  return { flags, delayBeforeSendMs, delayAfterSendMs };
}

function read(name: string, call: (words: Uint32Array) => number): Uint32Array {
  const words = new Uint32Array(3);
  const result = call(words);
  if (result < 0) throw new Error(`${name}: ${errorReason(-result)}`);
  return words;
}

/** A test runs from source, the demo as a bundle that lies in dist. */
function load(): TestAddon {
  const here = typeof __dirname === "string" ? __dirname : join(dirname(fileURLToPath(import.meta.url)), "../../dist");
  const module = { exports: {} };
  process.dlopen(module, join(here, "test-addon.node"));
  return module.exports as TestAddon;
}
