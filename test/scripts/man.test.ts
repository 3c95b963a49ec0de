/** The manual pages: complete, and clean for groff and mandoc. */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { manualPage } from "../../scripts/man.js";
import { KEYED_WORDS, PLAIN_WORDS } from "../../service/config/option-table.js";
import { DIRECTIVES } from "../../service/config/parse.js";
import { SOL_OPTIONS } from "../../service/config/sol-options.js";
import { MORE_HELP } from "../../service/control/more-commands.js";
import { COMMANDS } from "../../service/help/commands.js";
import { needs } from "../support/tools.js";

const PAGES = ["ser2net.8", "ser2net.conf.5", "ser2net-boards.5", "ser2net-client.1"];

/** The terms of a page: the words in bold before each text. */
function termsOf(page: string): string {
  const text = readFileSync(join("dist/man", page), "utf8");
  const terms = Array.from(text.matchAll(/^\.TP\n(.*)$/gm), ([, term = ""]) => term.replace(/\\f[BIR]/g, ""));
  return `\n${terms.join("\n")}\n`.replaceAll("\\-", "-").replaceAll("\\e", "\\").replaceAll("\\(aq", "'");
}

t.test("there are four pages, and they are those that the sources make", async t => {
  t.same(readdirSync("dist/man").sort(), [...PAGES].sort());
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const page of PAGES) {
    const made = manualPage(page, readFileSync(`man/${page}.md`, "utf8"), version);
    t.equal(readFileSync(join("dist/man", page), "utf8"), made, page);
  }
});

t.test("groff and mandoc have nothing to say about them", needs("man", "mandoc"), async t => {
  for (const page of PAGES) {
    const file = join("dist/man", page);
    const env = { ...process.env, LC_ALL: "C.UTF-8", MANROFFSEQ: "", MANWIDTH: "80" };
    const formatted = spawnSync("man", ["--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", file], {
      env,
      encoding: "utf8",
    });
    t.same({ status: formatted.status, stderr: formatted.stderr }, { status: 0, stderr: "" }, page);
    const { status, stdout } = spawnSync("mandoc", ["-T", "lint", file], { encoding: "utf8" });
    t.same({ status, stdout }, { status: 0, stdout: "" }, page);
  }
});

t.test("each directive, option word, SOL argument and command has its text", async t => {
  const terms = termsOf("ser2net.conf.5");
  for (const word of Object.keys(DIRECTIVES)) t.match(terms, new RegExp(`(\\n|, )${word}:`), word);
  for (const word of SOL_OPTIONS.keys()) t.match(terms, new RegExp(`(\\n|, )${word}( |,|\\n)`), word);
  const whole = readFileSync("dist/man/ser2net.conf.5", "utf8").replaceAll("\\-", "-");
  for (const word of [...PLAIN_WORDS.keys(), ...KEYED_WORDS.keys()]) t.ok(whole.includes(word.replace(/^-/, "")), word);
  const commands = termsOf("ser2net.8");
  const read = readFileSync("service/control/command.ts", "utf8").matchAll(/^ {4}case "(\w+)":/gm);
  const more = MORE_HELP.filter(line => !line.startsWith(" ")).map(line => line.split(" ")[0] ?? "");
  const known = [...Array.from(read, ([, word = ""]) => word), ...more];
  t.ok(known.includes("showport") && known.includes("attach"));
  for (const word of known) t.match(commands, new RegExp(`(\\n|, )${word}( |,|\\n)`), word);
  const client = termsOf("ser2net-client.1");
  for (const { forms } of COMMANDS) for (const [form] of forms) t.match(`${commands}${client}`, `\nser2net ${form}\n`);
});

t.test("extensions are marked, and ranges and defaults are those of the program", async t => {
  const page = readFileSync("dist/man/ser2net.conf.5", "utf8")
    .replaceAll("\\-", "-")
    .replace(/\\f[BIR]/g, "");
  const textOf = (term: string) => page.split(`\n.TP\n${term}\n`)[1]?.split("\n.TP")[0]?.replace(/\n/g, " ") ?? "";
  t.match(textOf("hold=SECONDS"), /From 0 to 3600\. DEFAULT:hold: 0\. Extension\.$/);
  t.match(textOf("[-]authenticated"), /DEFAULT:authenticated: true\. SOL devices only\.$/);
  t.match(textOf("max-connections=NUMBER"), /From 1 to 65536\. .* setportconfig does not change it\.$/);
  t.match(textOf("DEFAULT:telnet-enter"), /^crlf or cr\. Initially crlf\. Extension\.$/);
  t.match(textOf("DEFAULT:chardelay-max"), /^From 1 to 1000000\. Initially 20000\.$/);
});
