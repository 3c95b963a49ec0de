import { join } from "node:path";
import t, { type Test } from "tap";
import { boardCommand } from "../../service/board/command.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { socketClashes } from "../../service/config/socket-clashes.js";
import { environment } from "../config/read.js";
import { boards, plant, SHIPPED } from "./tree.js";

const BAD = '{ "lable": 1 }';

t.test("list names every profile with its title and its file", async t => {
  const local = boards(t, { demo: { title: "Our demo" } });
  const { status, out } = run(t, ["list"], { roots: [local, SHIPPED] });
  t.equal(status, 0);
  const lines = out.split("\n");
  t.equal(
    lines.find(line => line.startsWith("board-a")),
    `board-a\t8-port RS-232 console server\t${SHIPPED}/board-a.json`,
  );
  t.equal(
    lines.find(line => line.startsWith("demo")),
    `demo\tOur demo\t${local}/demo.json, hides ${SHIPPED}/demo.json`,
  );
});

t.test("show prints what a profile comes to, and what is wrong with it apart from that", async t => {
  const roots = [boards(t, { x: { lable: 1, ports: [{ id: "p", device: "ttyS0", networkPort: "2001" }] } })];
  const { status, out, err } = run(t, ["show", "x"], { roots });
  t.equal(status, 1);
  t.match(out, /^# Board profile x: x\n# p, optional\nDEVICE:p:.*\/dev\/ttyS0\n2001:telnet:0:p:9600 .*\n$/);
  t.match(err, /^.*x\.json:2:3: lable: unknown key \(.*\)\n$/);
});

t.test("show without a name prints the board that is there, its control port too", async t => {
  t.match(run(t, ["show"], { tree: "pc" }).out, /^# Board profile board-b: /);
  t.match(run(t, ["show", "demo"]).out, /\nCONTROLPORT:localhost,2000\n$/);
});

t.test("check says what is wrong with one profile, a file or all of them", async t => {
  const local = boards(t, { x: BAD, y: {}, demo: BAD });
  const roots = [local, SHIPPED];
  t.same(run(t, ["check", "y"], { roots }), { status: 0, out: "", err: "" });
  const told = (name: string) => `${join(local, name)}:1:3: lable: unknown key`;
  t.match(run(t, ["check", "x"], { roots }), { status: 1, out: told("x.json"), err: "" });
  t.match(run(t, ["check", join(local, "x.json")]), { status: 1, out: told("x.json"), err: "" });
  const all = run(t, ["check"], { roots });
  t.equal(all.status, 1);
  t.same(
    all.out.split("\n").map(line => line.split(" ")[0]),
    [`${join(local, "demo.json")}:1:3:`, `${join(local, "x.json")}:1:3:`, ""],
  );
  t.same(run(t, ["check"], { roots: [SHIPPED] }), { status: 0, out: "", err: "" });
});

t.test("check looks behind a file that hides another", async t => {
  const roots = [boards(t, { x: {} }), boards(t, { x: BAD })];
  t.match(run(t, ["check"], { roots }), { status: 1, out: "lable" });
});

t.test("detect names the board, with --explain it says why", async t => {
  t.same(run(t, ["detect"], { tree: "pc" }), { status: 0, out: "board-b\n", err: "" });
  const { out } = run(t, ["detect", "--explain"], { tree: "pc" });
  t.match(out, /^--board: names none\n/);
  t.match(out, /\n-> board-b: sys_vendor "Example", board_name "Board B rev 2"\n$/);
});

t.test("a profile that does not exist is told, with status 1", async t => {
  t.same(run(t, ["show", "bord-a"]), {
    status: 1,
    out: "",
    err: 'There is no board profile "bord-a"; nearest: board-a\n',
  });
});

t.test("anything else is told where the help is, with status 2", async t => {
  const cases: readonly [line: string, told: string][] = [
    ["", "ser2net: board: list, show, check or detect?\nhint null\n"],
    ["nosuch", "ser2net: board: wrong word: nosuch\nhint nosuch\n"],
    ["list x", "ser2net: board: wrong word: x\nhint x\n"],
    ["show a b", "ser2net: board: wrong word: b\nhint b\n"],
    ["show --explain", "ser2net: board: wrong word: --explain\nhint --explain\n"],
    ["check -v", "ser2net: board: wrong word: -v\nhint -v\n"],
    ["detect x", "ser2net: board: wrong word: x\nhint x\n"],
    ["detect --explain x", "ser2net: board: wrong word: x\nhint x\n"],
  ];
  for (const [line, told] of cases) {
    const words = line.split(" ").filter(word => word !== "");
    t.same(run(t, words), { status: 2, out: "", err: told }, line);
  }
});

t.test("what the lines of a profile have wrong is at its value", async t => {
  const x = `{
  "controlPort": "localhost,2001",
  "ports": [
    { "id": "a", "device": "ttyS0", "networkPort": "2001" },
    { "id": "b", "device": "ttyS1",
      "networkPort": "::,2001" }
  ]
}`;
  const roots = [boards(t, { x, y: { extends: "x", ports: [{ id: "b", remctl: true }] } })];
  const told = `x.json:4:52: Network port 2001 on line 4 needs the socket of the control port localhost,2001 on line 2 (expected another number; only one of the two can be served)
x.json:6:22: Network port ::,2001 on line 6 needs the socket of the control port localhost,2001 on line 2 (expected another number; only one of the two can be served)
`;
  for (const [words, name] of [
    [["check", "x"], "out"],
    [["show", "x"], "err"],
    [["check", "y"], "out"],
  ] as const) {
    const { status, ...said } = run(t, words, { roots });
    t.equal(status, 1);
    t.equal(said[name].replaceAll(/^\S*\//gm, ""), told);
  }
});

function run(t: Test, args: readonly string[], { tree = "x86-vm", roots = [SHIPPED] } = {}) {
  const root = plant(t, tree);
  const said = { out: "", err: "" };
  const status = boardCommand(args, {
    out: text => {
      said.out += text;
    },
    err: text => {
      said.err += text;
    },
    hint: word => `hint ${word}\n`,
    checkSources: sources => {
      const configuration = readConfiguration(sources, environment);
      return [...configuration.diagnostics, ...socketClashes(configuration, null, environment.serviceLookup)];
    },
    places: { roots, sys: join(root, "sys"), dev: join(root, "dev") },
    evidence: { named: null, sys: join(root, "sys"), cmdline: join(root, "proc/cmdline"), etc: join(root, "etc") },
  });
  return { status, ...said };
}
