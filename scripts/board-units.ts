/**
 * Writes the drop-ins of ser2net@NAME.service and .socket for one board. Usage: board-units.mjs PROFILE.json OUTDIR
 * build.mjs makes dist/board-units.mjs of it: the build of an image has Node, but neither TypeScript nor npm.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { readBoard } from "../service/board/load.js";
import type { BoardLed } from "../service/board/profile.js";
import { parseNetworkPort } from "../service/config/network-port.js";
import { isSolDevice } from "../service/config/sol-target.js";
import { listenAddresses } from "../service/net/addresses.js";

const USB_ADAPTERS = ["char-ttyUSB", "char-ttyACM"]; // they come and go: allowed on every board
const USUAL_UARTS = ["char-ttyS", "char-ttyAMA"]; // where the profile does not tell

const [profileFile = "", outDir = ""] = process.argv.slice(2);
if (profileFile === "" || outDir === "") fail("usage: board-units.mjs PROFILE.json OUTDIR");
const { profile, diagnostics } = readBoard(resolve(profileFile), [dirname(resolve(profileFile))]);
if (diagnostics.length > 0) {
  fail(diagnostics.map(one => `${one.file}:${one.line}:${one.column}: ${one.message}; ${one.expected}`).join("\n"));
}

writeDropIn("service", ["[Service]", ...deviceLines(), ...ledLines()]);
const listening = listenLines();
// A socket unit that listens on nothing is an error.
if (listening.some(line => line.startsWith("Listen"))) writeDropIn("socket", ["[Socket]", ...listening]);

function deviceLines(): string[] {
  const ports = profile.ports.filter(({ device }) => !isSolDevice(device)); // a SOL device is reached by UDP
  const names = ports.map(port => port.device.replace(/^\/dev\//, ""));
  const known = names.map(classesOf);
  const usual = profile.enumerate !== null || known.includes(null) ? USUAL_UARTS : [];
  const allowed = new Set([...known.flatMap(classes => classes ?? []), ...usual, ...USB_ADAPTERS]);
  const printers = names.some(name => /^(lp|usb\/lp)\d+$/.test(name)) ? ["SupplementaryGroups=lp"] : [];
  return ["DeviceAllow=", ...[...allowed].map(one => `DeviceAllow=${one} rw`), ...printers];
}

/** What DeviceAllow= calls the driver of a device below /dev; null: only the machine itself knows. */
function classesOf(name: string): string[] | null {
  if (name.startsWith("serial/")) return USB_ADAPTERS; // links that udev makes for them
  const driver = /^(tty[A-Za-z]+|lp)\d+$/.exec(name)?.[1];
  if (driver !== undefined) return [`char-${driver}`];
  return /^usb\/lp\d+$/.test(name) ? [`/dev/${name}`] : null;
}

/** With all privileges, and before the daemon's own view of /sys is made: what appears later stays read-only in it. */
function ledLines(): string[] {
  const namesOf = (leds: readonly BoardLed[]) => [...new Set(leds.map(led => led.sysfs))];
  const flashing = namesOf(profile.leds.filter(led => led.trigger === "transient"));
  const switched = namesOf(profile.leds).filter(name => !flashing.includes(name));
  return [
    ...[...flashing, ...switched].map(name => `ReadWritePaths=-/sys/class/leds/${name}`),
    ...(flashing.length > 0 ? [`ExecStartPre=-+/usr/lib/ser2net/ser2net-leds --arm ${flashing.join(" ")}`] : []),
    ...(switched.length > 0 ? [`ExecStartPre=-+/usr/lib/ser2net/ser2net-leds ${switched.join(" ")}`] : []),
  ];
}

function listenLines(): string[] {
  const served = profile.ports.filter(port => port.state !== "off").flatMap(port => port.networkPort ?? []);
  const texts = [...served, ...(profile.controlPort === null ? [] : [profile.controlPort])];
  return texts.flatMap(text => socketsOf(text) ?? [`# Left to the daemon: ${text}`]);
}

/** The sockets that the daemon itself would open; null where BindIPv6Only=both or numbers cannot say the same. */
function socketsOf(text: string): string[] | null {
  const spec = parseNetworkPort(text, () => null);
  if (typeof spec === "string" || spec.port === 0) return null;
  const key = spec.transport === "udp" ? "ListenDatagram" : "ListenStream";
  const addresses = listenAddresses(spec);
  if (addresses === null || addresses.some(({ address }) => address.includes("%"))) return null;
  const [first, second] = addresses;
  if (first?.address === "::") {
    // Without an address: both families, or IPv4 alone on a kernel that has nothing else.
    if (spec.transport === "tcp" && !first.v6only) return [`${key}=${second === undefined ? "[::]:" : ""}${spec.port}`];
    // The IPv4 socket of a UDP port gets what comes by IPv4, although the other one would take it as well.
    if (spec.transport === "tcp" || second === undefined) return null;
  }
  return addresses.map(({ address }) => `${key}=${address.includes(":") ? `[${address}]` : address}:${spec.port}`);
}

function writeDropIn(unit: "service" | "socket", lines: readonly string[]): void {
  const folder = join(outDir, `ser2net@${profile.name}.${unit}.d`);
  mkdirSync(folder, { recursive: true });
  const head = `# Made by board-units.mjs from the board profile ${profile.name}: change that one.`;
  writeFileSync(join(folder, "50-board.conf"), `${[head, ...lines].join("\n")}\n`);
}

function fail(text: string): never {
  console.error(text);
  process.exit(1);
}
