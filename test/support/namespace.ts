/** Files of the machine replaced for one program, in a mount namespace of its own: the machine never sees them. */
import { spawnSync } from "node:child_process";

/** Skips a test where nothing may be mounted. */
export const NEEDS_NAMESPACE = mayMount() ? {} : { skip: "mounting in a namespace needs root" };

export interface PrivateFiles {
  /** The path of a socket, there or not, that /dev/log leads to. */
  readonly log?: string;
  /** The path of a socket that the one of the journal leads to. */
  readonly journal?: string;
  /** A folder that is /sys/class/leds. */
  readonly leds?: string;
  /** A folder that is /var/lock. */
  readonly locks?: string;
  /** A folder whose hosts.allow and hosts.deny are those of /etc; it may be written to while the program runs. */
  readonly hosts?: string;
  /** A folder that is /etc/ser2net. */
  readonly instances?: string;
}

/** /dev anew, with what a program needs of it. */
const DEV = `
mkdir "$work/dev" && mount --rbind /dev "$work/dev" && mount -t tmpfs tmpfs /dev
for name in null zero full random urandom; do touch /dev/$name; mount --bind "$work/dev/$name" /dev/$name; done
mkdir /dev/pts && mount --rbind "$work/dev/pts" /dev/pts && ln -s pts/ptmx /dev/ptmx && ln -s "$log" /dev/log`;

const LEDS = `mount -t tmpfs tmpfs /sys/class && mkdir /sys/class/leds && mount --bind "$leds" /sys/class/leds`;

/** /etc anew, with what a program needs of it; the tables lead to the folder, so that changes are seen. */
const HOSTS = `
mkdir "$work/etc"
for name in passwd group hosts services protocols nsswitch.conf host.conf resolv.conf localtime ld.so.cache; do
  if [ -e /etc/$name ]; then cp -L /etc/$name "$work/etc/"; fi
done
mount --bind "$work/etc" /etc && ln -s "$hosts/hosts.allow" "$hosts/hosts.deny" /etc/`;

const JOURNAL = `mkdir -p /run/systemd/journal && ln -s "$journal" /run/systemd/journal/socket`;

/** The rest of /etc is seen below it as it is. */
const INSTANCES = `
mkdir "$work/upper" "$work/workdir" "$work/upper/ser2net"
mount -t overlay -o lowerdir=/etc,upperdir="$work/upper",workdir="$work/workdir" overlay /etc
mount --bind "$instances" /etc/ser2net`;

/** Often a link into /run, which is new. */
const LOCKS = `at=$(readlink -m /var/lock) && mkdir -p "$at" && mount --bind "$locks" "$at"`;

/** A command that ends in becoming the one put behind it, which finds these files in place of the machine's. */
export function withPrivateFiles(files: PrivateFiles): readonly string[] {
  const script = [
    "set -e",
    "work=/run && mount -t tmpfs tmpfs /run", // a scratch folder that is gone with the namespace
    ...(files.log === undefined ? [] : [`log='${files.log}'`, DEV]),
    ...(files.journal === undefined ? [] : [`journal='${files.journal}'`, JOURNAL]),
    ...(files.leds === undefined ? [] : [`leds='${files.leds}'`, LEDS]),
    ...(files.locks === undefined ? [] : [`locks='${files.locks}'`, LOCKS]),
    ...(files.hosts === undefined ? [] : [`hosts='${files.hosts}'`, HOSTS]),
    ...(files.instances === undefined ? [] : [`instances='${files.instances}'`, INSTANCES]),
    'exec "$@"',
  ];
  return ["unshare", "--mount", "--propagation", "private", "sh", "-c", script.join("\n"), "sh"];
}

function mayMount(): boolean {
  return spawnSync("unshare", ["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], { stdio: "ignore" }).status === 0;
}
