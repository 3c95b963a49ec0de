/** `--help` of the program and of each command, and the line behind a wrong word. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { parseArguments } from "../../service/cli.js";
import { parseClientArguments } from "../../service/client/arguments.js";
import { parseDrainArguments } from "../../service/drain/arguments.js";
import { COMMANDS, optionWord, TARGET_OPTIONS } from "../../service/help/commands.js";
import { DAEMON } from "../../service/help/daemon.js";
import { helpOf, hintOf } from "../../service/help/entry.js";
import { BUNDLE } from "../support/daemon.js";

const nameOf = (form: string) => form.split(" ")[1];

t.test("the help of the program has each option that it reads, and each command", async t => {
  const help = helpOf("daemon");
  for (const option of DAEMON.options) {
    t.match(help, `\n  ${option.form}`);
    const { kind } = parseArguments([optionWord(option), ...(nameOf(option.form) === undefined ? [] : ["1"])]);
    t.not(kind, "wrong", option.form);
  }
  const read = readFileSync("service/cli.ts", "utf8").matchAll(/^ *(?:case|\[)\s*"(-[^"]+)"/gm);
  const inner = ["--try-upgrade"]; // by the daemon itself
  t.same(
    [...new Set(Array.from(read, ([, word = ""]) => word))].filter(
      word => !inner.includes(word) && !DAEMON.options.some(one => optionWord(one) === word),
    ),
    [],
  );
  for (const { name } of COMMANDS) t.match(help, new RegExp(`^ {2}${name} `, "m"), name);
});

t.test("each command that the program starts has help, and each option of it is read", async t => {
  const dispatched = /^ {2}client: "([^"]+)"/m.exec(readFileSync("service/launch.ts", "utf8"))?.[1]?.split(" ") ?? [];
  const client = COMMANDS.filter(({ hasTarget }) => hasTarget);
  t.same(client.map(({ name }) => name).sort(), dispatched.sort());
  for (const { name, options, forms } of client) {
    for (const option of [...options, ...TARGET_OPTIONS]) {
      const value = nameOf(option.form) === undefined && !option.form.includes("HOST") ? [] : ["1"];
      const words = / PORT| FILE$/.test(forms[0]?.[0] ?? "")
        ? ["p", "w"].slice(0, /set|say|pulse/.test(name) ? 2 : 1)
        : [];
      const withTls = /^--(?:tls|ca|cert|key)\b/.test(option.form) ? "-H h --tls --cert c --key k".split(" ") : [];
      parseClientArguments([name, ...withTls, optionWord(option), ...value, ...words]);
      t.match(helpOf(name), `\n  ${option.form}`, `${name} ${option.form}`);
    }
  }
  const table = readFileSync("service/client/arguments.ts", "utf8");
  const known = COMMANDS.flatMap(({ options }) => [...options, ...TARGET_OPTIONS].map(optionWord));
  for (const [, word = ""] of table.matchAll(/"(-[\w-]+)": (?:true|false)/g)) t.ok(known.includes(word), word);
  for (const { name, options } of COMMANDS.filter(one => ["busy", "drain", "undrain"].includes(one.name))) {
    for (const option of options) t.notOk("mistake" in parseDrainArguments([name, optionWord(option), "1"]), name);
  }
});

t.test("the help fits a terminal of 80 columns and tells the exit status", async t => {
  for (const name of ["daemon", ...COMMANDS.map(one => one.name)]) {
    const lines = helpOf(name).split("\n");
    t.equal(Math.max(...lines.map(line => line.length)) <= 80, true, name);
    t.notOk(
      lines.some(line => line !== line.trimEnd()),
      name,
    );
    if (name !== "daemon") t.match(helpOf(name), /\nExit status:\n {2}0 /, name);
  }
});

t.test("behind a wrong word: where the help is, and the nearest word", async t => {
  const cases: readonly [name: string, word: string | null, hint: string][] = [
    ["daemon", "--upgrad", "see ser2net --help (did you mean --upgrade?)"],
    ["daemon", "attch", "see ser2net --help (did you mean attach?)"],
    ["daemon", "-x", "see ser2net --help"],
    ["daemon", "-p2000", "see ser2net --help (did you mean -p?)"],
    ["daemon", "--nothing-like-it", "see ser2net --help"],
    ["daemon", null, "see ser2net --help"],
    ["attach", "--repaly", "see ser2net attach --help (did you mean --replay?)"],
    ["ports", "--instanse", "see ser2net ports --help (did you mean --instance?)"],
    ["board", "lst", "see ser2net board --help (did you mean list?)"],
    ["board", "--expain", "see ser2net board --help (did you mean --explain?)"],
  ];
  for (const [name, word, hint] of cases) t.equal(hintOf(name, word), `${hint}\n`);
});

t.test("the built program prints them: --help to standard output, with status 0", async t => {
  const say = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [BUNDLE, ...words], { encoding: "utf8" });
    return { status, stdout, stderr };
  };
  t.same(say("--help"), { status: 0, stdout: helpOf("daemon"), stderr: "" });
  t.same(say("-n", "-h"), { status: 0, stdout: helpOf("daemon"), stderr: "" });
  t.match(say("--version"), { status: 0, stdout: /^ser2net version \d/ });
  for (const name of ["attach", "set", "drain", "--upgrade", "board", "check-sol"]) {
    t.same(say(name, "--help"), { status: 0, stdout: helpOf(name), stderr: "" }, name);
  }
  t.same(say("watch", "--timestamp", "x"), {
    status: 2,
    stdout: "",
    stderr: "ser2net: watch: no such option: --timestamp\nsee ser2net watch --help (did you mean --timestamps?)\n",
  });
  t.same(say("board", "lst"), {
    status: 2,
    stdout: "",
    stderr: "ser2net: board: wrong word: lst\nsee ser2net board --help (did you mean list?)\n",
  });
});
