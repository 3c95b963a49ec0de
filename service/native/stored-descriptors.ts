/**
 * Descriptors that outlive this process, by name: the service manager keeps copies of them (sd_notify(3), FDSTORE=1), and the
 * program that takes the place of this one has them too. Without a store `endDescriptor` only closes.
 *
 * While a copy is open, close(2) ends nothing: a connection is shut down first, and the copy goes too.
 */
import { closeSync } from "node:fs";
import { shutdownSocket } from "./handover.js";

/** Listening TCP socket, UDP socket, connection, control session, control socket, device, trace file, journal, replay. */
type StoredKind = "l" | "u" | "c" | "m" | "s" | "d" | "t" | "j" | "r";

/** The names of all of them, and `state`. That of a control socket ends with a mark of its file. */
export const STORED_NAME = /^(?:[lucmdtjr]-[0-9a-z]{1,10}|s-[0-9a-z.]{1,40}|state)$/;

/** Neither call throws. */
export interface DescriptorStore {
  add(fd: number, name: string): void;
  remove(name: string): void;
  /** Returns when the manager has done what it was told, at most `limitMs` later. False: it has not. */
  barrier(limitMs: number): boolean;
}

/** How long the manager may take to close a copy that stands in the way. */
const RELEASE_MS = 200;

// One for the process, as there is one service manager.
let store: DescriptorStore | null = null;
let lastNumber = 0;
const names = new Map<number, string>();
/** Descriptors of the previous process that are not claimed yet, by name. */
const left = new Map<string, number>();

/** @param handed what the process before this one had stored, by name */
export function useDescriptorStore(used: DescriptorStore | null, handed: ReadonlyMap<string, number>): void {
  store = used;
  for (const [name, fd] of handed) {
    left.set(name, fd);
    const number = name[1] === "-" ? Number.parseInt(name.slice(2), 36) : 0;
    if (Number.isSafeInteger(number)) lastNumber = Math.max(lastNumber, number);
  }
}

/** Before the first byte moves. Does nothing for one that is stored already. @param mark the end of its name */
export function storeDescriptor(fd: number, kind: StoredKind, mark = ""): void {
  if (names.has(fd)) return;
  const name = `${kind}-${(++lastNumber).toString(36)}${mark}`;
  names.set(fd, name);
  store?.add(fd, name);
}

/** The names of all of them. */
export function storedDescriptors(): ReadonlyMap<number, string> {
  return names;
}

/** Its name; null: it ends with this process. */
export function storedName(fd: number): string | null {
  return names.get(fd) ?? null;
}

/** Takes over a descriptor of the previous process: it is stored by this one from now on. Null: there is none of that name. */
export function claimDescriptor(name: string): number | null {
  const fd = left.get(name);
  if (fd === undefined) return null;
  left.delete(name);
  names.set(fd, name);
  return fd;
}

/** Descriptors of that kind that the previous process has left and that are not claimed yet. */
export function unclaimed(kind: StoredKind): readonly { readonly name: string; readonly fd: number }[] {
  const found: { name: string; fd: number }[] = [];
  for (const [name, fd] of left) if (name.startsWith(`${kind}-`)) found.push({ name, fd });
  return found;
}

/** As `claimDescriptor`, the first of that kind that `isWanted`. */
export function claimFirst(kind: StoredKind, isWanted: (fd: number) => boolean): number | null {
  if (left.size === 0) return null;
  for (const [name, fd] of left) if (name.startsWith(`${kind}-`) && isWanted(fd)) return claimDescriptor(name);
  return null;
}

/** Ends the descriptors that are not claimed. Returns their number. */
export function endUnclaimed(): number {
  const names = [...left.keys()];
  for (const name of names) {
    const fd = claimDescriptor(name);
    if (fd !== null) endDescriptor(fd);
  }
  return names.length;
}

export function hasDescriptorStore(): boolean {
  return store !== null;
}

/** The last word of this process: the state, after which nothing may be ended. False: the manager does not take it. */
export function handOver(state: number, limitMs: number): boolean {
  if (store === null) return false;
  // The journal makes room for it, in a store that is full.
  for (const name of names.values()) if (name.startsWith("j-")) store.remove(name);
  store.add(state, "state");
  return store.barrier(limitMs);
}

/** Closes it, after its watch. What it stands for ends at once, although the manager's copy is closed a moment later. */
export function endDescriptor(fd: number): void {
  const name = names.get(fd);
  names.delete(fd);
  if (name !== undefined && store !== null) {
    shutdownSocket(fd); // does nothing to a device
    store.remove(name);
  }
  closeSync(fd);
  // The port of a UDP socket is free only when no copy is left.
  if (name?.startsWith("u-") === true) store?.barrier(RELEASE_MS);
}
