/** Checks of the device of a port. Only with `--open` a device is opened, and only one that is free. */
import { closeSync, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import type { LineCounters } from "../line/modem.js";
import { reasonOf } from "../native/errors.js";
import { getCounters, getModem, MODEM, openDevice } from "../native/serial.js";
import { type Finding, fault, note, ok } from "./finding.js";
import { describeProcess, type Identity, isRunning, nameOf, type OpenFiles, readText } from "./processes.js";

interface DeviceQuestion {
  readonly path: string;
  /** Process ids of the daemons: they may have it open. */
  readonly daemons: readonly number[];
  /** Of the daemon; null: not known. */
  readonly identity: Identity | null;
  readonly files: OpenFiles;
  readonly open: boolean;
}

const LOCKS = "/var/lock";
const DRIVERS = "/proc/tty/driver";

export function checkDevice(question: DeviceQuestion): readonly Finding[] {
  const { path } = question;
  if (!path.startsWith("/")) return [note("node", `${path}: not a device of this machine`)];
  const stats = statOf(path);
  if (typeof stats === "string") return [missing(path, stats)];
  if (!stats.isCharacterDevice()) {
    return [fault("node", `${path} is not a character device`, `ls -l ${path}: something has written to that name`)];
  }
  const real = realpathSync(path);
  const locks = checkLock(path, real, question);
  const users = checkUsers(real, question);
  const isFree = [...locks, ...users].every(({ level }) => level === "ok") && question.files.holders(real).length === 0;
  return [
    describeNode(path, real, stats),
    ...checkAccess(path, stats, question.identity),
    ...locks,
    ...users,
    ...checkLine(real, isFree, question.open),
  ];
}

function missing(path: string, reason: string): Finding {
  const names = ["/dev/serial/by-id", "/dev/serial/by-path"].flatMap(folder =>
    entries(folder).map(name => `${folder}/${name}`),
  );
  const here = names.length === 0 ? "no serial adapter is plugged in" : `there are ${names.join(" ")}`;
  return fault(
    "node",
    `${path}: ${reason}; ${here}`,
    `plug it in, then: dmesg | tail; ls -l /dev/serial/by-id ${path}`,
  );
}

function describeNode(path: string, real: string, stats: Stats): Finding {
  const alias = real === path ? "" : ` -> ${real}`;
  return ok("node", `${path}${alias}, ${describeOwner(stats)}`);
}

function describeOwner({ uid, gid, mode }: Stats): string {
  const bits = (mode & 0o7777).toString(8).padStart(4, "0");
  return `${nameOf(uid, "/etc/passwd")}:${nameOf(gid, "/etc/group")} ${bits}`;
}

/** Whether the daemon may read and write it. */
function checkAccess(path: string, stats: Stats, identity: Identity | null): readonly Finding[] {
  if (identity === null) return [];
  const { uid, groups } = identity;
  const needed = 0o6;
  const shift = uid === stats.uid ? 6 : groups.includes(stats.gid) ? 3 : 0;
  const user = nameOf(uid, "/etc/passwd");
  if (uid === 0 || ((stats.mode >> shift) & needed) === needed) return [ok("access", `user ${user} may use it`)];
  const group = nameOf(stats.gid, "/etc/group");
  const byGroup = ((stats.mode >> 3) & needed) === needed && stats.gid !== 0;
  const cure = byGroup
    ? `usermod -aG ${group} ${user}, then restart the daemon`
    : `a udev rule: GROUP="dialout", MODE="0660"`;
  return [fault("access", `user ${user} may not read and write ${path} (${describeOwner(stats)})`, cure)];
}

/** UUCP lock files, of each name of the device (docs/reference.md, "UUCP locks"). */
function checkLock(path: string, real: string, { daemons }: DeviceQuestion): readonly Finding[] {
  const names = new Set([path, real].map(one => one.replace(/^\/dev\//, "").replaceAll("/", "_")));
  return [...names].flatMap(name => {
    const file = `${LOCKS}/LCK..${name}`;
    const text = readText(file);
    if (text === null) return [];
    const pid = /^\s*(\d+)\s*$/.test(text)
      ? Number(text)
      : text.length === 4
        ? Buffer.from(text, "latin1").readInt32LE()
        : 0;
    if (daemons.includes(pid)) return [ok("lock", `${file}: the daemon`)];
    if (pid === 0) return [fault("lock", `${file} names no process`, `rm ${file}, if no program uses the device`)];
    if (!isRunning(pid)) return [note("lock", `${file}: of process ${pid}, which has ended`, `rm ${file}`)];
    return [fault("lock", `${file}: held by ${describeProcess(pid)}`, `end that program: kill ${pid}`)];
  });
}

function checkUsers(real: string, { files, daemons }: DeviceQuestion): readonly Finding[] {
  const others = files.holders(real).filter(pid => !daemons.includes(pid));
  const isOurs = files.holders(real).some(pid => daemons.includes(pid));
  const found = others.map(pid => {
    const who = describeProcess(pid);
    const getty = /getty/.test(who) ? `systemctl disable --now serial-getty@${basename(real)}` : `kill ${pid}`;
    return fault("users", `${real} is open in ${who}: both get only a part of the data`, getty);
  });
  if (isOurs) found.unshift(ok("users", "the daemon has it open"));
  if (found.length > 0) return found;
  if (files.hidden === 0) return [ok("users", "no process has it open")];
  return [
    note(
      "users",
      `no process of this user has it open; ${files.hidden} others cannot be looked at`,
      "run the doctor as root",
    ),
  ];
}

/** What the driver tells without an open, else by an open of a free device. */
function checkLine(real: string, isFree: boolean, open: boolean): readonly Finding[] {
  const told = driverLine(real);
  if (told !== null) return lineFindings(told.modem, told.counters);
  if (!open) return [note("modem", "not known without an open", isFree ? "ser2net doctor --open" : null)];
  if (!isFree) return [note("modem", "the device is in use and is not opened")];
  let fd = -1;
  try {
    fd = openDevice(Buffer.from(real), false, 0, 0);
    const lines = getModem(fd);
    const modem = Object.entries(MODEM).map(([name, bit]) => `${name} ${(lines & bit) === 0 ? "off" : "on"}`);
    return lineFindings(modem.join(", "), getCounters(fd));
  } catch (error) {
    return [note("modem", `no modem lines: ${reasonOf(error)}`)];
  } finally {
    if (fd >= 0) closeSync(fd);
  }
}

type Errors = Pick<LineCounters, "frame" | "overrun" | "parity">;

function lineFindings(modem: string, counters: Errors | null): readonly Finding[] {
  const lines = [ok("modem", modem)];
  if (counters === null) return lines;
  const { frame, overrun, parity } = counters;
  const text = `${frame} framing, ${parity} parity, ${overrun} overrun since the driver started`;
  if (frame + parity > 0) {
    return [
      ...lines,
      note("errors", text, "compare rate, parity and data bits with those of the far end: ser2net ports"),
    ];
  }
  return [...lines, overrun > 0 ? note("errors", text, "use RTSCTS, or a lower rate") : ok("errors", text)];
}

/** A UART of the 8250 driver (only root reads it): `0: uart:16550A ... tx:1 rx:0 fe:2 RTS|CTS|DTR`. */
function driverLine(real: string): { modem: string; counters: Errors } | null {
  const number = /^\/dev\/ttyS(\d+)$/.exec(real)?.[1];
  if (number === undefined) return null;
  const line = (readText(`${DRIVERS}/serial`) ?? "").split("\n").find(one => one.startsWith(`${number}:`));
  if (line === undefined || line.includes("uart:unknown")) return null;
  const count = (key: string) => Number(new RegExp(` ${key}:(\\d+)`).exec(line)?.[1] ?? 0);
  const on = / ((?:[A-Z]+\|?)+)$/.exec(line)?.[1]?.split("|") ?? [];
  const modem = ["DTR", "RTS", "CTS", "DSR", "CD", "RI"].map(
    name => `${name === "CD" ? "DCD" : name} ${on.includes(name) ? "on" : "off"}`,
  );
  return { modem: modem.join(", "), counters: { frame: count("fe"), overrun: count("oe"), parity: count("pe") } };
}

function statOf(path: string): Stats | string {
  try {
    return statSync(path);
  } catch (error) {
    return reasonOf(error);
  }
}

function entries(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
