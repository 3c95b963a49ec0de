/** What outlives the process: descriptors in the service manager, sealed memory, and the next program in this process. */
import { closeSync, fstatSync, readSync, writeSync } from "node:fs";
import { addon } from "./addon.js";
import { done } from "./errors.js";

/** Sends a datagram with a descriptor to a path (`@name`: abstract). Returns 0 or more, or -errno. */
export function sendDescriptor(socket: number, path: string, text: string, passed: number): number {
  return addon.sendDescriptor(socket, path, Buffer.from(text), passed);
}

/** Blocks until the receiver has read all that was sent before, at most `limitMs`. False: it has not, or there is no receiver. */
export function sendBarrier(socket: number, path: string, limitMs: number): boolean {
  return addon.sendBarrier(socket, path, limitMs) === 0;
}

/** Makes an empty file in memory. Throws when there is no memory or descriptor for it. */
export function memoryFile(): number {
  return done("memoryFile", addon.memoryFile());
}

/** Makes a file in memory that no process can change any more. Throws when there is no memory for it. */
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

/** The content of a sealed file; null: it is not one, or has more than `limit` bytes. */
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
  /** Path of the executable file. */
  readonly path: string;
  /** The name of the program comes first. */
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Descriptors that stay open besides standard input, output and error; all others are closed. */
  readonly descriptors: readonly number[];
}

/** Executes another program in this process. Returns only when that fails, with -errno; nothing has changed then. */
export function becomeProgram({ path, args, environment, descriptors }: NextProgram): number {
  const pairs = Object.entries(environment).filter(([, value]) => value !== undefined);
  const kept = [0, 1, 2, ...descriptors]; // Node sets every descriptor that it is started with to close-on-exec
  for (const fd of kept) addon.setInheritable(fd, true);
  const result = addon.becomeProgram(Buffer.from(path), list(args), list(pairs.map(pair => pair.join("="))));
  for (const fd of kept) addon.setInheritable(fd, false);
  return result;
}

/** The texts, each with a NUL at its end. */
function list(texts: readonly string[]): Uint8Array {
  return Buffer.from(texts.map(text => `${text}\0`).join(""));
}

/** Ends a connection, or the listening of a socket, although copies of the descriptor are open elsewhere. */
export function shutdownSocket(fd: number): void {
  addon.shutdownSocket(fd); // ENOTSOCK and ENOTCONN: there is nothing to end
}
