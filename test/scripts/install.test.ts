import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";

/** The tree that install.sh makes of the build. */
function installed(t: Test): string {
  const root = temporaryFolder(t);
  const { status, stderr } = spawnSync("scripts/install.sh", [root], { encoding: "utf8" });
  t.equal(stderr, "");
  t.equal(status, 0);
  return root;
}

t.test("every file that the pages name is in its place, and only the owner may change it", async t => {
  const root = installed(t);
  const files = readdirSync(root, { recursive: true, encoding: "utf8" });
  const names = (folder: string) =>
    files.filter(file => file.startsWith(`${folder}/`)).map(file => file.slice(folder.length + 1));
  t.same(names("usr/lib/systemd/system").sort(), [
    "ser2net-health@.service",
    "ser2net.service",
    "ser2net@.service",
    "ser2net@.socket",
  ]);
  t.same(names("usr/share/dbus-1").sort(), [
    "interfaces",
    "interfaces/org.ser2net.Ser2net1.xml",
    "system.d",
    "system.d/org.ser2net.Ser2net1.conf",
  ]);
  t.same(names("usr/share/ser2net/boards").sort(), readdirSync("board-profiles").sort());
  const executable = files.filter(
    file => statSync(join(root, file)).isFile() && statSync(join(root, file)).mode & 0o111,
  );
  t.same(executable.sort(), [
    "usr/bin/ser2net",
    "usr/lib/ser2net/native.node",
    "usr/lib/ser2net/ser2net-health",
    "usr/lib/ser2net/ser2net-leds",
    "usr/lib/ser2net/ser2net.cjs",
  ]);
  for (const file of files) t.equal(statSync(join(root, file)).mode & 0o022, 0, file);
});

t.test("what is installed runs, and its pages lead to what is there", async t => {
  const root = installed(t);
  const { stdout } = spawnSync(process.execPath, [join(root, "usr/bin/ser2net"), "-v"], { encoding: "utf8" });
  t.match(stdout, /^ser2net version \d/);
  const pages = join(root, "usr/share/doc/ser2net");
  for (const page of readdirSync(pages).filter(name => name.endsWith(".md"))) {
    for (const [, link = ""] of readFileSync(join(pages, page), "utf8").matchAll(/\]\(([^)#:]+)\)/g)) {
      t.ok(statSync(join(pages, link), { throwIfNoEntry: false }), `${page}: ${link}`);
    }
  }
});
