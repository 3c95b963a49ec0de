/** The local socket of the control port: its file, and who may use it (docs/control-socket.md, "Local socket"). */
import { chmodSync, chownSync, lstatSync, type Stats, unlinkSync } from "node:fs";
import type { ControlSocket } from "../config/configuration.js";
import { toBytes, toText } from "../line/bytes.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { type Credentials, isServed, listenUnix, peerCredentials } from "../native/local-sockets.js";
import { readRegularFile } from "../native/read-file.js";
import { claimDescriptor, endDescriptor, storeDescriptor, unclaimed } from "../native/stored-descriptors.js";
import type { Link, Listener, PeerAddress } from "../net/link.js";

/** Makes a listener of a socket that listens already. */
type ServeLocal = (
  fd: number,
  events: {
    readonly accepted: (link: Link) => void;
    readonly failed: (reason: string) => void;
    readonly peerOf: (fd: number) => PeerAddress;
  },
) => Listener;

interface LocalSocketOptions {
  readonly log: Log;
  accepted(link: Link): void;
}

/** `none`: it may not even look. */
type Rights = "none" | "read" | "write";

const BACKLOG = 16;

export class LocalSocket {
  readonly #options: LocalSocketOptions;
  #config: ControlSocket | null = null;
  #listener: Listener | null = null;
  /** Of the file that this process, or the one before it, has made. */
  #mark: string | null = null;
  #readers: number | null = null;
  #admins: number | null = null;

  constructor(options: LocalSocketOptions) {
    this.#options = options;
  }

  /** The group that may change things. */
  get adminGroup(): string {
    return this.#config?.admin ?? "";
  }

  /** Listens there and nowhere else; null: nowhere. Its sessions stay. A socket that cannot be opened is logged. */
  move(config: ControlSocket | null, serve: ServeLocal): void {
    const isSame = JSON.stringify(config) === JSON.stringify(this.#config) && this.#listener !== null;
    if (!isSame) this.close();
    this.#config = config;
    if (config === null || config.path === null) return;
    this.#readers = this.#groupId(config.group, isSame);
    this.#admins = this.#groupId(config.admin, isSame);
    if (isSame) return;
    const { log, accepted } = this.#options;
    try {
      const fd = this.#open(config, config.path);
      this.#listener = serve(fd, {
        accepted,
        failed: reason => log.error(`Could not accept on the control socket: ${reason}`),
        peerOf: descriptor => ({ address: `local:${userName(peerCredentials(descriptor)?.user)}`, port: 0 }),
      });
    } catch (error) {
      log.error(`Unable to open control socket ${config.path}: ${reasonOf(error)}`);
    }
  }

  rights({ user, groups }: Credentials): Rights {
    const isIn = (group: number | null) => group !== null && groups.has(group);
    if (user === 0 || user === process.geteuid?.() || isIn(this.#admins)) return "write";
    return isIn(this.#readers) ? "read" : "none";
  }

  /** Removes the file, where it is still the one that was made. Idempotent. */
  close(): void {
    const path = this.#config?.path ?? null;
    this.#listener?.close();
    if (this.#listener !== null && path !== null && markOf(lookAt(path)) === this.#mark) unlinkSync(toBytes(path));
    this.#listener = null;
  }

  /** The socket of the process before this one where the file is still its own, or a new one. Throws an error with the reason. */
  #open(config: ControlSocket, path: string): number {
    const found = lookAt(path);
    this.#mark = markOf(found);
    if (found !== null) {
      if (!found.isSocket()) throw new Error(`there is ${found.isSymbolicLink() ? "a symbolic link" : "another file"}`);
      const left = unclaimed("s").find(({ name }) => this.#mark !== null && name.endsWith(this.#mark));
      const fd = left === undefined ? null : claimDescriptor(left.name);
      if (fd !== null) return fd;
      if (isServed(toBytes(path))) throw new Error("another program listens there");
      unlinkSync(toBytes(path));
    }
    const fd = listenUnix(toBytes(path), BACKLOG);
    try {
      this.#permit(config, path);
      this.#mark = markOf(lookAt(path));
      storeDescriptor(fd, "s", this.#mark ?? "");
    } catch (error) {
      endDescriptor(fd);
      throw error;
    }
    return fd;
  }

  #permit({ mode, group }: ControlSocket, path: string): void {
    try {
      if (this.#readers !== null) chownSync(toBytes(path), -1, this.#readers);
    } catch (error) {
      this.#options.log.warning(`The group of ${path} cannot be ${group}: ${reasonOf(error)}`);
    }
    chmodSync(toBytes(path), mode);
  }

  /** Read from the file itself: a look-up by the system may ask the network. */
  #groupId(name: string, isKnown: boolean): number | null {
    const id = fields("/etc/group").find(([group]) => group === name)?.[2];
    if (id === undefined && !isKnown) this.#options.log.warning(`Control socket: there is no group ${name}`);
    return id === undefined ? null : Number(id);
  }
}

/** Of a file that is there, and of none later; null: there is none. */
function markOf(file: Stats | null): string | null {
  return file === null ? null : `.${file.dev.toString(36)}.${file.ino.toString(36)}`;
}

/** Follows no link. */
function lookAt(path: string): Stats | null {
  return lstatSync(toBytes(path), { throwIfNoEntry: false }) ?? null;
}

/** The number, where there is no name. */
function userName(id: number | undefined): string {
  return fields("/etc/passwd").find(([, , user]) => user === String(id))?.[0] ?? String(id);
}

/** Of each line of a file such as group(5). */
function fields(file: string): readonly (readonly string[])[] {
  try {
    return toText(readRegularFile(file))
      .split("\n")
      .map(line => line.split(":", 4));
  } catch {
    return [];
  }
}
