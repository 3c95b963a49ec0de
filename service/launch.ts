/**
 * The program file. Node compiles these lines at each start, and takes its last line, the daemon, for a comment: the daemon is
 * compiled here, with the code that an earlier start has kept (docs/design.md, "Kept code"). A command has a bundle of its own: an
 * updater asks `busy` often, a technician waits for `attach`, and the daemon takes longer to load than these take to run.
 */
import { readFileSync } from "node:fs";
import { Script } from "node:vm";
import { KeptCode } from "./kept-code.js";
import { addon } from "./native/addon.js";
import { loadModule } from "./native/load-module.js";

/** What the daemon's bundle gets from here. The sources, which tests run, have none of it. */
export interface Launched {
  readonly addon: typeof addon;
  /** Null: there is no folder for it, or it is there already. Rejects with the system's error. */
  readonly keepCode: (() => Promise<void>) | null;
}

type Daemon = (...given: readonly unknown[]) => void;

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
const COMMENT = "\n//";

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
  addon.setV8Flags(V8_FLAGS);
  const program = readFileSync(__filename);
  const start = program.lastIndexOf(COMMENT) + COMMENT.length;
  const bundle = program.subarray(start);
  // CACHE_DIRECTORY may be several, but the units have one (systemd.exec(5)).
  const folder = process.env.CACHE_DIRECTORY;
  const kept = folder ? new KeptCode(folder, bundle) : null;
  const names = "exports, require, module, __filename, __dirname, launched";
  const script = new Script(`(function (${names}) {${bundle.toString("latin1")}})`, {
    filename: __filename,
    ...(kept?.code ? { cachedData: kept.code } : {}),
  });
  const keepCode = kept === null || kept.code !== null ? null : () => kept.write(script.createCachedData());
  const launched: Launched = { addon, keepCode };
  (script.runInThisContext() as Daemon)(exports, require, module, __filename, __dirname, launched);
}

launch(process.argv.slice(2));
