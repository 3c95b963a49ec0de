/**
 * The list of open descriptors that the old program leaves to the new one in the same process. It is in sealed memory; an
 * environment variable has the number of its descriptor. The names are those of the store of the service manager.
 */
import { closeSync } from "node:fs";
import { setCloseOnExec } from "../native/descriptors.js";
import { readSealedFile, sealedFile } from "../native/handover.js";
import { STORED_NAME } from "../native/stored-descriptors.js";

/** `PID:DESCRIPTOR`. The program that reads the variable removes it from its environment. */
export const LIST_VARIABLE = "SER2NET_UPGRADE";
/** The largest list that is read. */
const MOST_BYTES = 4 * 1024 * 1024;

interface Listed {
  /** Sockets of a socket unit. */
  readonly sockets: readonly number[];
  /** By name in the store. */
  readonly stored: ReadonlyMap<string, number>;
}

/** The list as a file. Throws where there is no memory for it. */
export function descriptorList({ sockets, stored }: Listed): number {
  return sealedFile(Buffer.from(JSON.stringify({ sockets, stored: [...stored] })));
}

/** Reads the list, and sets its descriptors to close-on-exec. It is empty when the variable is for another process. */
export function readDescriptorList(environment: NodeJS.ProcessEnv, pid: number): Listed {
  const [, meantFor, file] = /^(\d{1,10}):(\d{1,7})$/.exec(environment[LIST_VARIABLE] ?? "") ?? [];
  delete environment[LIST_VARIABLE];
  const nothing: Listed = { sockets: [], stored: new Map() };
  if (meantFor !== String(pid) || file === undefined) return nothing;
  try {
    const content = readSealedFile(Number(file), MOST_BYTES);
    return content === null ? nothing : parse(content);
  } catch {
    return nothing; // there is no such descriptor, or it is another list
  } finally {
    closeIfOpen(Number(file));
  }
}

function parse(content: Uint8Array): Listed {
  const { sockets, stored }: { sockets: unknown; stored: unknown } = JSON.parse(Buffer.from(content).toString());
  const found = new Map<string, number>();
  for (const pair of Array.isArray(stored) ? stored : []) {
    const [name, fd]: unknown[] = Array.isArray(pair) ? pair : [];
    if (typeof name === "string" && STORED_NAME.test(name) && isOurs(fd)) found.set(name, fd);
  }
  return { sockets: (Array.isArray(sockets) ? sockets : []).filter(isOurs), stored: found };
}

/** Whether it is an open descriptor. It is set to close-on-exec, so that child processes do not get it. */
function isOurs(fd: unknown): fd is number {
  return typeof fd === "number" && Number.isInteger(fd) && fd >= 3 && setCloseOnExec(fd);
}

function closeIfOpen(fd: number): void {
  try {
    if (fd > 2) closeSync(fd);
  } catch {
    // There is no such descriptor.
  }
}
