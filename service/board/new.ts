/** Writes a profile of the machine it runs on, to be edited: `ser2net board new`. */
import { readdirSync, realpathSync } from "node:fs";
import { basename, join } from "node:path";
import { type Hardware, readHardware } from "./detect.js";
import type { BoardMatch } from "./profile.js";
import { deviceLookup, findSerialDevices, type Machine, type SerialDevice } from "./serial-devices.js";

/** The first network port, and the most ports and LEDs that are written. */
const [FIRST_PORT, MAX_PORTS, MAX_LEDS] = [2001, 256, 64];
const NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,31}$/;
const LED = /^[A-Za-z0-9_:.-]{1,64}$/;
/** LEDs of keyboards, network sockets and disks: not of serial ports. */
const OTHER_LEDS = /^input\d|^enp|^eth|^mmc\d|^phy\d|capslock|numlock|scrolllock/;

/** The profile as text. @param id its name, that of the file; null: it has no file yet */
export function newProfile(machine: Machine, id: string | null): string {
  const hardware = readHardware(machine.sys);
  const title = oneLine(hardware.model || hardware.dmi.product_name || hardware.dmi.board_name) || "This machine";
  const match = matchOf(hardware);
  const profile = {
    $schema: "/usr/share/ser2net/boards/schema.json",
    schema: 1,
    ...(id === null ? {} : { id }),
    title,
    comment:
      "Made by `ser2net board new`: change labels, line settings and what is not wanted, then `ser2net board check`",
    ...(match === null ? {} : { match: [match] }),
    controlPort: `localhost,${FIRST_PORT - 1}`,
    ports: findSerialDevices(machine)
      .slice(0, MAX_PORTS)
      .map((device, index) => portOf(device, index, machine)),
    leds: ledsOf(machine.sys),
  };
  return `${JSON.stringify(profile, null, 2)}\n`;
}

/** Whether a profile may have this name. */
export function isBoardName(name: string): boolean {
  return NAME.test(name);
}

function portOf(device: SerialDevice, index: number, machine: Machine) {
  const { tty, usb } = device;
  return {
    id: usb ? `usb${index + 1}` : NAME.test(tty) ? tty : `port${index + 1}`,
    label: usb ? `USB ${index + 1}` : tty,
    device: stableName(device, machine),
    ...(usb ? { electrical: "usb" } : {}),
    networkPort: String(FIRST_PORT + index),
    state: "telnet",
    line: { speed: 9600, local: true },
    remctl: true,
  };
}

/** udev's name for USB, the hardware for a UART of the SoC, else that of the kernel, without the folder of the devices. */
function stableName({ tty, path, usb }: SerialDevice, machine: Machine): string {
  const short = path.startsWith(`${machine.dev}/`) ? path.slice(machine.dev.length + 1) : path;
  if (usb && short !== tty) return short;
  try {
    const root = realpathSync(machine.sys);
    const place = realpathSync(join(machine.sys, "class/tty", tty, "device"));
    const hardware = `/sys${place.slice(root.length)}`;
    const isOfSoc = hardware.startsWith("/sys/devices/platform/") && place.startsWith(`${root}/`);
    if (isOfSoc && basename(deviceLookup(machine)(hardware).device) === tty) return hardware;
  } catch {
    // it has no place in sysfs
  }
  return short;
}

/** All of them, switched: none is taken over until a port or a function names it. */
function ledsOf(sys: string) {
  let names: string[] = [];
  try {
    names = readdirSync(join(sys, "class/leds")).sort();
  } catch {
    // no LEDs
  }
  const usable = names.filter(name => LED.test(name) && !OTHER_LEDS.test(name)).slice(0, MAX_LEDS);
  return usable.map((sysfs, index) => ({ id: `led${index + 1}`, sysfs, trigger: "none" }));
}

/** The most specific text that tells machines of this kind from others; null: there is none. */
function matchOf({ compatible, dmi }: Hardware): BoardMatch | null {
  const [own] = compatible;
  if (own !== undefined && isMatchable(own)) return { compatible: own };
  const fields = Object.entries(dmi).filter(([, text]) => isMatchable(text));
  return fields.length < 2 ? null : { dmi: Object.fromEntries(fields) };
}

function isMatchable(text: string): boolean {
  return /^[\x20-\x29\x2b-\x7e]{1,128}$/.test(text);
}

function oneLine(text: string): string {
  return text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, 100);
}
