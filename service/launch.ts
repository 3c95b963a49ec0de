/**
 * The program file. Node compiles these lines at each start, and takes those of the daemon, behind them, for comments: the daemon
 * is compiled here, with the code that an earlier start has kept (docs/design.md, "Kept code"). A command has a bundle of its own:
 * an updater asks `busy` often, a technician waits for `attach`, and the daemon takes longer to load than these take to run.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Script } from "node:vm";
import { KeptCode } from "./kept-code.js";
import { addon } from "./native/addon.js";
import type { Launched } from "./native/launched.js";
import { loadModule } from "./native/load-module.js";

type Compiled = (...given: readonly unknown[]) => void;

const COMMANDS = {
  client: "ports attach watch who take break pulse disconnect set say log doctor status reload apply metrics",
  drain: "busy drain undrain",
  fleet: "fleet",
  migration: "import export",
};
/** The data path is compiled after hundreds of wake-ups, not thousands. Later versions do so by themselves, and refuse the flag. */
const COMPILE_SOON = process.version.startsWith("v20.") ? "--interrupt-budget=10000" : "";
/**
 * Without the first two V8 lets the heap grow to several times its size during many connections, and keeps it. Without the third
 * it collects before the young generation is full, and allocates its second half of 0.5 MB for that at the start. V8 keeps code only
 * for the flags it was compiled with, so they are set before that.
 */
const V8_FLAGS = `--semi-space-growth-factor=1 --optimize-for-size --no-minor-gc-task ${COMPILE_SOON}`;
/** Behind it each line is one of the daemon, as a comment (build.mjs). */
const DAEMON = "\n//daemon\n";
const COMMENT = "//";

function launch(words: readonly string[]): void {
  const [word = ""] = words;
  const command = Object.entries(COMMANDS).find(([, list]) => list.split(" ").includes(word));
  if (command !== undefined) {
    const { runCommand } = loadModule<{ runCommand(words: readonly string[]): unknown }>(`./${command[0]}.cjs`);
    void runCommand(words);
  } else if (word === "--upgrade") {
    type Upgrade = { runUpgradeCommand(words: readonly string[]): unknown };
    void loadModule<Upgrade>("./upgrade.cjs").runUpgradeCommand(words.slice(1));
  } else {
    launchDaemon();
  }
}

function launchDaemon(): void {
  // What each start needs of Node: once flags are set, the code that Node has kept of its own modules does not fit any more.
  require("node:os");
  new AbortController().abort();
  if (process.env.NOTIFY_SOCKET) require("node:crypto"); // of handover.cjs
  addon.setV8Flags(V8_FLAGS);
  const program = readFileSync(__filename);
  const start = program.lastIndexOf(DAEMON) + DAEMON.length;
  const text = program.toString("latin1", start + COMMENT.length).replaceAll(`\n${COMMENT}`, "\n");
  const kept = keptCode("daemon", program.subarray(start));
  const lineOffset = program.toString("latin1", 0, start).split("\n").length - 1;
  compile(text, { filename: __filename, lineOffset }, kept)(exports, require, module, __filename, __dirname, launched);
}

/** CACHE_DIRECTORY may be several, but the units have one (systemd.exec(5)). */
const folder = process.env.CACHE_DIRECTORY;
const compiledAnew: { readonly kept: KeptCode; readonly script: Script }[] = [];
const loaded = new Map<string, { readonly exports: unknown }>();

function keptCode(name: string, bundle: Uint8Array): KeptCode | null {
  return folder ? new KeptCode(folder, name, bundle) : null;
}

function compile(text: string, place: { filename: string; lineOffset?: number }, kept: KeptCode | null): Compiled {
  const head = "(function (exports, require, module, __filename, __dirname, launched) {";
  const cached = kept?.code ? { cachedData: kept.code } : {};
  const script = new Script(`${head}${text}})`, { ...place, columnOffset: -head.length, ...cached });
  // V8 refuses code that was compiled with other flags.
  if (kept !== null && (kept.code === null || script.cachedDataRejected)) compiledAnew.push({ kept, script });
  return script.runInThisContext() as Compiled;
}

const launched: Launched = {
  addon,

  load(name) {
    const filename = join(__dirname, name);
    let module = loaded.get(name);
    if (module === undefined) {
      if (!existsSync(filename)) return require(name); // which says what is missing
      module = { exports: {} };
      const text = readFileSync(filename);
      const bundle = compile(text.toString("latin1"), { filename }, keptCode(basename(name, ".cjs"), text));
      // After an update it is of the next version, and so is the addon that it opens itself.
      const given = name === "./upgrade.cjs" ? { ...launched, addon: null } : launched;
      bundle(module.exports, require, module, filename, __dirname, given);
      loaded.set(name, module);
    }
    return module.exports;
  },

  async keepCode() {
    // All at once: later, V8 may have thrown code away.
    const fresh = compiledAnew.splice(0).map(({ kept, script }) => ({ kept, code: script.createCachedData() }));
    for (const { kept, code } of fresh) await kept.write(code);
  },
};

launch(process.argv.slice(2));
