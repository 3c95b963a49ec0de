/** The recipe for Yocto: its tasks are really run, with the compiler of this machine. BitBake itself is not. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { readRecipe } from "./recipe.js";
import { filesBelow, isDocumentation, PROGRAM, release, SYSTEMD, say, unpacked, VERSION } from "./released.js";

const RECIPES = "scripts/yocto/meta-ser2net-edge/recipes-connectivity/ser2net-edge";
const RECIPE = join(RECIPES, `ser2net-edge_${VERSION}.bb`);
const ARCHIVE = release(temporaryFolder(t));
const RAN = { status: 0, stdout: "", stderr: "" };
const DROP_INS = ["service", "socket"].map(unit => `/usr/lib/systemd/system/ser2net@board-b.${unit}.d/50-board.conf`);
const WITH_SOCKET = "ser2net@board-b.service ser2net@board-b.socket ser2net-health@board-b.service";

/** In place of a compiler: the tests of packages need none. */
const NO_COMPILER = 'for output; do :; done; : >"$output"';

/** The recipe with the folders of a build, whose tasks run with `commands` in place of the machine's. */
function prepare(t: Test, settings: Readonly<Record<string, string>>, commands: Readonly<Record<string, string>> = {}) {
  const source = unpacked(t, ARCHIVE);
  const [root, bin] = [temporaryFolder(t), temporaryFolder(t)];
  const recipe = readRecipe(RECIPE, { D: root, B: source, ...settings });
  const standIns = { chown: `echo "$@" >>"${bin}/chowned"`, cc: NO_COMPILER, ...commands };
  for (const [name, script] of Object.entries(standIns)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  // BitBake exports these, and stops at the first command that fails.
  const env = { PATH: `${bin}:${process.env.PATH}`, CC: "cc -pipe", CFLAGS: "-O2 -g", LDFLAGS: "-Wl,-O1" };
  const run = (task: string) => {
    const commands = recipe.task(task);
    const { status, stdout, stderr } = spawnSync("sh", ["-e", "-c", commands], { cwd: source, env, encoding: "utf8" });
    return { status, stdout, stderr };
  };
  const filesOf = (name: string) => filesBelow(root).filter(file => recipe.packageOf(file) === name);
  const chowned = () => readFileSync(join(bin, "chowned"), "utf8").replace(root, "");
  return { root, source, recipe, run, filesOf, chowned };
}

t.test("every file goes to a package, the board's own to that of the board", async t => {
  const { run, filesOf, root, recipe, chowned } = prepare(t, { SER2NET_BOARD: "board-b", SER2NET_UNITS: WITH_SOCKET });
  t.same([run("do_compile"), run("do_install")], [RAN, RAN]);
  t.same(
    filesBelow(root).filter(file => recipe.packageOf(file) === undefined),
    [],
  );
  const profile = "/usr/share/ser2net/boards/board-b.json";
  t.same(filesOf("ser2net-edge"), [...PROGRAM, ...SYSTEMD].filter(file => file !== profile).sort());
  t.same(
    filesOf("ser2net-edge-board"),
    [...DROP_INS, "/usr/lib/systemd/system-preset/70-board.preset", profile].sort(),
  );
  t.ok(filesOf("ser2net-edge-doc").every(isDocumentation));
  t.equal(recipe.packageOf("/etc/ser2net"), "ser2net-edge");
  t.equal(chowned(), "root:ser2net /etc/ser2net\n");
});

t.test("the addon is compiled by the image's compiler, is left to be stripped, and Node loads it", async t => {
  const { run, root, source } = prepare(t, {}, { cc: 'exec /usr/bin/cc "$@"' });
  t.same([run("do_compile"), run("do_install")], [RAN, RAN]);
  const addon = join(root, "usr/lib/ser2net/native.node");
  t.match(say(process.execPath, "-p", `Object.keys(require("${addon}")).length > 10`), /^true$/m);
  t.match(say("readelf", "--sections", "--wide", addon), /\.symtab/);
  t.match(say(join(root, "usr/bin/ser2net"), "-v"), new RegExp(`version ${VERSION.replaceAll(".", "\\.")}\n$`));
  t.notOk(existsSync(join(source, "node_modules/esbuild")), "with the archive alone");
});

t.test("an image that finds out its board needs no Node to be built", async t => {
  const { run, recipe, filesOf } = prepare(t, {}, { node: "exit 1" });
  t.same([run("do_compile"), run("do_install")], [RAN, RAN]);
  t.same(filesOf("ser2net-edge-board"), ["/usr/lib/systemd/system-preset/70-board.preset"]);
  t.match(readFileSync(RECIPE, "utf8"), `'' if d.getVar('SER2NET_BOARD') == 'auto' else 'nodejs-native'`);
  t.equal(recipe.value("SYSTEMD_SERVICE:ser2net-edge-board"), "ser2net@auto.service ser2net-health@auto.service");
});

t.test("a profile that is laid beside the others is served, and one with a fault ends the build", async t => {
  const own = prepare(t, { SER2NET_BOARD: "mine" });
  const profile = (text: string) => writeFileSync(join(own.source, "board-profiles/mine.json"), text);
  t.match(own.run("do_compile"), { status: 1, stderr: /there is no board-profiles\/mine\.json/ });
  profile('{ "schema": 1, "prots": [] }');
  t.match(own.run("do_compile"), { status: 1, stderr: /mine\.json:1:16: .*prots/ });
  profile('{ "schema": 1, "extends": "board-b", "title": "Mine" }');
  t.same([own.run("do_compile"), own.run("do_install")], [RAN, RAN]);
  t.ok(own.filesOf("ser2net-edge-board").includes("/usr/share/ser2net/boards/mine.json"));
});

t.test("a socket unit is refused where it would listen on nothing", async t => {
  const units = "ser2net@generic.service ser2net@generic.socket";
  const { run } = prepare(t, { SER2NET_BOARD: "generic", SER2NET_UNITS: units });
  t.match(run("do_compile"), { status: 1, stderr: /ser2net@generic\.socket would listen on nothing/ });
  const other = prepare(t, { SER2NET_BOARD: "board-b", SER2NET_UNITS: "ser2net@board-a.service" });
  t.match(other.run("do_compile"), { status: 1, stderr: /ser2net@board-a\.service is no unit of board-b/ });
});

t.test("the preset enables what the recipe names", needs("systemctl"), async t => {
  const { run, root, recipe } = prepare(t, { SER2NET_BOARD: "board-b", SER2NET_UNITS: WITH_SOCKET });
  t.same([run("do_compile"), run("do_install")], [RAN, RAN]);
  const units = recipe.value("SYSTEMD_SERVICE:ser2net-edge-board").split(" ");
  say("systemctl", `--root=${root}`, "preset-all");
  const enabled = readdirSync(join(root, "etc/systemd/system"), { recursive: true }).map(String);
  t.same(
    enabled
      .filter(name => /ser2net.*\.(service|socket)$/.test(name))
      .map(name => name.replace(/.*\//, ""))
      .sort(),
    [...units].sort(),
  );
});

t.test("the version and the licences are those of the archive", async t => {
  const source = unpacked(t, ARCHIVE);
  const recipe = readRecipe(RECIPE, {});
  t.same(readdirSync(RECIPES), [`ser2net-edge_${VERSION}.bb`]);
  t.equal(recipe.value("SRC_URI"), `file://ser2net-edge-${VERSION}.tar.gz`);
  const licences = recipe.value("LIC_FILES_CHKSUM").split(/\s+/);
  t.equal(licences.length, 2);
  for (const one of licences) {
    const [, file = "", md5] = /^file:\/\/(.*);md5=(.*)$/.exec(one) ?? [];
    t.equal(
      createHash("md5")
        .update(readFileSync(join(source, file)))
        .digest("hex"),
      md5,
      file,
    );
  }
});

t.test("the licence is an expression of the release that reads it", needs("python3"), async t => {
  const [, expression = ""] = /^LICENSE = "\$\{@(.*)\}"$/m.exec(readFileSync(RECIPE, "utf8")) ?? [];
  /** With what bb.utils.which(3) of BitBake finds: nothing or a path. */
  const licence = (found: string) =>
    say(
      "python3",
      "-c",
      `import types as t; bb = t.SimpleNamespace(utils=t.SimpleNamespace(which=lambda path, file: "${found}"))\n` +
        `d = t.SimpleNamespace(getVar=lambda name: "/layers")\nprint(${expression})`,
    );
  t.equal(licence(""), "Apache-2.0 & ISC & MIT\n");
  t.equal(licence("/layers/lib/oe/spdx_license.py"), "Apache-2.0 AND ISC AND MIT\n");
});

t.test(
  "without the archive it names scripts/release.sh, unless another SRC_URI gives it",
  needs("python3"),
  async t => {
    const recipe = readRecipe(RECIPE, {});
    /** What the function says where BitBake finds `found`. */
    const fetched = (found: string, sources: string) =>
      say(
        "python3",
        "-c",
        `import types as t; bb = t.SimpleNamespace(utils=t.SimpleNamespace(which=lambda path, file: "${found}"), fatal=print)\n` +
          `values = {"BP": "${recipe.value("BP")}", "SRC_URI": "${sources}", "FILESPATH": "/layers"}\n` +
          `d = t.SimpleNamespace(getVar=values.get)\nif True:\n${recipe.python("do_fetch:prepend")}`,
      );
    const sources = recipe.value("SRC_URI");
    t.equal(fetched("", sources), `there is no ser2net-edge-${VERSION}.tar.gz: run scripts/release.sh\n`);
    t.equal(fetched(`/layers/ser2net-edge-${VERSION}.tar.gz`, sources), "");
    t.equal(fetched("", "https://example.org/ser2net-edge.tar.gz"), "");
  },
);

t.test("the user is the one of sysusers.d", async t => {
  const recipe = readRecipe(RECIPE, {});
  const conf = readFileSync("units/sysusers.d/ser2net.conf", "utf8");
  const [, group = ""] = /^g (ser2net-\S+) /m.exec(conf) ?? [];
  const [, user = "", of = ""] = /^m (\S+) (\S+)$/m.exec(conf) ?? [];
  t.equal(recipe.value("GROUPADD_PARAM:ser2net-edge"), `--system ${group}`);
  t.match(recipe.value("USERADD_PARAM:ser2net-edge"), new RegExp(`--user-group --groups ${of} ${user}$`));
});

t.test("shellcheck has nothing to say about the tasks", needs("shellcheck"), async t => {
  const recipe = readRecipe(RECIPE, { D: "/tmp/image", B: "/tmp/build" });
  for (const task of ["do_compile", "do_install"]) {
    t.ok(recipe.task(task), task);
    const { stdout } = spawnSync("shellcheck", ["-s", "sh", "-"], { input: recipe.task(task), encoding: "utf8" });
    t.equal(stdout, "", task);
  }
});
