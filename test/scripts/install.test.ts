import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { NEEDS_NAMESPACE } from "../support/namespace.js";
import { filesBelow } from "./released.js";

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
    "multi-user.target.wants",
    "multi-user.target.wants/ser2net-rollback.service",
    "ser2net-fleet@.service",
    "ser2net-health@.service",
    "ser2net-rollback.service",
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
  t.same(names("usr/share/doc/ser2net/examples").sort(), readdirSync("examples").sort());
  const executable = files.filter(
    file => statSync(join(root, file)).isFile() && statSync(join(root, file)).mode & 0o111,
  );
  t.same(executable.sort(), [
    "usr/bin/ser2net",
    "usr/lib/ser2net/native.node",
    "usr/lib/ser2net/ser2net-health",
    "usr/lib/ser2net/ser2net-leds",
    "usr/lib/ser2net/ser2net-rollback",
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

/** /usr and /etc of this machine, where every change is gone with the command; no systemd runs. */
const MACHINE = `set -e
mount -t tmpfs tmpfs /run
for folder in usr etc; do
  mkdir -p /run/$folder/upper /run/$folder/work
  mount -t overlay -o lowerdir=/$folder,upperdir=/run/$folder/upper,workdir=/run/$folder/work overlay /$folder
done
tell() { printf '#!/bin/sh\\necho %s\\n' "$2" >"/usr/local/sbin/$1" && chmod 755 "/usr/local/sbin/$1"; }
tell dpkg-query unknown
`;

function onThisMachine(script: string) {
  const command = ["--mount", "--propagation", "private", "sh", "-c", `${MACHINE}${script}`];
  const env = { ...process.env, SER2NET_PREPARED: "1" };
  return spawnSync("unshare", command, { encoding: "utf8", env });
}

t.test(
  "alone it installs on this machine and says what to do next; uninstall.sh removes all",
  NEEDS_NAMESPACE,
  async t => {
    const changed = "(cd /run && find usr/upper etc/upper -type f ! -name dpkg-query)";
    const { status, stdout, stderr } = onThisMachine(`
scripts/install.sh
/usr/bin/ser2net -v
echo "# written by hand" >/etc/ser2net.conf
mkdir -p /etc/ser2net && echo "# written by hand" >/etc/ser2net/lab.conf
scripts/uninstall.sh
echo left: $${changed}
scripts/uninstall.sh --purge
echo after the purge: $${changed}`);
    t.equal(stderr, "");
    t.equal(status, 0);
    t.match(stdout, /^Installing .*\n\nInstalled\. What to do next:\n {2}ser2net -c .*\nser2net version \d/s);
    t.match(stdout, /^left: etc\/upper\/ser2net\/lab\.conf etc\/upper\/ser2net\.conf$/m);
    t.match(stdout, /^after the purge:$/m);
  },
);

t.test("what would not run is told before anything is copied", NEEDS_NAMESPACE, async t => {
  const { status, stdout, stderr } = onThisMachine(`
tell node v18.20.4
scripts/install.sh || echo "status $?"
rm /usr/local/sbin/node
tell dpkg-query installed
scripts/install.sh || echo "status $?"
find /run/usr/upper -name '*ser2net*'`);
  t.same({ status, stdout }, { status: 0, stdout: "status 1\nstatus 1\n" });
  const lines = stderr.split("\n");
  t.equal(lines[0], "Node 20 or newer is needed; this is v18.20.4.");
  t.match(lines[2], /Debian 12.*npm install -g node@22/);
  t.match(lines[4], /^The Debian package ser2net is installed, .*: apt-get remove ser2net$/);
});

t.test("a build without a compiler, without npm or with an old Node ends at once and says what to install", async t => {
  const bin = temporaryFolder(t);
  const build = (env: Readonly<Record<string, string>>) => {
    const { SER2NET_PREPARED: _, ...inherited } = process.env;
    const { status, stdout, stderr } = spawnSync("scripts/prepare.sh", {
      encoding: "utf8",
      env: { ...inherited, ...env },
    });
    return { status, stdout, stderr };
  };
  t.same(build({ CC: "ser2net-no-cc -O2" }), {
    status: 1,
    stdout: "",
    stderr: "A C compiler is needed, and there is no ser2net-no-cc: apt-get install build-essential\n",
  });
  const put = (name: string, text: string) => writeFileSync(join(bin, name), text, { mode: 0o755 });
  const without = (...commands: string[]) => {
    for (const name of ["bash", "cat", "dirname", "sh"]) put(name, `#!/bin/sh\nexec /bin/${name} "$@"\n`);
    for (const name of commands) put(name, "#!/bin/sh\necho v20.0.0\n");
    return build({ PATH: bin });
  };
  t.match(without(), { status: 1, stderr: /^Node 20 or newer is needed\.\n/ });
  t.match(without("node", "cc"), { status: 1, stderr: /^npm is needed .*apt-get install npm\n$/ });
  put("node", "#!/bin/sh\necho v18.20.4\n");
  t.match(build({ PATH: bin }), { status: 1, stderr: /^Node 20 or newer is needed; this is v18/ });
});

t.test("uninstall.sh leaves a tree as install.sh found it", async t => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, "etc/systemd/system/multi-user.target.wants"), { recursive: true });
  for (const args of [[root], ["--no-systemd", root]]) {
    t.match(spawnSync("scripts/install.sh", args), { status: 0 });
    t.match(spawnSync("scripts/install-drop-ins.sh", [root]), { status: 0 });
    const drop = join(root, "usr/lib/systemd/system/ser2net@board-b.socket.d/50-board.conf");
    t.match(readFileSync(drop, "utf8"), "ListenStream=2001\n");
    t.match(spawnSync("scripts/uninstall.sh", [root]), { status: 0 });
    t.same(filesBelow(root), []);
  }
});
