/** The Debian package: built by debhelper from the release archive, twice. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { filesBelow, PROGRAM, SYSTEMD, say, VERSION } from "./released.js";

const DEB = needs("dh", "dpkg-deb");

function build(t: Test, ...args: string[]): string {
  const env = { ...process.env, SER2NET_PREPARED: "1" };
  return execFileSync("scripts/deb", [...args, "--out", temporaryFolder(t)], { env, encoding: "utf8" }).trim();
}

t.test("it holds what install.sh installs, and is the same each time", DEB, async t => {
  const [one, other] = [build(t), build(t)];
  t.ok(readFileSync(one).equals(readFileSync(other)));
  const root = temporaryFolder(t);
  execFileSync("dpkg-deb", ["--extract", one, root]);
  const files = filesBelow(root).filter(file => !/^\/usr\/share\/(doc|man)\//.test(file));
  const shipped = [...PROGRAM, ...SYSTEMD].filter(file => !file.includes("notify-reload.conf")); // for systemd 253
  t.same(
    files.filter(file => file !== "/usr/share/lintian/overrides/ser2net-edge" && !file.endsWith("/50-board.conf")),
    shipped.sort(),
  );
  t.ok(
    files.includes("/usr/lib/systemd/system/ser2net@board-b.socket.d/50-board.conf"),
    "for enable ser2net@board-b.socket",
  );
  t.ok(filesBelow(root).includes("/usr/share/doc/ser2net/units.md"), "which the units name");
  t.ok(filesBelow(root).includes("/usr/share/man/man5/ser2net.conf.5.gz"));
  const field = (name: string) => say("dpkg-deb", "--field", one, name).trim();
  t.equal(field("Version"), VERSION);
  t.match(field("Depends"), /^nodejs \(>= 20\), .*libc6/);
  t.equal(field("Conflicts"), "ser2net");
  const control = temporaryFolder(t);
  execFileSync("dpkg-deb", ["--control", one, control]);
  for (const script of ["preinst", "postinst", "prerm", "postrm"])
    t.equal(say("sh", "-n", join(control, script)), "", script);
  const lintian = needs("lintian").skip === undefined;
  if (lintian) t.equal(say("lintian", "--allow-root", "--display-info", "--tag-display-limit", "0", one), "");
  else t.comment("lintian is not installed");
});

t.test("with a Node of its own it needs none of the system", DEB, async t => {
  const root = temporaryFolder(t);
  const file = build(t, "--with-node", "/bin/true");
  execFileSync("dpkg-deb", ["--extract", file, root]);
  t.ok(readFileSync(join(root, "usr/lib/ser2net/node")).equals(readFileSync("/bin/true")));
  t.match(readFileSync(join(root, "usr/lib/ser2net/ser2net.cjs"), "utf8"), /^#!\/usr\/lib\/ser2net\/node\n/);
  t.notMatch(say("dpkg-deb", "--field", file, "Depends"), "nodejs");
});
