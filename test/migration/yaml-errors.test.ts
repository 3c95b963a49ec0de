/** Files that are not YAML, not of ser2net 4, or made to cost time and memory. */
import t from "tap";
import { importText } from "./imported.js";

const PORT = "connection: &a\n  accepter: tcp,4001\n  connector: serialdev,/dev/ttyS0\n";

t.test("errors of the YAML have file, line and column", async t => {
  const cases: readonly [yaml: string, said: string | RegExp][] = [
    [
      "connection: &a\n  accepter: tcp,4001\n connector: x\n",
      /^a\.yaml:3:1: YAML: All mapping items must start at the same column/,
    ],
    ["connection: &a\n\taccepter: tcp,4001\n", /^a\.yaml:2:1: YAML: Tabs are not allowed as indentation/],
    ["define: &a 'text\n", /^a\.yaml:2:1: YAML: Missing closing 'quote/],
    ["connections: [ *a, *b\n", /^a\.yaml:2:1: YAML: Flow sequence/],
    [`${PORT}---\n${PORT}`, /^a\.yaml:4:1: Only the first document of the file is read$/],
    ["- connection\n", "a.yaml:1:1: This is not a YAML configuration of ser2net 4 (expected connection: &<name>)"],
    ["", "a.yaml:1:1: This is not a YAML configuration of ser2net 4 (expected connection: &<name>)"],
    ["3001:raw:0:/dev/ttyS0:9600\n", /^a\.yaml:1:1: .*is not/],
    [
      "connection:\n  accepter: tcp,4001\n",
      "a.yaml:1:1: connection is not carried over (expected connection: &<name> and its parts)",
    ],
    ["conection: &a\n  accepter: tcp,4001\n", "a.yaml:1:1: conection is not a part of a configuration of ser2net 4"],
    [
      `${PORT}  options:\n    banner: *nosuch\n`,
      "a.yaml:5:13: banner: there is no define nosuch (expected it before this line)",
    ],
    [
      `${PORT}  options:\n    banner: x*(nosuch)y\n`,
      "a.yaml:5:13: banner is not carried over (there is no define nosuch before this line)",
    ],
    [`${PORT}  options:\n    banner: [a]\n`, "a.yaml:5:13: banner is not a text"],
    [
      `${PORT}  options:\n    banner: '*{/etc/shadow}'\n`,
      /^a\.yaml:5:13: banner is not carried over \(the file \/etc\/shadow is not put in/,
    ],
    [`${PORT}  options: 5\n`, "a.yaml:4:12: options: expected a map"],
    [`${PORT}  options:\n    <<: {kickolduser: true}\n`, "a.yaml:5:9: << is not a text"],
    [
      "default:\n  name: nosuch\n  value: 1\n",
      "a.yaml:1:1: The default nosuch is not carried over (ser2net.conf has no such default)",
    ],
    ["include: nosuch.yaml\n", "a.yaml:1:1: nosuch.yaml is not read (no such file)"],
    ["led: &l\n  driver: gpio\n", "a.yaml:1:1: led l is not carried over (expected driver: sysfs)"],
    ["define: text\n", "a.yaml:1:1: define without a name (expected define: &<name> <text>)"],
    ["? [a]\n: b\n", /^a\.yaml:1:3: A key is not a text/],
  ];
  for (const [yaml, wanted] of cases) {
    const { said } = importText(yaml);
    t.ok(
      said.some(one => (typeof wanted === "string" ? one === wanted : wanted.test(one))),
      `${yaml}\n${said.join("\n")}`,
    );
  }
});

t.test("what is right beside an error is carried over", async t => {
  const { lines, said } = importText(
    `${PORT}connection: &b\n  accepter: tcp,4002\n  connector: 'serialdev,/dev/ttyS1\n`,
  );
  t.equal(lines[0], "4001:raw:0:/dev/ttyS0:9600 8DATABITS NONE 1STOPBIT");
  t.ok(said.some(one => /YAML: Missing closing/.test(one)));
});

t.test("a file that is not UTF-8 is taken as bytes", async t => {
  const yaml = Buffer.from(`${PORT}  options:\n    banner: caf\xe9\n`, "latin1");
  t.equal(importText(yaml).lines[0], "BANNER:a-banner:caf\xe9");
  const utf8 = Buffer.from(`${PORT}  options:\n    banner: caf\u00e9\n`, "utf8");
  t.equal(importText(utf8).lines[0], "BANNER:a-banner:caf\xc3\xa9", "one character a byte");
});

t.test("defines that double, aliases in aliases, files that include each other and deep brackets end", async t => {
  const doubling = Array.from({ length: 40 }, (_, number) => `define: &d${number + 1} "*(d${number})*(d${number})"\n`);
  const bomb = importText(`define: &d0 xxxxxxxxxx\n${doubling.join("")}${PORT}`);
  t.match(
    bomb.said[0],
    /^a\.yaml:14:14: define is not carried over \(with its defines it has more than 65536 characters\)$/,
  );
  t.equal(bomb.lines.at(-1), "4001:raw:0:/dev/ttyS0:9600 8DATABITS NONE 1STOPBIT");
  const long = `define: &d ${"x".repeat(60_000)}\n${"define: &e '*(d)'\n".repeat(1000)}`;
  t.match(importText(long).said[0], /has more than 65536 characters/, "all together have a limit too");
  const laughs = `define: &a0 [x, x]\n${Array.from({ length: 30 }, (_, number) => `define: &a${number + 1} [*a${number}, *a${number}]\n`).join("")}`;
  t.match(importText(laughs).said[0], "a.yaml:1:13: define is not a text");
  t.match(importText("include: a.yaml\n").said.at(-1), "a.yaml is not read (files include each other too often)");
  for (const bracket of ["[", "{", "{a: [", "- ", "? "]) {
    t.match(importText(`define: &a x\n${bracket.repeat(30_000)}`).said, [/YAML is nested too deeply/], bracket);
  }
  t.match(importText("}".repeat(100_000)).said, [/^a\.yaml:1:1: This is not YAML$/]);
  t.match(importText(`# ${"x".repeat(600_000)}\n${PORT}`).said, [/^a\.yaml:1:1: It has more than 524288 characters$/]);
});
