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

/** `none`: no command at all. `read`: look and watch. `write`: all commands. */
type Rights = "none" | "read" | "write";

const BACKLOG = 16;

export class LocalSocket {
  readonly #options: LocalSocketOptions;
  #config: ControlSocket | null = null;
  #listener: Listener | null = null;
  /** Device and inode of the socket file of this daemon, see `markOf`; null: there is none. */
  #mark: string | null = null;
  /** Group ids; null: there is no such group. */
  #readers: number | null = null;
  #admins: number | null = null;

  constructor(options: LocalSocketOptions) {
    this.#options = options;
  }

  /** Name of the group that may use all commands. */
  get adminGroup(): string {
    return this.#config?.admin ?? "";
  }

  /** Listens at that path and no longer at the last one; null: at none. Sessions stay. Logs why a socket cannot be opened. */
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

  /** Stops listening, and removes the socket file unless another file has its place now. Idempotent. */
  close(): void {
    const path = this.#config?.path ?? null;
    const listener = this.#listener;
    this.#listener = null;
    listener?.close();
    if (listener === null || path === null) return;
    try {
      if (markOf(lookAt(path)) === this.#mark) unlinkSync(toBytes(path));
    } catch (error) {
      this.#options.log.error(`Unable to remove control socket ${path}: ${reasonOf(error)}`);
    }
  }

  /** The listening socket of the previous process if the file is still that socket's; else a new one. Throws with the reason. */
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
      // Where it is right already, nothing is asked for: the sandbox of the unit refuses the call.
      if (this.#readers !== null && lookAt(path)?.gid !== this.#readers) chownSync(toBytes(path), -1, this.#readers);
    } catch (error) {
      this.#options.log.warning(`The group of ${path} cannot be ${group}: ${reasonOf(error)}`);
    }
    chmodSync(toBytes(path), mode);
  }

  /** Reads /etc/group itself: a look-up by the system may ask the network. @param isKnown the name was looked up before */
  #groupId(name: string, isKnown: boolean): number | null {
    const id = fields("/etc/group").find(([group]) => group === name)?.[2];
    if (id === undefined && !isKnown) this.#options.log.warning(`Control socket: there is no group ${name}`);
    return id === undefined ? null : Number(id);
  }
}

/** Tells a file from all others that exist at the same time; null: there is no file. */
function markOf(file: Stats | null): string | null {
  return file === null ? null : `.${file.dev.toString(36)}.${file.ino.toString(36)}`;
}

/** The status of the file itself, not of what a link points to; null: there is no file. */
function lookAt(path: string): Stats | null {
  return lstatSync(toBytes(path), { throwIfNoEntry: false }) ?? null;
}

/** The name of a user in /etc/passwd; the number, when there is none. */
function userName(id: number | undefined): string {
  return fields("/etc/passwd").find(([, , user]) => user === String(id))?.[0] ?? String(id);
}

/** The first four fields of each line of a file such as group(5). */
function fields(file: string): readonly (readonly string[])[] {
  try {
    return toText(readRegularFile(file))
      .split("\n")
      .map(line => line.split(":", 4));
  } catch {
    return [];
  }
}
