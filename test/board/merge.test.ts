import { join } from "node:path";
import t from "tap";
import { BoardError } from "../../service/board/error.js";
import { listBoards, readBoard } from "../../service/board/load.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { boards } from "./tree.js";

const FACTORY = {
  id: "base",
  title: "The base",
  match: [{ model: "Base" }],
  controlPort: "localhost,2000",
  ports: [
    { id: "port1", device: "ttyS0", networkPort: "2001", line: { speed: 9600, parity: "even" }, lines: ["rts", "cts"] },
    { id: "port2", device: "ttyS1", networkPort: "2002" },
    { id: "port3", device: "ttyS2", networkPort: "2003" },
  ],
  leds: [{ id: "ok", sysfs: "green", function: "ok" }],
};

t.test("a file in an earlier folder hides one of the same name", async t => {
  const factory = boards(t, { base: FACTORY, other: {} });
  const local = boards(t, { base: { title: "Ours" }, schema: {}, "no name": {}, "README.md": "" });
  const roots = [local, "/nonexistent", factory];
  t.match(readBoard("base", roots), { profile: { title: "Ours", ports: [] }, file: join(local, "base.json") });
  t.same(
    listBoards(roots).map(({ name, file, hides }) => [name, file, hides]),
    [
      ["README.md", join(local, "README.md.json"), []],
      ["base", join(local, "base.json"), [join(factory, "base.json")]],
      ["other", join(factory, "other.json"), []],
    ],
  );
});

t.test("a profile that extends another changes, adds and takes away by id", async t => {
  const root = boards(t, {
    base: FACTORY,
    variant: {
      extends: "base",
      ports: [
        { id: "port4", device: "ttyS3", networkPort: "2004" },
        { id: "port3", presence: "absent" },
        { id: "port1", line: { speed: 115200 }, lines: ["dcd"] },
      ],
      leds: [{ id: "ok", sysfs: "blue" }],
    },
  });
  const { profile, diagnostics } = readBoard("variant", [root]);
  t.same(diagnostics, []);
  t.match(profile, { name: "variant", title: "variant", match: [], controlPort: "localhost,2000" });
  t.same(profile.ports, [
    { id: "port1", device: "ttyS0", networkPort: "2001", line: { speed: 115200, parity: "even" }, lines: ["dcd"] },
    { id: "port2", device: "ttyS1", networkPort: "2002" },
    { id: "port4", device: "ttyS3", networkPort: "2004" },
  ]);
  t.match(profile.leds, [{ id: "ok", sysfs: "blue", function: "ok" }]);
});

t.test("under its own name a file extends the one it hides", async t => {
  const factory = boards(t, { base: FACTORY });
  const local = boards(t, { base: { extends: "base", ports: [{ id: "port2", networkPort: "3002" }] } });
  const { profile, diagnostics } = readBoard("base", [local, factory]);
  t.same(diagnostics, []);
  t.same(
    profile.ports.map(one => one.networkPort),
    ["2001", "3002", "2003"],
  );
});

t.test("what is wrong in the upper file leaves the lower one as it is", async t => {
  const root = boards(t, {
    base: FACTORY,
    variant: { extends: "base", ports: [{ id: "port1", networkPort: 3001, devise: "x", label: "One" }] },
  });
  const { profile, diagnostics } = readBoard("variant", [root]);
  t.match(
    diagnostics.map(one => one.message),
    ["ports[0].networkPort: wrong type: 3001", "ports[0].devise: unknown key"],
  );
  t.match(profile.ports[0], { networkPort: "2001", device: "ttyS0", label: "One" });
});

t.test("what is wrong in the lower file is told at its place there", async t => {
  const root = boards(t, { base: { ...FACTORY, tilte: "x" }, variant: { extends: "base" } });
  const [one] = readBoard("variant", [root]).diagnostics;
  t.match(one, { file: join(root, "base.json"), message: "tilte: unknown key", expected: "nearest: title" });
});

t.test("one level is read, a second one is refused", async t => {
  const root = boards(t, {
    base: FACTORY,
    middle: { extends: "base", ports: [{ id: "port9", device: "ttyS9" }] },
    top: { extends: "middle" },
  });
  const { profile, diagnostics } = readBoard("top", [root]);
  t.match(diagnostics, [{ file: join(root, "middle.json"), message: "extends: top extends this profile already" }]);
  t.same(
    profile.ports.map(one => one.id),
    ["port9"],
  );
});

t.test("a base that is not there is told, with the name that was meant", async t => {
  const root = boards(t, {
    base: FACTORY,
    variant: { extends: "basse", ports: [{ id: "p", device: "ttyS0" }] },
    self: { extends: "self" },
    wrong: { extends: 1 },
  });
  const told = (name: string) =>
    readBoard(name, [root]).diagnostics.map(one => formatDiagnostic(one).replace(join(root, "/"), ""));
  t.same(told("variant"), ['variant.json:2:14: extends: there is no board profile "basse" (nearest: base)']);
  t.same(told("self"), ['self.json:2:14: extends: there is no board profile "self" (known: base, variant, wrong)']);
  t.match(told("wrong"), ["wrong.json:2:14: extends: wrong type: 1"]);
  t.match(readBoard("variant", [root]).profile.ports, [{ id: "p" }]);
});

t.test("an unknown name is an error that names the nearest one; a file may be given instead", async t => {
  const root = boards(t, { base: FACTORY });
  t.throws(
    () => readBoard("bas", [root]),
    new BoardError("no-such-board", 'There is no board profile "bas"; nearest: base'),
  );
  t.throws(
    () => readBoard("zzzz", [root]),
    new BoardError("no-such-board", 'There is no board profile "zzzz"; known: base'),
  );
  t.throws(() => readBoard("", [root]), BoardError);
  t.match(readBoard(join(root, "base.json"), []).profile, { name: "base", title: "The base" });
});
