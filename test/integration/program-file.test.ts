/** The program file, which has the daemon in lines that Node takes for comments: what an error shows of it. */
import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { runProgram } from "../support/daemon.js";
import { Installed } from "../support/installed.js";

/** Of characters: a line of the program, one that marks the place in it, the error, its stack. */
const MOST_SHOWN = 10_000;

t.test("an uncaught error of the daemon shows its place in the file, and no more than a line of it", async t => {
  const [node = "", file = ""] = new Installed(t).program;
  const lines = readFileSync(file, "latin1").split("\n");
  const first = lines.lastIndexOf("//daemon") + 1;
  lines[first] = `//throw new Error("no good");${lines[first]?.slice(2)}`;
  writeFileSync(file, lines.join("\n"), "latin1");
  const running = runProgram(t, node, [file, "--version"]);
  t.same(await running.exit(), { code: 1, signal: null });
  const shown = await running.errors.untilEnd();
  t.ok(shown.startsWith(`${file}:${first + 1}\n`), shown.slice(0, 300));
  t.match(shown, /^Error: no good\n {4}at /m);
  t.ok(shown.includes(`(${file}:${first + 1}:`) || shown.includes(`at ${file}:${first + 1}:`), shown.slice(-1000));
  t.ok(shown.length < MOST_SHOWN, `${shown.length} characters`);
});
