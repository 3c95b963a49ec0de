/** The external tree for Buildroot: its commands are really run, by make as Buildroot's own rules do. Buildroot is not. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { NEEDS_NAMESPACE } from "../support/namespace.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { filesBelow, isDocumentation, PROGRAM, release, SYSTEMD, say, unpacked, VERSION } from "./released.js";

const TREE = resolve("scripts/buildroot");
const ARCHIVE = release(temporaryFolder(t));
const RAN = { status: 0, stderr: "" };

/** The parts of Buildroot that the package uses, and the order in which it runs the commands of a package. */
const MAKEFILE = `
qstrip = $(strip $(subst ",,$(1)))
INSTALL = install
TARGET_MAKE_ENV = PATH="$(PATH)"
TARGET_CONFIGURE_OPTS = CC="cc -pipe" CFLAGS="-Os" LDFLAGS=""
generic-package =
include .config
include $(BR2_EXTERNAL_SER2NET_EDGE_PATH)/external.mk
SER2NET_EDGE_PKGDIR = $(BR2_EXTERNAL_SER2NET_EDGE_PATH)/package/ser2net-edge
$(BUILD_DIR)/.stamp:
	$(SER2NET_EDGE_BUILD_CMDS)
	$(SER2NET_EDGE_INSTALL_TARGET_CMDS)
	$(if $(BR2_INIT_SYSTEMD),$(SER2NET_EDGE_INSTALL_INIT_SYSTEMD))
	$(if $(BR2_INIT_BUSYBOX),$(SER2NET_EDGE_INSTALL_INIT_SYSV))
export SER2NET_EDGE_USERS SER2NET_EDGE_PERMISSIONS SER2NET_EDGE_VERSION SER2NET_EDGE_SITE
export SER2NET_EDGE_LICENSE SER2NET_EDGE_LICENSE_FILES
download:
	$($(SER2NET_EDGE_PRE_DOWNLOAD_HOOKS))
variables:
	@env | grep -A1 ^SER2NET_EDGE_
`;

function make(folder: string, target: string, variables: Readonly<Record<string, string>> = {}) {
  writeFileSync(join(folder, "Makefile"), MAKEFILE);
  const given = { BR2_EXTERNAL_SER2NET_EDGE_PATH: TREE, ...variables };
  const settings = Object.entries(given).map(([name, value]) => `${name}=${value}`);
  return spawnSync("make", ["--silent", "-C", folder, ...settings, target], { encoding: "utf8" });
}

/** An image of this configuration. */
function build(t: Test, config: readonly string[]) {
  const [folder, root] = [temporaryFolder(t), temporaryFolder(t)];
  const source = unpacked(t, ARCHIVE);
  writeFileSync(join(folder, ".config"), `${config.join("\n")}\n`);
  const { status, stderr } = make(folder, `${source}/.stamp`, { BUILD_DIR: source, TARGET_DIR: root });
  const files = filesBelow(root).filter(file => !isDocumentation(file));
  return { ran: { status, stderr }, root, files };
}

function variables(t: Test): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, ".config"), "");
  return make(folder, "variables").stdout;
}

t.test("an image with systemd gets the program, the units and its board", needs("make"), async t => {
  const { ran, root, files } = build(t, [
    "BR2_INIT_SYSTEMD=y",
    'BR2_PACKAGE_SER2NET_EDGE_BOARD="board-b"',
    "BR2_PACKAGE_SER2NET_EDGE_SOCKET=y",
  ]);
  t.same(ran, RAN);
  const dropIns = ["service", "socket"].map(unit => `/usr/lib/systemd/system/ser2net@board-b.${unit}.d/50-board.conf`);
  const preset = "/usr/lib/systemd/system-preset/70-board.preset";
  t.same(files, [...PROGRAM, ...SYSTEMD, ...dropIns, preset].sort());
  t.equal(
    readFileSync(join(root, preset), "utf8"),
    "enable ser2net@.service board-b\nenable ser2net-health@.service board-b\nenable ser2net@.socket board-b\n",
  );
});

t.test("systemd has nothing to say about that image", needs("make", "systemd-analyze"), async t => {
  const { ran, root } = build(t, ["BR2_INIT_SYSTEMD=y", 'BR2_PACKAGE_SER2NET_EDGE_BOARD="board-a"']);
  t.same(ran, RAN);
  say("systemctl", `--root=${root}`, "preset-all");
  const enabled = readdirSync(join(root, "etc/systemd/system"), { recursive: true }).map(String);
  t.same(enabled.filter(name => /ser2net.*\.(service|socket)$/.test(name)).sort(), [
    "boot-complete.target.requires/ser2net-health@board-a.service",
    "multi-user.target.wants/ser2net@board-a.service",
  ]);
  // systemd's own units, and what ours run.
  const others = (name: string) => !/\/ser2net[^/]*$/.test(name);
  const copying = { recursive: true, verbatimSymlinks: true, force: false, filter: others };
  cpSync("/usr/lib/systemd/system", join(root, "usr/lib/systemd/system"), copying);
  mkdirSync(join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "bin/kill"), "#!/bin/sh\n", { mode: 0o755 });
  const units = ["ser2net@board-a.service", "ser2net-health@board-a.service"];
  const said = say("systemd-analyze", `--root=${root}`, "verify", ...units);
  t.equal(said.replace(/^.*notify-reload.*\n/gm, ""), "", "systemd 252 does not know one drop-in");
});

t.test("an image without systemd gets an init script and nothing of systemd", needs("make"), async t => {
  const { ran, root, files } = build(t, ["BR2_INIT_BUSYBOX=y", 'BR2_PACKAGE_SER2NET_EDGE_BOARD="board-b"']);
  t.same(ran, RAN);
  t.same(files, [...PROGRAM, "/etc/default/ser2net", "/etc/init.d/S80ser2net"].sort());
  t.equal(readFileSync(join(root, "etc/default/ser2net"), "utf8"), 'BOARD="board-b"\n');
});

t.test("the user, the version and the archive are those of the project", needs("make"), async t => {
  const said = variables(t);
  t.match(said, `SER2NET_EDGE_VERSION=${VERSION}\n`);
  t.match(said, `SER2NET_EDGE_SITE=${TREE}/../../dist\n`);
  const conf = readFileSync("units/sysusers.d/ser2net.conf", "utf8");
  const [, group = ""] = /^g (ser2net-\S+) /m.exec(conf) ?? [];
  const [, user = "", of = ""] = /^m (\S+) (\S+)$/m.exec(conf) ?? [];
  // name, uid, group, gid, password, home, shell, groups, comment
  t.match(
    said,
    new RegExp(`^SER2NET_EDGE_USERS=\t${user} -1 ${user} -1 \\* - - ${of} \\S.*\n\t- - ${group} -1 \\* - - - \\S`, "m"),
  );
  t.match(said, /^SER2NET_EDGE_PERMISSIONS=\t\/etc\/ser2net d 750 root ser2net - - - - -$/m);
  const source = unpacked(t, ARCHIVE);
  const [, licences = ""] = /^SER2NET_EDGE_LICENSE_FILES=(.*)$/m.exec(said) ?? [];
  for (const file of licences.split(" ")) t.ok(existsSync(join(source, file)), file);
  const texts = readFileSync(join(source, "dist/LICENSES.txt"), "utf8");
  const apache = [...texts.matchAll(/^(\S+) \S+\n=+\n\s+Apache License$/gm)].map(([, name]) => name);
  t.match(said, `SER2NET_EDGE_LICENSE=MIT, Apache-2.0 (bundled ${apache.join(" and ")}), ISC (bundled yaml)\n`);
  t.match(texts, /^yaml \S+\n=+\n\nCopyright/m);
});

t.test("without the archive it says what makes it, and asks no mirror", needs("make"), async t => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, ".config"), "");
  const site = temporaryFolder(t);
  const missing = make(folder, "download", { SER2NET_EDGE_SITE: site });
  t.match(missing, { status: 2, stderr: `ser2net-edge: no archive in ${site}: run scripts/release.sh\n` });
  writeFileSync(join(site, `ser2net-edge-${VERSION}.tar.gz`), "");
  t.match(make(folder, "download", { SER2NET_EDGE_SITE: site }), RAN);
});

t.test("the files keep the rules of check-package that no other program knows", async t => {
  const files = readdirSync(TREE, { recursive: true, withFileTypes: true }).filter(one => !one.isDirectory());
  for (const file of files) {
    const path = join(file.parentPath, file.name);
    t.ok(file.isFile() && !(statSync(path).mode & 0o111), `${file.name} is a file, not executable`);
    const text = readFileSync(path, "utf8");
    t.notMatch(text, /[ \t]\n|\n\n\n|\n\n$|[^\n]$/, `${file.name}: no blanks or empty lines that say nothing`);
    if (file.name === "S80ser2net") t.notMatch(text, /^\t* +/m, "tabs indent");
    if (file.name === "Config.in") t.notMatch(text, /^\t {2}.{63}/m, "a line of help has up to 62 characters");
    if (file.name === "ser2net-edge.mk") {
      t.match(text, /^#{80}\n#\n# ser2net-edge\n#\n#{80}\n\n/);
      t.notMatch(text, /\$\{\w+\}| {2}\\\n|\t\\\n|^ +/m);
      for (const [, name = ""] of text.matchAll(/^(?:define )?([A-Z0-9]+_\w+)/gm)) t.match(name, /^SER2NET_EDGE_/);
    }
  }
});

t.test("kconfig understands the options", needs("kconfig-conf"), async t => {
  const configured = (...lines: string[]) => {
    const folder = temporaryFolder(t);
    const bools = ["BR2_PACKAGE_NODEJS", "BR2_PACKAGE_HOST_NODEJS", "BR2_INIT_SYSTEMD"];
    const own = bools.map(name => `config ${name}\n\tbool "${name}"\n`).join("\n");
    const path = "BR2_EXTERNAL_SER2NET_EDGE_PATH";
    const top = `config ${path}\n\tstring\n\tdefault "${TREE}"\n\n${own}\nsource "${TREE}/Config.in"\n`;
    writeFileSync(join(folder, "Config.in"), top);
    writeFileSync(join(folder, "defconfig"), lines.map(line => `${line}\n`).join(""));
    const env = { ...process.env, KCONFIG_CONFIG: join(folder, ".config"), CONFIG_: "", [path]: TREE };
    const options = { cwd: folder, env, encoding: "utf8" } as const;
    const { status, stderr } = spawnSync("kconfig-conf", ["--defconfig=defconfig", "Config.in"], options);
    t.same({ status, stderr }, RAN);
    return readFileSync(join(folder, ".config"), "utf8");
  };
  const NODE = "BR2_PACKAGE_NODEJS=y";
  const US = "BR2_PACKAGE_SER2NET_EDGE=y";
  const SOCKET = "BR2_PACKAGE_SER2NET_EDGE_SOCKET=y";
  t.notMatch(configured(US), US, "not without Node");
  const usual = configured(NODE, US);
  for (const line of [US, "BR2_PACKAGE_HOST_NODEJS=y", 'BR2_PACKAGE_SER2NET_EDGE_BOARD="auto"']) t.match(usual, line);
  const board = 'BR2_PACKAGE_SER2NET_EDGE_BOARD="board-b"';
  t.notMatch(configured(NODE, US, "BR2_INIT_SYSTEMD=y", SOCKET), SOCKET, "no board, no sockets");
  t.match(configured(NODE, US, "BR2_INIT_SYSTEMD=y", board, SOCKET), SOCKET);
});

const SCRIPT = NEEDS_NAMESPACE.skip === undefined ? needs("make", "busybox") : NEEDS_NAMESPACE;
t.test("the init script starts, reloads, upgrades and stops the daemon, as its own user", SCRIPT, async t => {
  const port = await (await portNumbers(t))();
  const profile = join(temporaryFolder(t), "mine.json");
  writeFileSync(profile, JSON.stringify({ schema: 1, controlPort: `127.0.0.1,${port}` }));
  const { ran, root } = build(t, [
    "BR2_INIT_BUSYBOX=y",
    'BR2_PACKAGE_SER2NET_EDGE_BOARD="mine"',
    `BR2_PACKAGE_SER2NET_EDGE_PROFILES="${profile}"`,
  ]);
  t.same(ran, RAN);
  writeFileSync(join(root, "etc/passwd"), "root:x:0:0::/:/bin/sh\nser2net:x:4242:4243::/:/bin/false\n");
  writeFileSync(join(root, "etc/group"), "root:x:0:\nser2net:x:4243:\ndialout:x:18:ser2net\n");
  const image = runProgram(t, "unshare", [...APART, "sh", "-c", SMALL_IMAGE, "sh", root]);
  const ask = async (command: string) => {
    image.process.stdin?.write(`${command}; echo "exit $?"\n`);
    return image.output.expect(/exit \d+\n/);
  };
  const script = async (word: string, said: string) => t.equal(await ask(`/etc/init.d/S80ser2net ${word}`), said, word);

  await script("start", "Starting ser2net: OK\nexit 0\n");
  await until("it serves", () => isServed(t, port));
  const daemon = await ask("cat /run/ser2net.pid");
  const status = await ask(`cat /proc/$(cat /run/ser2net.pid)/status`);
  t.match(status, /^Uid:\t4242\t4242\t/m);
  t.match(status, /^Groups:\t(\d+ )*18 /m);
  await script("start", "Starting ser2net: FAIL\nexit 1\n");
  await script("reload", "Reloading ser2net: OK\nexit 0\n");
  t.match(await ask("node /usr/lib/ser2net/ser2net.cjs ports 2>&1"), /^PORT .*\nser2net: no ports: .*\nexit 0\n$/);
  const session = await Client.connect(t, port);
  await session.expect("-> ");
  await script("upgrade", "Upgrading ser2net: OK\nexit 0\n");
  t.equal(await ask("cat /run/ser2net.pid"), daemon, "the process is the same");
  t.match(await session.ask("version"), "version", "and its connections go on");
  await ask("mv /usr/lib/ser2net/handover.cjs /run/");
  t.match(await ask("/etc/init.d/S80ser2net upgrade"), /upgrade refused: .*handover\.cjs.*\nFAIL\nexit 1\n$/);
  await ask("mv /run/handover.cjs /usr/lib/ser2net/");
  t.match(await session.ask("version"), "version", "the old one serves");
  await script("restart", "Stopping ser2net: OK\nStarting ser2net: OK\nexit 0\n");
  t.not(await ask("cat /run/ser2net.pid"), daemon);
  await until("it serves again", () => isServed(t, port));
  await script("stop", "Stopping ser2net: OK\nexit 0\n");
  await script("stop", "Stopping ser2net: FAIL\nexit 1\n");
  image.process.stdin?.end();
  t.same(await image.exit(), { code: 0, signal: null });
});

async function isServed(t: Test, port: number): Promise<boolean> {
  const session = await Client.connect(t, port).catch(() => null);
  return session !== null && (await session.expect("-> ")) !== "";
}

const APART = ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"];

/** The folder as a machine with Busybox and Node, for a shell that reads commands. */
const SMALL_IMAGE = `
set -e
cd "$1" && chmod 755 . && mkdir -p bin dev proc run usr/bin var && ln -s ../run var/run
place() { mkdir -p ".\${1%/*}" && touch ".$1" && mount --bind "$1" ".$1"; }
node=$(node -p process.execPath)
for file in $(ldd "$node" /bin/busybox | grep -o '/[^ :]*' | sort -u); do [ -e ".$file" ] || place "$file"; done
touch usr/bin/node && mount --bind "$node" usr/bin/node
mount --rbind /dev dev && mount -t proc proc proc
exec env -i PATH=/bin:/usr/bin:/usr/sbin chroot . /bin/busybox sh -c 'busybox --install -s /bin; exec sh' 2>&1`;
