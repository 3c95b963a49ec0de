/** Reads whole regular files. Other kinds are not opened: a FIFO blocks, and opening may start a device. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats, statSync } from "node:fs";
import { toBytes } from "../line/bytes.js";

/** A configuration of 256 ports with all their texts is below a fifth of this. */
const LONGEST_FILE = 1 << 20;

const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
const FIRST_BYTES = 8192;
/** /dev/null, 1:3 (devices.txt of the kernel's documentation): read as an empty file. */
const NULL_DEVICE = 0x103;

/**
 * The bytes of a regular file; a path is latin1, one character a byte. Throws the system's error, or an Error that says
 * what the file is instead, or that it has more than LONGEST_FILE bytes.
 */
export function readRegularFile(path: string): Buffer {
  const name = toBytes(path);
  const before = statSync(name);
  if (before.isCharacterDevice() && before.rdev === NULL_DEVICE) return Buffer.alloc(0);
  requireRegular(before);
  const fd = openSync(name, FLAGS);
  try {
    requireRegular(fstatSync(fd)); // it may be another one now
    return readToEnd(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * Whether the mode of a file lets others read it than its owner and the group of this process. False where there is no
 * such regular file. A path is latin1.
 */
export function mayBeReadByOthers(path: string): boolean {
  try {
    const stat = statSync(toBytes(path));
    const { mode, gid } = stat;
    if (!stat.isFile()) return false;
    return (mode & constants.S_IROTH) !== 0 || ((mode & constants.S_IRGRP) !== 0 && gid !== process.getegid?.());
  } catch {
    return false;
  }
}

/** Sizes are not asked for: the files of /proc have none, those of /sys a wrong one. Throws as `readRegularFile`. */
export function readToEnd(fd: number): Buffer {
  let bytes = Buffer.alloc(FIRST_BYTES);
  let length = 0;
  for (;;) {
    const got = readSync(fd, bytes, length, bytes.length - length, null);
    if (got === 0) return bytes.subarray(0, length);
    length += got;
    if (length > LONGEST_FILE) throw new Error(`it has more than ${LONGEST_FILE} bytes`);
    if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * length);
  }
}

function requireRegular(stat: Stats): void {
  if (!stat.isFile()) throw new Error(`it is ${kindOf(stat)}, not a regular file`);
}

function kindOf(stat: Stats): string {
  if (stat.isDirectory()) return "a directory";
  if (stat.isFIFO()) return "a FIFO";
  if (stat.isSocket()) return "a socket";
  return stat.isBlockDevice() ? "a block device" : "a character device";
}
