// Imported first by each test process (scripts/tap.sh asks for it): TypeScript comes from a cache that esbuild fills, because tap's
// own compiler takes one to three seconds of each test file. Without coverage, the programs that a test starts load nothing of
// tap: its hooks cost 0.2 s of each start of Node, and a user's daemon does not have them.
import { register } from "node:module";

const isRunner = process.argv[1]?.endsWith("/tap");
if (!isRunner) {
  const coverage = process.env._TAPJS_PROCESSINFO_COVERAGE_ !== "0";
  register("./hooks.mjs", { parentURL: import.meta.url, data: { coverage } });
  delete process.env.NODE_OPTIONS;
  // A test gives these to a child that is TypeScript too.
  process.execArgv.splice(0, process.execArgv.length, `--import=${import.meta.url}`, "--enable-source-maps");
}
