/** Real file systems that are full or hang, for a test that runs as root. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";
import { NEEDS_NAMESPACE } from "./namespace.js";

const root = (command: string, ...args: readonly string[]): void =>
  void execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });

export const NEEDS_MOUNT = NEEDS_NAMESPACE;
/** Skips a test where no file can be mounted as a disk. */
export const NEEDS_LOOP = canLoop() ? {} : { skip: "a disk that hangs needs root, loop devices and mkfs.ext4" };

/** A folder of so many bytes, and how to make it larger. */
export function smallDisk(t: Teardown, bytes: number) {
  const folder = mountPoint(t);
  root("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder);
  return { folder, grow: (size: number) => root("mount", "-o", `remount,size=${size}`, folder) };
}

/** A folder in which writes wait between `hang` and `go`, or until this process ends. */
export function hangingDisk(t: Teardown) {
  const folder = mountPoint(t);
  const image = join(folder, "..", "image");
  root("truncate", "-s", "8M", image);
  root("mkfs.ext4", "-q", image);
  root("mount", "-o", "loop", image, folder);
  const freezer = spawn(
    "sh",
    ["-c", 'read _; fsfreeze -f "$1" && echo hangs; read _; fsfreeze -u "$1"', "sh", folder],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  const ended = new Promise(resolve => freezer.once("exit", resolve));
  const go = async (): Promise<void> => {
    freezer.stdin.end();
    await ended;
  };
  const hang = async (): Promise<void> => {
    t.teardown(go); // before what was started so far is ended: a process that writes cannot end
    const hangs = new Promise(resolve => freezer.stdout.once("data", resolve));
    freezer.stdin.write("\n");
    await hangs;
  };
  return { folder, hang, go };
}

function mountPoint(t: Teardown): string {
  const folder = join(temporaryFolder(t), "disk");
  mkdirSync(folder);
  t.teardown(() => void spawnSync("umount", ["--lazy", folder]));
  return folder;
}

function canLoop(): boolean {
  const script = `work=$(mktemp -d) && trap 'rm -r "$work"' EXIT && mkdir "$work/disk" && truncate -s 1M "$work/image" &&
    mkfs.ext4 -q "$work/image" && command -v fsfreeze && mount -o loop "$work/image" "$work/disk"`;
  return spawnSync("unshare", ["--mount", "sh", "-c", script], { stdio: "ignore" }).status === 0;
}
