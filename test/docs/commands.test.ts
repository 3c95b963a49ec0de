/**
 * The blocks of code of the documents, run as they are written. A comment before each says where: `<!-- run: board -->` with a daemon that
 * serves a small board, `file` with the sample configuration of the README, `control` on its control port, `yaml` with a file of ser2net 4,
 * `users` in an /etc of its own, `config` and `profile` through the check. `<!-- run: board; not WORD (reason), ... -->` is without some
 * lines, `<!-- not run: reason -->` nothing of it. `<!-- screen: ... -->` is compared by screens.test.ts.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Authority } from "../support/certificates.js";
import { runToEnd, temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { type Block, blocksMarked, blocksOf, PAGES } from "./blocks.js";
import { DocsStage, NEEDS_STAGE } from "./stage.js";

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

t.test("each block of code is run, or says why not", async t => {
  t.ok(PAGES.includes("README.md") && PAGES.includes("docs/units.md"));
  for (const { marker, page, line } of PAGES.flatMap(blocksOf)) {
    const known =
      /^(run: (board|file|control|sample|yaml|users|config|profile|fleet)(; not .*)?|screen: \w+|not run: \w.+)$/;
    t.match(marker ?? "", known, `${page}:${line}`);
    for (const [file] of (marker ?? "").matchAll(/(?:test|scripts|\.ci)\/[\w./-]*\w/g)) {
      t.ok(existsSync(file), `${page}:${line}: ${file}`);
    }
  }
});

t.test("each command and option of the program that a document names is in its help", async t => {
  const helps = new Map<string, string>();
  const helpOf = async (command: string): Promise<string> => {
    const known = helps.get(command) ?? (await runToEnd(t, [command, "--help"].filter(Boolean))).output;
    helps.set(command, known);
    return known;
  };
  for (const page of PAGES) {
    const text = readFileSync(page, "utf8");
    for (const [typed, command = "", words = ""] of text.matchAll(
      /(?<=^(?: {4})?|`|[$#] )ser2net(?: ([a-z][a-z-]*))?(?= |`|$)([^`\n]*)/gm,
    )) {
      const help = await helpOf(command);
      t.match(help, command === "" ? "Usage: ser2net" : `Usage: ser2net ${command}`, `${page}: ${typed}`);
      if (command === "log") continue; // it has the options of journalctl
      for (const [option] of words.matchAll(/(?<= )--?[a-z][a-z-]*/g)) t.ok(help.includes(option), `${page}: ${typed}`);
    }
  }
  t.ok(helps.size > 15);
});

t.test("the commands for a board that is served", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  await stage.serve();
  for (const block of blocksMarked("run: board")) {
    const connection = stage.inBackground("exec socat -u TCP:localhost:2001 -"); // some commands need one
    await connection.output.expect(/[\s\S]/);
    runBlock(t, stage, block);
  }
});

t.test("the sample configuration and the commands for it", OPTIONS, async t => {
  const [sample, ...others] = blocksMarked("run: sample");
  t.same(others, []);
  const stage = await DocsStage.open(t, `${sample?.text}\n`);
  for (const block of blocksMarked("run: file")) runBlock(t, stage, block);
  t.match(stage.run("ser2net --check -c /etc/ser2net.conf"), {
    ...{
      status: 0,
      errors: /^$/,
      output: /^(?:warning: every address can connect, in clear text, to 3001 3003 .*\n)?$/,
    },
  });
  const [session] = blocksMarked("run: control");
  const lines = session === undefined ? [] : commandsOf(session);
  t.ok(lines.length > 5);
  t.equal(stage.run("ser2net -c /etc/ser2net.conf -P /run/second.pid").status, 1, "the first one has the control port");
  const { output } = stage.run("socat -t 10 STDIO TCP:localhost:2000", `${lines.join("\r\n")}\r\n`);
  t.match(output, "TCP Port 3001");
  for (const word of ["Unknown command", "Invalid", "No such"]) t.notMatch(output, word);
  t.equal(stage.run("kill $(cat /run/ser2net.pid)").status, 0);
});

t.test("the lines of configurations, and the profiles, pass the check", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  const authority = new Authority(t);
  const { cert, key } = authority.issue("board");
  stage.run(
    `cd /etc/ser2net && cp ${cert} ${key} . && cp ${authority.ca} people.crt && touch rack7.password && chmod 600 *`,
  );
  const blocks = blocksMarked("run: config");
  t.ok(blocks.length > 5);
  for (const { text, page, line } of blocks) {
    const said = stage.run("cat >/etc/some.conf && ser2net --check -c /etc/some.conf", `${text}\n`);
    t.match(said, { status: 0, errors: /^$/, output: /^(?:warning: every address .*\n)*$/ }, `${page}:${line}`);
  }
  for (const [index, { text, page, line }] of blocksMarked("run: profile").entries()) {
    const { id } = JSON.parse(text);
    const name = index === 0 ? id : `${id}-${index}`;
    const named = text.replace(`"id": "${id}"`, `"id": "${name}"`);
    const file = `/etc/ser2net/boards/${name}.json`;
    t.match(
      stage.run(`cat >${file}; ser2net board check ${name}; ser2net board show ${name}`, named),
      { errors: /^(?:\S+: ports\S+\.device: there is no serial device .*\n)*$/, output: /^2002:raw/m },
      `${page}:${line}`,
    );
  }
});

t.test("the configuration of the fleet process", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  const [block, ...others] = blocksMarked("run: fleet");
  t.same(others, []);
  t.match(stage.run("cat >/etc/some.conf && ser2net fleet check rack7 -c /etc/some.conf", `${block?.text}\n`), {
    ...{ status: 0, errors: "", output: "" },
  });
});

t.test("the way from ser2net 4 and back", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  const folder = temporaryFolder(t);
  const yaml = join(folder, "a.yaml");
  writeFileSync(yaml, "connection: &a\n  accepter: tcp,4001\n  connector: serialdev,/dev/ttyS0,9600n81,local\n");
  stage.run(`rm /etc/ser2net.conf; cp ${yaml} /etc/ser2net.yaml`);
  for (const block of blocksMarked("run: yaml")) {
    runBlock(t, stage, block);
    t.match(stage.run("cat /etc/ser2net.conf").output, "4001:raw:0:/dev/ttyS0:9600 ");
    t.equal(stage.run("rm /etc/ser2net.yaml").status, 0, "each writes a file of its own");
  }
});

t.test("the users and groups", { ...OPTIONS, ...needs("useradd", "groupadd") }, async t => {
  const stage = await DocsStage.open(t);
  stage.run(
    "mount -t tmpfs tmpfs /home; mount -t tmpfs tmpfs /var/mail; groupadd -f ser2net; groupadd -f ser2net-admin",
  );
  for (const block of blocksMarked("run: users")) runBlock(t, stage, block);
  t.match(stage.run("id ann").output, /consoles.*ser2net-admin|ser2net-admin.*consoles/);
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
