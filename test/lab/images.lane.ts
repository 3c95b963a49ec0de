/** The recipe and the package under the real BitBake and Buildroot, where they are: scripts/board-lab images. Fetches nothing. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t from "tap";
import { release, VERSION } from "../scripts/released.js";
import { temporaryFolder } from "../support/daemon.js";

const LAYER = resolve("scripts/yocto/meta-ser2net-edge");
const TREE = resolve("scripts/buildroot");

/** The folder that an environment variable names, if it has this program; else why the test is skipped. */
function checkout(variable: string, program: string): { readonly folder: string; readonly skip?: string } {
  const folder = process.env[variable] ?? "";
  if (folder !== "" && existsSync(join(folder, program))) return { folder };
  return { folder, skip: `${variable} names no folder with ${program}` };
}

/** Runs a command that must succeed; its output. */
function run(command: string, args: readonly string[], options: { readonly cwd?: string } = {}): string {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", ...options });
  if (status !== 0) throw new Error(`${command}: exit ${status}\n${stdout}${stderr}`);
  return stdout;
}

const BITBAKE = checkout("BITBAKE", "oe-init-build-env");
t.test("BitBake reads the recipe, and takes the archive", BITBAKE, async t => {
  const build = temporaryFolder(t);
  const archive = temporaryFolder(t);
  const script = `. "$1/oe-init-build-env" "$2" >/dev/null && shift 2 && exec "$@"`;
  const bitbake = (...command: string[]) => run("bash", ["-c", script, "bash", BITBAKE.folder, build, ...command]);
  bitbake("true"); // makes conf/
  const layers = [`${BITBAKE.folder}/meta-openembedded/meta-oe`, `${BITBAKE.folder}/../meta-openembedded/meta-oe`];
  for (const layer of [...layers.filter(existsSync).slice(0, 1), LAYER]) bitbake("bitbake-layers", "add-layer", layer);
  const local = join(build, "conf/local.conf");
  const settings = [
    'INIT_MANAGER = "systemd"',
    'BB_NO_NETWORK = "1"',
    'SER2NET_BOARD = "board-b"',
    `FILESEXTRAPATHS:prepend:pn-ser2net-edge := "${archive}:"`,
  ];
  writeFileSync(local, `${readFileSync(local, "utf8")}\n${settings.join("\n")}\n`);
  release(archive);
  bitbake("bitbake", "-p");
  const values = bitbake("bitbake", "-e", "ser2net-edge");
  t.match(values, /^LICENSE="Apache-2\.0 (&|AND) ISC \1 MIT"$/m);
  t.match(values, `\nPV="${VERSION}"\n`);
  bitbake("bitbake", "-c", "unpack", "ser2net-edge");
});

const BUILDROOT = checkout("BUILDROOT", "utils/check-package");
t.test("check-package of Buildroot has nothing to say", BUILDROOT, async t => {
  const files = run("git", ["ls-files", TREE]).trim().split("\n");
  const hash = join(temporaryFolder(t), "ser2net-edge.hash");
  release(join(hash, ".."));
  const checked = [...files.map(file => resolve(file)), hash];
  const { status, stdout, stderr } = spawnSync("utils/check-package", ["--br2-external", ...checked], {
    cwd: BUILDROOT.folder,
    encoding: "utf8",
  });
  t.equal(status, 0, `${stdout}${stderr}`);
});
