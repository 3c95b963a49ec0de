/** What is announced of a port and of the control port. Pure. */
import type { PortConfig } from "../config/configuration.js";
import { controlPortParts, isAnyHost, type NetworkPort } from "../config/network-port.js";
import { decodeUtf8 } from "../line/bytes.js";
import { formatLine } from "../line/settings.js";

/** Its name on the bus, and the first part of the names of its interfaces. */
export const AVAHI = "org.freedesktop.Avahi";

/** A service of DNS-SD (RFC 6763). Texts are Unicode. */
export interface Announcement {
  /** For the log: `port 2001`. */
  readonly what: string;
  readonly name: string;
  readonly type: string;
  /** `any`: of all addresses that the machine has. */
  readonly family: NetworkPort["family"];
  /** Served there only; null: at every address. */
  readonly address: string | null;
  readonly port: number;
  /** `key=value` (RFC 6763, section 6). */
  readonly txt: readonly string[];
}

/** Of the machine and its board. */
interface AnnouncedBoard {
  /** Without its domain. */
  readonly host: string;
  /** Null: there is no board profile. */
  readonly board: string | null;
}

interface AnnouncedPort extends AnnouncedBoard {
  /** One character a byte; null: the board profile has none. */
  readonly label: string | null;
}

export const CONTROL_TYPE = "_ser2net-control._tcp";
/** All that are announced. */
export const SERVICE_TYPES = ["_telnet._tcp", "_iostream._tcp", CONTROL_TYPE, "_telnet._udp", "_iostream._udp"];

/** Of an instance name, in bytes (RFC 6763, section 4.1.1); and of one text. */
const LONGEST_NAME = 63;
const LONGEST_TEXT = 255;

/** Null: the port is off, or not to be announced; a string: the reason why it cannot be, for the log. */
export function portAnnouncement(
  config: PortConfig,
  { label, ...machine }: AnnouncedPort,
): Announcement | string | null {
  const { name, networkPort, state, options, line, device } = config;
  if (options.mdns === null || state === "off") return null;
  const address = servedAddress(networkPort);
  if (typeof address === "object" && "reason" in address) return `${name} (${address.reason})`;
  const { transport, family, port } = networkPort;
  const title = decodeUtf8(label ?? device.written.replace(/^.*\//, ""));
  const telnet = state === "telnet" ? [`telnet${options.remctl ? "(rfc2217)" : ""}`] : [];
  const stack = [...telnet, ...(options.tls === null ? [] : ["ssl"]), transport];
  return {
    what: `port ${name}`,
    name: cut(options.mdns === "" ? `${title} on ${machine.host}` : decodeUtf8(options.mdns), LONGEST_NAME),
    type: `_${state === "telnet" ? "telnet" : "iostream"}._${transport}`,
    ...{ family, address: address.address, port },
    txt: texts([
      ["provider", "ser2net"],
      ["gensiostack", stack.join(",")],
      ["label", label === null ? null : decodeUtf8(label)],
      ["board", machine.board],
      ["mode", state],
      ["line", state === "rawlp" ? null : formatLine(line).replace(" ", "")],
      ["tls", options.tls === null ? null : "1"],
    ]),
  };
}

/** As `portAnnouncement`. @param spec as CONTROLPORT or -p has it */
export function controlAnnouncement(
  spec: string,
  networkPort: NetworkPort,
  { host, board }: AnnouncedBoard,
): Announcement | string | null {
  const { mdns, tls } = controlPortParts(spec);
  if (!mdns) return null;
  const address = servedAddress(networkPort);
  if ("reason" in address) return `the control port (${address.reason})`;
  return {
    what: "the control port",
    name: cut(`${board ?? "ser2net"} on ${host}`, LONGEST_NAME),
    type: CONTROL_TYPE,
    ...{ family: networkPort.family, address: address.address, port: networkPort.port },
    txt: texts([
      ["provider", "ser2net"],
      ["board", board],
      ["tls", tls === null ? null : "1"],
    ]),
  };
}

/** Where others reach it; or why they do not. */
function servedAddress({ host, port }: NetworkPort): { readonly address: string | null } | { readonly reason: string } {
  if (port === 0) return { reason: "it is standard input" };
  if (host === null || isAnyHost(host)) return { address: null };
  if (host === "localhost" || host === "::1" || host.startsWith("127."))
    return { reason: "it serves this machine only" };
  // What else is a name, or looks like a number but is left to the resolver, is not looked up here.
  if (host.includes(":") || /^\d+(\.\d+){3}$/.test(host)) return { address: host.replace(/%.*/, "") };
  return { reason: "a host name is not looked up, give its address" };
}

function texts(all: readonly (readonly [key: string, value: string | null])[]): readonly string[] {
  return all.flatMap(([key, value]) => (value === null ? [] : [cut(`${key}=${value}`, LONGEST_TEXT)]));
}

/** Whole characters up to a number of bytes in UTF-8, without control characters. */
function cut(text: string, most: number): string {
  let [left, kept] = [most, ""];
  for (const char of text.replace(/[\0-\x1f\x7f]/g, "")) {
    left -= Buffer.byteLength(char);
    if (left < 0) break;
    kept += char;
  }
  return kept;
}
