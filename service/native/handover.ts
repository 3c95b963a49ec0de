/** What outlives the process: descriptors passed to the service manager, and sealed memory. */
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { addon } from "./addon.js";
import { done } from "./errors.js";

/** A datagram to a path (`@name`: abstract), with a descriptor. 0 or more, or -errno. */
export function sendDescriptor(socket: number, path: string, text: string, passed: number): number {
  return addon.sendDescriptor(socket, path, Buffer.from(text), passed);
}

/** Blocks until the receiver has read all that was sent before, at most `limitMs`. False: it has not, or there is none. */
export function sendBarrier(socket: number, path: string, limitMs: number): boolean {
  return addon.sendBarrier(socket, path, limitMs) === 0;
}

/** An empty file in memory. Throws when there is none to be had. */
export function memoryFile(): number {
  return done("memoryFile", addon.memoryFile());
}

/** A file in memory that nobody can change any more. Throws when there is no memory for it. */
export function sealedFile(content: Uint8Array): number {
  const fd = memoryFile();
  try {
    for (let at = 0; at < content.length; ) at += writeSync(fd, content, at);
    done("seal", addon.seal(fd));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Null: it is not a sealed file, or has more than `limit` bytes. */
export function readSealedFile(fd: number, limit: number): Uint8Array | null {
  if (addon.isSealed(fd) !== 1) return null;
  const { size } = fstatSync(fd);
  if (size > limit) return null;
  const content = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const count = readSync(fd, content, at, size - at, at);
    if (count === 0) return null;
    at += count;
  }
  return content;
}

interface NextProgram {
  /** Of the executable file. */
  readonly path: string;
  /** With the name of the program first. */
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** What it gets besides standard input, output and error; the rest of the descriptors is closed. */
  readonly descriptors: readonly number[];
}

/** Goes on as another program, in this process. Returns only where that fails, as if nothing had happened: -errno. */
export function becomeProgram({ path, args, environment, descriptors }: NextProgram): number {
  const pairs = Object.entries(environment).filter(([, value]) => value !== undefined);
  const kept = [0, 1, 2, ...descriptors]; // Node sets all that it is started with to close-on-exec
  for (const fd of kept) addon.setInheritable(fd, true);
  const result = addon.becomeProgram(Buffer.from(path), list(args), list(pairs.map(pair => pair.join("="))));
  for (const fd of kept) addon.setInheritable(fd, false);
  return result;
}

/** Each with a NUL at its end. */
function list(texts: readonly string[]): Uint8Array {
  return Buffer.from(texts.map(text => `${text}\0`).join(""));
}

/** Ends a connection, or the listening of a socket, although copies of the descriptor are open elsewhere. */
export function shutdownSocket(fd: number): void {
  addon.shutdownSocket(fd); // ENOTSOCK and ENOTCONN: there is nothing to end
}
