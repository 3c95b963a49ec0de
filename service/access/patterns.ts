/** Patterns of hosts_access(5) in the library's order (docs/reference.md, "Daemon patterns", "Client patterns"). */
import { matchesGlob } from "../line/glob.js";
import { parseAddress, samePrefix } from "./address.js";
import { type Host, isKnownName, type LookupGenerator, type Subject, sameWord, UNKNOWN } from "./request.js";

type Pattern = (token: string, subject: Subject) => LookupGenerator<boolean>;

/** Pattern files may name pattern files. */
const FILE_DEPTH_LIMIT = 8;
/** Read for one end of a connection. Each is read once: files that name each other would take for ever. */
const FILES_LIMIT = 100;

/** `a b EXCEPT c EXCEPT d` = (a or b) and not (c and not d). */
export function* matchesList(list: string, subject: Subject, matches: Pattern): LookupGenerator<boolean> {
  return yield* matchesTokens(tokensOf(list), subject, matches);
}

/** `daemon`, `daemon@host` or a port number. */
export function* matchesDaemon(token: string, subject: Subject): LookupGenerator<boolean> {
  if (/^\d+$/.test(token)) return Number(token) === subject.server.port;
  const [daemon, host] = splitAt(token, "@", 1);
  if (!matchesText(daemon, subject.daemon)) return false;
  return host === null || (yield* matchesHost(host, subject.server, subject));
}

/** `host` or `user@host`. */
export function* matchesClient(token: string, subject: Subject): LookupGenerator<boolean> {
  const [first, host] = splitAt(token, "@", 1);
  if (host === null) return yield* matchesHost(token, subject.client, subject);
  return (yield* matchesHost(host, subject.client, subject)) && matchesText(first, yield* subject.user());
}

/** The text before and after the first delimiter outside brackets, at `from` or later; null without one. */
export function splitAt(text: string, delimiter: string, from = 0): [string, string | null] {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "[") depth++;
    else if (char === "]") depth--;
    else if (depth === 0 && char === delimiter) return [text.slice(0, at), text.slice(at + 1)];
  }
  return [text, null];
}

function* matchesTokens(tokens: readonly string[], subject: Subject, matches: Pattern): LookupGenerator<boolean> {
  const end = tokens.findIndex(token => sameWord(token, "EXCEPT"));
  for (const token of end < 0 ? tokens : tokens.slice(0, end)) {
    if (!(yield* matches(token, subject))) continue;
    return end < 0 || !(yield* matchesTokens(tokens.slice(end + 1), subject, matches));
  }
  return false;
}

function tokensOf(list: string): string[] {
  return list.split(/[, \t\r\n]+/).filter(token => token !== "");
}

function* matchesHost(token: string, host: Host, subject: Subject, depth = 0): LookupGenerator<boolean> {
  if (token.startsWith("@")) {
    subject.warn(`netgroups are not supported: "${token}"`);
    return false;
  }
  if (token.startsWith("/")) return yield* matchesFile(token, host, subject, depth);
  if (sameWord(token, "KNOWN")) return !sameWord(host.address, UNKNOWN) && isKnownName(yield* host.name());
  if (sameWord(token, "LOCAL")) {
    const name = yield* host.name();
    return isKnownName(name) && !name.includes(".");
  }
  const [net, mask] = splitAt(token, "/");
  if (mask !== null) return matchesNet(net, mask, host.address);
  if (matchesText(token, host.address)) return true;
  return mayBeName(token) && matchesText(token, yield* host.name());
}

/** Saves the look-up of a name that no name could satisfy. */
function mayBeName(token: string): boolean {
  return /[^\d./]/.test(token) && !/^\[[^*?]*\]$/.test(token);
}

/** One host pattern a word; neither comments nor EXCEPT. */
function* matchesFile(path: string, host: Host, subject: Subject, depth: number): LookupGenerator<boolean> {
  const known = host.patternFiles.get(path);
  if (known !== undefined) return known;
  if (depth === FILE_DEPTH_LIMIT || host.patternFiles.size === FILES_LIMIT) {
    subject.warn(`${path}: too many files${depth === FILE_DEPTH_LIMIT ? " that name each other" : ""}`);
    return false;
  }
  host.patternFiles.set(path, false); // while it is read: its own name in it adds nothing
  const text = (yield { kind: "file", path }) ?? "";
  for (const word of text.split(/[ \t\n\v\f\r]+/)) {
    if (word === "" || !(yield* matchesHost(word, host, subject, depth + 1))) continue;
    host.patternFiles.set(path, true);
    return true;
  }
  return false;
}

/** Globs, `.suffix`, ALL, KNOWN, `prefix.`, `[IPv6]`, else equality. */
function matchesText(token: string, text: string): boolean {
  const [pattern, subject] = [token.toLowerCase(), text.toLowerCase()];
  if (/[*?]/.test(pattern)) return matchesGlob(pattern, subject);
  if (pattern.startsWith(".")) return subject.length > pattern.length && subject.endsWith(pattern);
  if (pattern === "all") return true;
  if (pattern === "known") return subject !== UNKNOWN;
  if (pattern.endsWith(".")) return subject.startsWith(pattern);
  if (pattern.startsWith("[") && pattern.endsWith("]")) return matchesIpv6(pattern.slice(1, -1), 128, subject);
  return pattern === subject;
}

function matchesNet(net: string, mask: string, address: string): boolean {
  const client = parseAddress(address);
  if (client?.family === "ipv6") {
    const bits = parseLength(mask);
    return net.startsWith("[") && net.endsWith("]") && bits <= 128 && matchesIpv6(net.slice(1, -1), bits, address);
  }
  const [netBits, maskBits] = [parseQuad(net), parseQuad(mask) ?? parseIpv4Length(mask)];
  if (client === null || netBits === null || maskBits === null) return false;
  const addressBits = client.bytes.reduce((value, byte) => value * 256 + byte, 0);
  return (addressBits & maskBits) >>> 0 === netBits;
}

/** Link-local addresses are compared without their scope, as the library does. */
function matchesIpv6(pattern: string, bits: number, address: string): boolean {
  const [wanted, actual] = [parseAddress(pattern), parseAddress(address)];
  if (wanted?.family !== "ipv6" || actual?.family !== "ipv6") return false;
  return samePrefix(wanted.bytes, actual.bytes, bits);
}

function parseIpv4Length(text: string): number | null {
  const bits = parseLength(text);
  return bits >= 1 && bits <= 32 ? (-1 << (32 - bits)) >>> 0 : null;
}

/** As strtoul(3) reads it: junk behind the number is ignored, no number is 0. */
function parseLength(text: string): number {
  const length = Number.parseInt(text, 10);
  if (Number.isNaN(length)) return 0;
  return length < 0 ? Number.POSITIVE_INFINITY : length;
}

/** Four numbers as inet_addr(3) reads them (octal and hexadecimal too); all ones is its error value. */
function parseQuad(text: string): number | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  let value = 0;
  for (const part of parts) {
    if (!/^(0x[\da-f]*|0[0-7]*|[1-9]\d*)$/i.test(part)) return null;
    const number = /^0\d/.test(part) ? Number.parseInt(part, 8) : /^0x$/i.test(part) ? 0 : Number(part);
    if (number > 255) return null;
    value = value * 256 + number;
  }
  return value === 0xffffffff ? null : value;
}
