/**
 * The commands of the documents, run as they are written. A comment before a block says where: `<!-- run: board -->` with a daemon
 * that serves a small board, `<!-- run: board; not WORD (reason), ... -->` without some of its lines, `<!-- not run: reason -->`.
 */
import t, { type Test } from "tap";
import { needs } from "../support/tools.js";
import { type Block, blocksOf } from "./blocks.js";
import { DocsStage, NEEDS_STAGE } from "./stage.js";

const PAGES = ["README.md", "docs/console.md", "docs/profiles.md", "docs/dbus.md", "docs/ota.md"];
/** The first words of what a reader types. */
const TYPED =
  /^(\$ )?(sudo |# )?(ser2net|busctl|systemctl|journalctl|scripts\/\S+|node|apt(-get)?|printf|ssh|show(short)?port) ?/m;
const OPTIONS = { ...NEEDS_STAGE, ...needs("busctl", "dbus-daemon", "socat") };

/** The commands of a block: without the text that explains each. */
function commandsOf({ text }: Block): readonly string[] {
  const typed = text.split("\n").filter(line => line.trim() !== "");
  const isSession = typed.some(line => line.startsWith("$ "));
  const commands = isSession ? typed.filter(line => line.startsWith("$ ")).map(line => line.slice(2)) : typed;
  return commands
    .map(line => line.replace(/\s{2,}[^\s#].*$/, ""))
    .filter(line => !line.startsWith("#") && !line.startsWith(" "));
}

/** The first words, or parts, of the lines that are not run. */
function exceptions(marker: string): readonly string[] {
  const [, list = ""] = /; not (.*)$/.exec(marker) ?? [];
  return Array.from(list.matchAll(/([^,(]+) \([^)]+\)/g), ([, word = ""]) => word.trim());
}

t.test("each block of commands is run, or says why not", async t => {
  for (const block of PAGES.flatMap(blocksOf)) {
    if (!TYPED.test(block.text)) continue;
    t.match(block.marker ?? "", /^(run: (board|file|control|sample)\b|not run: \w.+)/, `${block.page}:${block.line}`);
  }
});

t.test("the commands for a board that is served", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  await stage.serve();
  for (const block of PAGES.flatMap(blocksOf).filter(({ marker }) => /^run: board\b/.test(marker ?? ""))) {
    const connection = stage.inBackground("exec socat -u TCP:localhost:2001 -"); // some commands need one
    await connection.output.expect(/[\s\S]/);
    runBlock(t, stage, block);
  }
});

t.test("the sample configuration and the commands for it", OPTIONS, async t => {
  const blocks = blocksOf("README.md");
  const sample = blocks.find(({ marker }) => marker === "run: sample");
  const stage = await DocsStage.open(t, `${sample?.text}\n`);
  for (const block of PAGES.flatMap(blocksOf).filter(({ marker }) => /^run: file\b/.test(marker ?? ""))) {
    runBlock(t, stage, block);
  }
  t.match(stage.run("ser2net --check -c /etc/ser2net.conf"), {
    ...{
      status: 0,
      errors: /^$/,
      output: /^(?:warning: every address can connect, in clear text, to 3001 3003 .*\n)?$/,
    },
  });
  const session = blocks.find(({ marker }) => /^run: control\b/.test(marker ?? ""));
  const lines = session === undefined ? [] : commandsOf(session);
  t.ok(lines.length > 5);
  t.equal(stage.run("ser2net -c /etc/ser2net.conf -P /run/second.pid").status, 1, "the first one has the control port");
  const { output } = stage.run("socat -t 10 STDIO TCP:localhost:2000", `${lines.join("\r\n")}\r\n`);
  t.match(output, "TCP Port 3001");
  for (const word of ["Unknown command", "Invalid", "No such"]) t.notMatch(output, word);
  t.equal(stage.run("kill $(cat /run/ser2net.pid)").status, 0);
});

/** Lines with a variable are one script, since the next lines use it; other lines are run one by one. */
function runBlock(t: Test, stage: DocsStage, block: Block): void {
  const skipped = exceptions(block.marker ?? "");
  const lines = commandsOf(block).filter(line => !skipped.some(word => line.includes(word)));
  const variables = lines.filter(line => /^[A-Z]=/.test(line));
  for (const line of lines.filter(line => !variables.includes(line))) {
    const { status, output, errors } = stage.run([...variables, line].join("\n"));
    t.equal(status, 0, `${block.page}:${block.line}: ${line}\n${output}${errors}`);
  }
}
