/** scripts/release.sh: the archive from which images are built. */
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, cpSync, readdirSync, readFileSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import t from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { BUNDLES, release, say, unpacked } from "./released.js";

const COMPLETION = ["completion/_ser2net", "completion/ser2net.bash"];

t.test("the same sources in another place, with other times and modes, give the same archive", async t => {
  const [first, elsewhere, second] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)];
  const pages = ["LICENSE", "README.md", "CONTRIBUTING.md", "CHANGELOG.md"];
  const names = [...pages, "package.json", "package-lock.json", "tsconfig.json", "build.mjs"];
  const folders = ["board-profiles", "completion", "docs", "examples", "man", "dist", "scripts", "service", "units"];
  for (const name of [...names, ...folders]) {
    cpSync(name, join(elsewhere, name), { recursive: true, verbatimSymlinks: true });
  }
  symlinkSync(join(process.cwd(), "node_modules"), join(elsewhere, "node_modules"));
  chmodSync(join(elsewhere, "docs/units.md"), 0o600);
  const [one, other] = [release(first), release(second, elsewhere)];
  t.ok(readFileSync(one).equals(readFileSync(other)));
});

t.test("it holds what an image needs and nothing of npm but the headers of the addon", async t => {
  const folder = temporaryFolder(t);
  const all = execFileSync("tar", ["-tzf", release(folder)], { encoding: "utf8" })
    .trim()
    .split("\n");
  const names = all.map(name => name.replace(/^ser2net-edge-[^/]*\//, ""));
  t.equal(
    all.findIndex(name => !name.startsWith("ser2net-edge-")),
    -1,
  );
  t.same(
    names.filter(name => /^dist\/.*[^/]$/.test(name)).sort(),
    [
      ...BUNDLES,
      "LICENSES.txt",
      "board-units.mjs",
      ...COMPLETION,
      ...readdirSync("dist/man").map(name => `man/${name}`),
    ]
      .map(name => `dist/${name}`)
      .sort(),
  );
  t.ok(names.includes("service/native/build.sh"));
  t.ok(names.includes("node_modules/node-api-headers/include/node_api.h"));
  t.same(
    names.filter(name => /^node_modules\/(?!node-api-headers\/)/.test(name)),
    [],
  );
  t.same(
    names.filter(name => /^(test|scripts\/(yocto|buildroot))\//.test(name)),
    [],
    "what is not for the image",
  );
});

t.test("the checksums for Buildroot are right", async t => {
  const folder = temporaryFolder(t);
  const archive = release(folder);
  const source = unpacked(t, archive);
  const lines = readFileSync(join(folder, "ser2net-edge.hash"), "utf8").trim().split("\n").slice(1);
  t.equal(lines.length, 3);
  for (const line of lines) {
    const [kind, sum, name = ""] = line.split("  ");
    const file = name === basename(archive) ? archive : join(source, name);
    t.same([kind, sum], ["sha256", createHash("sha256").update(readFileSync(file)).digest("hex")], name);
  }
});

t.test("the addon compiles for musl without a warning", needs("musl-gcc"), async t => {
  const headers = say("cc", "-print-multiarch").trim(); // of the kernel: musl has none of its own
  const cc = `musl-gcc -idirafter /usr/include -idirafter /usr/include/${headers}`;
  const env = { ...process.env, CC: cc, CFLAGS: "-Os -Wall -Wextra -Werror" };
  const output = join(temporaryFolder(t), "native.node");
  const { status, stderr } = spawnSync("service/native/build.sh", [output], { env, encoding: "utf8" });
  t.same({ status, stderr }, { status: 0, stderr: "" });
});

t.test("shellcheck has nothing to say about the scripts of an image", needs("shellcheck"), async t => {
  const scripts = [
    "install.sh",
    "install-board.sh",
    "install-drop-ins.sh",
    "uninstall.sh",
    "requirements.sh",
    "prepare.sh",
    "release.sh",
  ].map(name => `scripts/${name}`);
  scripts.push("scripts/buildroot/package/ser2net-edge/S80ser2net");
  t.equal(
    say(
      "shellcheck",
      ...scripts,
      "service/native/build.sh",
      "units/ser2net-leds",
      "units/ser2net-health",
      "units/ser2net-rollback",
    ),
    "",
  );
});
