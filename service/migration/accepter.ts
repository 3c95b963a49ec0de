/** Accepters of ser2net 4 as network port and state of a port line, and addresses of remaddr. */
import { readSsl, type SslLayer } from "./ssl.js";
import { keyAndValue, readFlag, readStack } from "./stack.js";

export interface Accepter {
  /** `[ipv4,|ipv6,][udp,][host,]port` */
  readonly networkPort: string;
  readonly isUdp: boolean;
  readonly isTelnet: boolean;
  /** RFC 2217. */
  readonly remctl: boolean;
  /** Null: in clear text. */
  readonly tls: SslLayer | null;
  /** Parts that make a difference and are left out. */
  readonly lost: readonly string[];
}

/** Why a layer cannot be served. A port without what it does would be open to all, or speak another protocol. */
const REFUSED: Readonly<Record<string, string>> = {
  certauth: "authentication is not carried over; without it the port would be open to all",
  mux: "several channels in one connection: there is no counterpart",
  sctp: "SCTP is not served",
  stdio: "standard input is not carried over",
  dummy: "a port needs a network port of its own",
};
const HARMLESS = new Set(["nodelay", "reuseaddr", "readbuf", "writebuf"]);

/** Defaults of ser2net 4 by class and name, as in ImportContext. */
interface Defaults {
  default(className: string, name: string): string | undefined;
}

/** A text says why the accepter cannot be carried over. */
export function readAccepter(text: string, defaults: Defaults): Accepter | string {
  const stack = readStack(text);
  if (stack === null) return "a bracket or a quote is not closed";
  const lost: string[] = [];
  let [isTelnet, remctl, isUdp] = [false, false, false];
  let tls: SslLayer | null = null;
  for (const { name, options } of stack.layers) {
    if (name === "telnet" && !isTelnet && tls === null) {
      isTelnet = true;
      remctl = readFlag(defaults.default("telnet", "rfc2217") ?? "") ?? false;
      for (const word of options) {
        const { key, value } = keyAndValue(word);
        if (key === "rfc2217") remctl = readFlag(value) ?? false;
        else if (!HARMLESS.has(key)) lost.push(`the option ${word} of telnet has no counterpart`);
      }
    } else if (name === "ssl" && tls === null) {
      const read = readSsl(options, one => defaults.default("ssl", one));
      if (typeof read === "string") return read;
      lost.push(...read.lost);
      tls = read;
    } else if (name === "tcp" || name === "udp") {
      isUdp = name === "udp";
      lost.push(...options.flatMap(word => socketLoss(word)));
    } else return REFUSED[name] ?? `${tls === null ? "" : "ssl on top of "}${name} has no counterpart`;
  }
  if (isUdp && tls !== null) return "UDP is served without TLS";
  const [first, ...others] = readAddresses(stack.rest, isUdp);
  if (first === undefined) return "it has no port number";
  if (/\s/.test(first.text)) return "a network port has no blanks"; // a plain text of YAML may go on in the next line
  if (first.port === "0") return "a port number that the system chooses has no counterpart";
  if (others.length > 0) lost.push(`only the first address is served, not ${others.map(({ text }) => text).join(" ")}`);
  return { networkPort: first.text, isUdp, isTelnet, remctl, tls, lost };
}

function socketLoss(word: string): readonly string[] {
  const { key, value } = keyAndValue(word);
  if (HARMLESS.has(key) || (key === "tcpd" && (value === "on" || value === "print"))) return [];
  if (key === "tcpd") return ["tcpd=off has no counterpart: hosts.allow and hosts.deny always count"];
  if (key === "tcpdname") return [`${word} has no counterpart: hosts.allow and hosts.deny have the port as ser2net`];
  return [`the option ${word} of the socket has no counterpart`];
}

interface Address {
  readonly text: string;
  readonly port: string;
}

/** `[ipv4,|ipv6,|ipv6n4,][host,]port`, one behind the other. */
function readAddresses(rest: string, isUdp: boolean): Address[] {
  const words = rest.split(",").map(word => word.trim());
  const found: Address[] = [];
  let at = 0;
  while (at < words.length) {
    const family = /^(ipv4|ipv6|ipv6n4)$/.test(words[at] ?? "") ? (words[at++] ?? "") : "";
    const isPort = /^\d+$/.test(words[at] ?? "") || at + 1 >= words.length;
    const host = isPort ? "" : (words[at++] ?? "");
    const port = words[at++] ?? "";
    if (port === "") break;
    found.push({ text: addressText(family === "ipv6n4" ? "" : family, isUdp, host, port), port });
  }
  return found;
}

function addressText(family: string, isUdp: boolean, host: string, port: string): string {
  const isAny = (family === "ipv4" && host === "0.0.0.0") || (family === "ipv6" && host === "::");
  return [family, isUdp ? "udp" : "", isAny ? "" : host, port].filter(Boolean).join(",");
}

/** One address of a remaddr list; a text in `problem` says why it is left out. */
export function readRemoteAddress(
  text: string,
  isUdp: boolean,
): { readonly address: string } | { readonly problem: string } {
  const isConnectBack = text.startsWith("!");
  if (isConnectBack && !isUdp) return { problem: "connections that the daemon makes itself have no counterpart" };
  const words = text
    .replace(/^!/, "")
    .split(",")
    .map(word => word.trim());
  const family = ["ipv4", "ipv6"].find(one => words.includes(one)) ?? "";
  const [host, port, more] = words.filter(word => !/^(ipv4|ipv6|ipv6n4|tcp|udp)$/.test(word));
  if (host === undefined || port === undefined || more !== undefined) return { problem: "expected <host>,<port>" };
  return { address: [family, isUdp ? "udp" : "", host, port].filter(Boolean).join(",") };
}
