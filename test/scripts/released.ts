/** The archive of scripts/release.sh, as the builders of images get it. */
import { execFileSync, spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";

export const { version: VERSION }: { readonly version: string } = JSON.parse(readFileSync("package.json", "utf8"));

/** Makes the archive of a checkout anew in `folder`, with its checksums beside it. */
export function release(folder: string, checkout = "."): string {
  const env = { ...process.env, SER2NET_PREPARED: "1" }; // built: nothing is replaced under the other tests
  execFileSync(join(checkout, "scripts/release.sh"), [folder], { env });
  return join(folder, `ser2net-edge-${VERSION}.tar.gz`);
}

/** The folder of such an archive, unpacked: what the package of an image is built from. */
export function unpacked(t: Test, archive: string): string {
  const folder = temporaryFolder(t);
  execFileSync("tar", ["-xzf", archive, "-C", folder]);
  return join(folder, `ser2net-edge-${VERSION}`);
}

/** Files below a folder, with links but without folders, sorted; each begins with a slash. */
export function filesBelow(root: string): string[] {
  const names = readdirSync(root, { recursive: true }).map(String);
  return names
    .filter(name => !statSync(join(root, name), { throwIfNoEntry: false })?.isDirectory())
    .map(name => `/${name}`)
    .sort();
}

/** The program and what build.mjs says it loads. */
export const BUNDLES = [...readFileSync("build.mjs", "utf8").matchAll(/outfile: "([\w-]+\.cjs)"/g)].map(
  ([, name = ""]) => name,
);

/** The files that install.sh and install-board.sh install: docs/units.md, docs/image.md. */
export const PROGRAM = [
  "/usr/bin/ser2net",
  "/usr/lib/ser2net/native.node",
  "/usr/lib/ser2net/ser2net-leds",
  "/usr/lib/udev/rules.d/60-ser2net.rules",
  "/usr/share/bash-completion/completions/ser2net",
  "/usr/share/zsh/vendor-completions/_ser2net",
  "/usr/share/dbus-1/interfaces/org.ser2net.Ser2net1.xml",
  "/usr/share/dbus-1/system.d/org.ser2net.Ser2net1.conf",
  ...BUNDLES.map(name => `/usr/lib/ser2net/${name}`),
  ...readdirSync("board-profiles").map(name => `/usr/share/ser2net/boards/${name}`),
];
export const SYSTEMD = [
  "/usr/lib/ser2net/ser2net-health",
  "/usr/lib/ser2net/ser2net-rollback",
  "/usr/lib/systemd/system/multi-user.target.wants/ser2net-rollback.service",
  "/usr/lib/systemd/catalog/ser2net.catalog",
  "/usr/lib/systemd/system-preset/80-ser2net.preset",
  ...readdirSync("units")
    .filter(name => /\.(service|socket)$/.test(name))
    .map(name => `/usr/lib/systemd/system/${name}`),
  "/usr/lib/systemd/system/ser2net@.service.d/notify-reload.conf",
  "/usr/lib/sysusers.d/ser2net.conf",
  "/usr/lib/tmpfiles.d/ser2net.conf",
];

export function isDocumentation(file: string): boolean {
  return /^\/usr\/share\/(doc\/ser2net|man\/man\d)\//.test(file);
}

/** The output of the command, with its exit status unless that is 0. */
export function say(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: "utf8", env: { ...process.env, LANG: "C" } });
  return `${stdout}${stderr}${status === 0 ? "" : `exit ${status}\n`}`;
}
