/** Files of the installation are missing: what needs them says so in one line, everything else works. */
import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { BUNDLE, runProgram, temporaryFolder } from "../support/daemon.js";

/** The daemon and its addon without any other bundle. */
function program(t: Test): { folder: string; run: (...args: string[]) => ReturnType<typeof runProgram> } {
  const folder = temporaryFolder(t);
  for (const file of ["ser2net.cjs", "native.node"]) copyFileSync(join(dirname(BUNDLE), file), join(folder, file));
  return { folder, run: (...args) => runProgram(t, process.execPath, [join(folder, "ser2net.cjs"), ...args]) };
}

t.test("a command without its file says so in one line, and its exit status is not that of a result", async t => {
  const { folder, run } = program(t);
  const file = join(folder, "x.conf");
  writeFileSync(file, "2000:raw:0:/dev/null\n");
  for (const [bundle, code, ...args] of [
    ["board", 1, "board", "list"],
    ["board", 1, "-n", "--board", "x", "-c", file],
    ["print", 1, "--print-config", "-c", file],
    ["sol", 1, "check-sol", "sol.lan -U u -P p 127.0.0.1"],
    ["drain", 2, "busy"],
    ["upgrade", 2, "--upgrade", "1"],
    ["client", 2, "ports"],
  ] as const) {
    const running = run(...args);
    t.equal((await running.exit()).code, code, args.join(" "));
    t.match(
      await running.errors.untilEnd(),
      new RegExp(`^.*Cannot find module '\\./${bundle}\\.cjs'\n$`),
      args.join(" "),
    );
  }
});
