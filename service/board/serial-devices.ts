/** Finds the serial devices of this machine in sysfs. */
import { existsSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { toText } from "../line/bytes.js";
import { readRegularFile } from "../native/read-file.js";
import type { DeviceLookup } from "./validate.js";

/** The folders of sysfs and of the device files. */
export interface Machine {
  readonly sys: string;
  readonly dev: string;
}

export interface SerialDevice {
  /** The kernel's name: ttyS0. */
  readonly tty: string;
  /** The path to open: a persistent name where there is one. */
  readonly path: string;
  readonly usb: boolean;
}

/** PORT_UNKNOWN of linux/serial_core.h: a place for a UART without one in it. */
const NO_UART = "0";
/** Directories looked at below one path; a USB hub full of adapters has a few hundred. */
const MAX_VISITED = 5000;

/**
 * Every tty with a driver behind it, but not the kernel's console: on board ones by number, then those on USB by
 * where they are plugged in. The same hardware gives the same order at every start.
 */
export function findSerialDevices(machine: Machine): SerialDevice[] {
  const folder = join(machine.sys, "class/tty");
  const consoles = readText(join(folder, "console/active")).split(/\s+/);
  const links = deviceLinks(machine);
  const found = entriesOf(folder).flatMap(tty => {
    const isReal = existsSync(join(folder, tty, "device/driver")) && readText(join(folder, tty, "type")) !== NO_UART;
    if (!isReal || consoles.includes(tty)) return [];
    const hardware = realpathSync(join(folder, tty));
    const usb = /\/usb\d+\//.test(hardware);
    return [{ tty, usb, path: links(tty, hardware), order: usb ? hardware : tty }];
  });
  found.sort((one, other) => Number(one.usb) - Number(other.usb) || inNumericOrder(one.order, other.order));
  return found.map(({ tty, usb, path }) => ({ tty, usb, path }));
}

/** A relative name is one below /dev; a path below /sys/devices stands for the tty that the kernel made of it. */
export function deviceLookup(machine: Machine): DeviceLookup {
  return written => {
    if (!written.startsWith("/")) return { device: join(machine.dev, written), problem: null };
    if (!written.startsWith("/sys/devices/")) return { device: written, problem: null };
    const ttys = ttysBelow(join(machine.sys, written.slice("/sys/".length)));
    const [tty] = ttys;
    if (tty !== undefined && ttys.length === 1) return { device: join(machine.dev, tty), problem: null };
    const problem = tty === undefined ? "there is no serial device" : `stands for several: ${ttys.join(", ")}`;
    return { device: written, problem };
  };
}

/** The tty a device file leads to; its own name when it is not there. */
export function ttyOf(path: string): string {
  try {
    return basename(realpathSync(path));
  } catch {
    return basename(path);
  }
}

/** ttyS2 before ttyS10. */
function inNumericOrder(one: string, other: string): number {
  const [first, second] = [sortKey(one), sortKey(other)];
  return first < second ? -1 : Number(first > second);
}

function sortKey(text: string): string {
  return text.replace(/\d+/g, digits => digits.padStart(16, "0"));
}

/** `.../30860000.serial/tty/ttyS1`, or some levels deeper from Linux 6.6 on. */
function ttysBelow(path: string): string[] {
  const ttys: string[] = [];
  const folders = [path];
  for (let visited = 0; visited < MAX_VISITED; visited++) {
    const folder = folders.pop();
    if (folder === undefined) break;
    if (basename(folder) === "tty") ttys.push(...foldersOf(folder).map(one => basename(one)));
    else folders.push(...foldersOf(folder));
  }
  return ttys.sort(inNumericOrder);
}

/** udev's names: by-id goes with an adapter, by-path with the socket it is plugged into. */
function deviceLinks({ dev }: Machine): (tty: string, hardware: string) => string {
  const read = (folder: string): ReadonlyMap<string, string> => {
    const names = entriesOf(join(dev, folder)).sort();
    return new Map(names.map(name => [linkTarget(join(dev, folder, name)), join(dev, folder, name)]));
  };
  const [byId, byPath] = [read("serial/by-id"), read("serial/by-path")];
  return (tty, hardware) => {
    // Adapters without a serial number share one by-id name: it leads to whichever came last.
    const own = hasSerialNumber(hardware) ? byId.get(tty) : undefined;
    return own ?? byPath.get(tty) ?? join(dev, tty);
  };
}

/** From `.../usb1/1-1/1-1.2/1-1.2:1.0/ttyUSB0/tty/ttyUSB0` up to the adapter, 1-1.2. */
function hasSerialNumber(hardware: string): boolean {
  const folders = hardware.split("/");
  const bus = folders.findLastIndex(name => /^usb\d+$/.test(name));
  const device = folders.findIndex((name, at) => at > bus && name.includes(":")); // what is in the adapter has a colon
  return bus >= 0 && device > bus && existsSync(join(folders.slice(0, device).join("/"), "serial"));
}

function linkTarget(path: string): string {
  try {
    return basename(readlinkSync(path));
  } catch {
    return "";
  }
}

function foldersOf(path: string): string[] {
  try {
    // Links lead out of the tree, or back up.
    return readdirSync(path, { withFileTypes: true }).flatMap(one => (one.isDirectory() ? [join(path, one.name)] : []));
  } catch {
    return [];
  }
}

function entriesOf(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return []; // no such class: no device of it
  }
}

function readText(path: string): string {
  try {
    return toText(readRegularFile(path)).trim();
  } catch {
    return "";
  }
}
