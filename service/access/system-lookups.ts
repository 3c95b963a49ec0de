/** Carries out the look-ups of access rules: names, users, files, accounts, commands. Each has a time limit. */
import type { ChildProcess } from "node:child_process";
import { statSync } from "node:fs";
import { decodeUtf8, TEXT_ENCODING, toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import { readRegularFile } from "../native/read-file.js";
import { parseAddress, samePrefix, unmapped } from "./address.js";
import { type AccessRequest, type Answer, type LookupRequest, PARANOID, UNKNOWN } from "./request.js";

/** Both look-ups of a name together. The system's resolver gives up by itself, but late. */
const NAME_LIMIT_MS = 20_000;
/** A command of `spawn` or `aclexec`; one that should go on ends in `&`. */
const COMMAND_LIMIT_MS = 30_000;
/** RFC 1413: an answer is at most 1000 characters. */
const IDENT_REPLY_LIMIT = 1000;

export type SystemLookup = (need: LookupRequest) => Answer | Promise<Answer>;

/** At once where it can be: only names, users and commands make promises, and these never reject. */
export const lookUpInSystem = (need: LookupRequest, clock: Clock = systemClock): Answer | Promise<Answer> => {
  switch (need.kind) {
    case "name":
      return parseAddress(need.address) === null ? UNKNOWN : lookUpName(need.address, clock);
    case "user":
      return askIdent(need.request, need.limitSeconds, clock);
    case "file":
      return readText(need.path).text;
    case "stat":
      return whyMissing(need.path);
    case "account":
      return findAccount(need.of, need.name);
    case "command":
      return runCommand(need.command, clock);
    case "pid":
      return String(process.pid);
    default:
      return need satisfies never;
  }
};

/** In latin1. Never waits for a FIFO. */
export function readText(path: string): { text: string; failed: null } | { text: null; failed: unknown } {
  try {
    return { text: toText(readRegularFile(path)), failed: null };
  } catch (failed) {
    return { text: null, failed };
  }
}

/**
 * The name of an address, trusted only if it leads back to the address. Unlike the library it takes an alias
 * (a CNAME) for a name: the system's resolver does not tell Node the canonical one.
 */
async function lookUpName(address: string, clock: Clock): Promise<string> {
  const dns = loadModule("node:dns/promises");
  const found = (async () => {
    const { hostname } = await dns.lookupService(address, 0);
    if (/^[\d.]+$|^0x|:/i.test(hostname)) return PARANOID; // a number posing as a name
    const addresses = await dns.lookup(hostname, { all: true }).catch(() => []);
    return addresses.some(one => isSame(one.address, address)) ? hostname : PARANOID;
  })();
  return (await within(NAME_LIMIT_MS, found, clock).catch(() => null)) ?? UNKNOWN;
}

function isSame(one: string, other: string): boolean {
  const [a, b] = [one, other].map(text => parseAddress(text));
  if (!a || !b) return false;
  return unmapped(a).family === unmapped(b).family && samePrefix(unmapped(a).bytes, unmapped(b).bytes, 128);
}

/** Asks the client's host for the owner of the connection (RFC 1413), from the address the client connected to. */
function askIdent({ client, server }: AccessRequest, limitSeconds: number, clock: Clock): Answer | Promise<Answer> {
  if (client.address === null || server.address === null) return UNKNOWN;
  const [host, localAddress] = [client.address, server.address];
  return new Promise(resolve => {
    const socket = loadModule("node:net").connect({ host, localAddress, port: 113 });
    const cancel = clock.after(limitSeconds * 1000, () => socket.destroy());
    let reply = "";
    socket.setEncoding(TEXT_ENCODING);
    socket.on("connect", () => socket.write(`${client.port},${server.port}\r\n`));
    socket.on("data", (chunk: string) => {
      reply += chunk;
      if (reply.includes("\n") || reply.length > IDENT_REPLY_LIMIT) socket.destroy();
    });
    socket.on("error", () => {}); // no ident server is the usual case; "close" follows
    socket.on("close", () => {
      cancel();
      resolve(parseIdent(reply, client.port, server.port));
    });
  });
}

export function parseIdent(reply: string, clientPort: number, serverPort: number): string {
  const match = /^\s*(\d+)\s*,\s*(\d+)\s*:\s*USERID\s*:[^:]*:\s*([^\0\r\n]{1,255})\r?\n/.exec(
    reply.slice(0, IDENT_REPLY_LIMIT),
  );
  if (match === null || Number(match[1]) !== clientPort || Number(match[2]) !== serverPort) return UNKNOWN;
  return match[3] ?? UNKNOWN;
}

function whyMissing(path: string): string | null {
  try {
    statSync(toBytes(path));
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

function findAccount(of: "user" | "group", name: string): Answer {
  const { text } = readText(of === "user" ? "/etc/passwd" : "/etc/group");
  return text?.split("\n").some(line => name !== "" && line.startsWith(`${name}:`)) ? name : null;
}

function runCommand(command: string, clock: Clock): Promise<Answer> {
  return new Promise(resolve => {
    let child: ChildProcess;
    try {
      const line = decodeUtf8(command); // as the bytes it has in the table
      child = loadModule("node:child_process").spawn("/bin/sh", ["-c", line], { stdio: "ignore", detached: true });
    } catch {
      return resolve(null);
    }
    const cancel = clock.after(COMMAND_LIMIT_MS, () => {
      resolve(null);
      killGroup(child.pid);
    });
    child.on("error", () => resolve(null));
    child.on("close", (status, signal) => {
      cancel();
      resolve(String(status ?? signal));
    });
  });
}

/** The shell and what it has started. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended.
  }
}

function within<T>(limitMs: number, work: Promise<T>, clock: Clock): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(limitMs, () => resolve(null));
    work.then(resolve, reject).finally(cancel);
  });
}
