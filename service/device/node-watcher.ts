/**
 * Whether device nodes are there: watched, not polled. A path is followed from the root on, through symbolic links, and
 * each directory on the way is watched for its next name; so /dev/serial, which udev makes with the first adapter, is
 * noticed like the adapter itself.
 */
import { lstatSync, readlinkSync, statSync } from "node:fs";
import { isSolDevice } from "../config/sol-target.js";
import { TEXT_ENCODING, toBytes } from "../line/bytes.js";
import { SystemError } from "../native/errors.js";
import { DirectoryWatch } from "../native/inotify.js";

export interface DeviceNodeWatcher {
  /**
   * `changed` is called whenever the node may have come, gone, changed its owner or become another one, until the
   * returned function is called.
   */
  watch(path: string, changed: () => void): () => void;
  /** Looks, so it is right for file systems without inotify events too. A SOL console is always there. */
  isPresent(path: string): boolean;
  close(): void;
}

/** The kernel follows no more (path_resolution(7)). */
const MAX_LINKS = 40;
/** Names on the way, links included: so many places at most are watched for one path. */
const MAX_STEPS = 200;

/** `warn` hears once why nothing can be watched. */
export function createNodeWatcher(warn: (text: string) => void): DeviceNodeWatcher {
  const followed = new Set<WatchedPath>();
  /** Directories by what DirectoryWatch calls them: names, and who waits for each. */
  const names = new Map<number, Map<string, Set<WatchedPath>>>();
  let directories: DirectoryWatch | null = null;
  let warned = false;

  const failed = (error: unknown): void => {
    if (!(error instanceof SystemError)) throw error;
    if (!warned) warn(`Devices that come and go are not noticed: ${error.reason}`);
    warned = true;
  };

  /** Null: not watched. */
  const addDirectory = (path: string): number | null => {
    try {
      directories ??= new DirectoryWatch(changes => {
        const due = new Set<WatchedPath>();
        for (const { directory, name } of changes) for (const one of concerned(directory, name)) due.add(one);
        for (const one of due) follow(one);
        for (const one of due) if (followed.has(one)) one.changed();
      });
      return directories.add(path);
    } catch (error) {
      // One that has just gone, or that is not ours to read, is no fault of the watching.
      if (!hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) failed(error);
      return null;
    }
  };

  const concerned = (directory: number | null, name: string | null): Iterable<WatchedPath> => {
    if (directory === null) return followed;
    const waiting = names.get(directory);
    if (waiting === undefined) return [];
    return name === null ? [...waiting.values()].flatMap(each => [...each]) : (waiting.get(name) ?? []);
  };

  const follow = (one: WatchedPath): void => {
    const before = one.places;
    one.places = trace(one.path, addDirectory);
    for (const { directory, name } of one.places) {
      const waiting = names.get(directory) ?? new Map<string, Set<WatchedPath>>();
      names.set(directory, waiting);
      waiting.set(name, (waiting.get(name) ?? new Set()).add(one));
    }
    leave(one, before);
  };

  /** Gives up the places that it does not have any more. */
  const leave = (one: WatchedPath, before: readonly PathComponent[]): void => {
    for (const { directory, name } of before) {
      if (one.places.some(place => place.directory === directory && place.name === name)) continue;
      const waiting = names.get(directory);
      waiting?.get(name)?.delete(one);
      if (waiting?.get(name)?.size === 0) waiting.delete(name);
      if (waiting?.size !== 0) continue;
      names.delete(directory);
      directories?.remove(directory);
    }
  };

  return {
    watch(path, changed) {
      const one: WatchedPath = { path, changed, places: [] };
      followed.add(one);
      if (!isSolDevice(path)) follow(one);
      return () => {
        followed.delete(one);
        const before = one.places;
        one.places = [];
        leave(one, before);
      };
    },
    isPresent,
    close() {
      directories?.close();
      directories = null;
      followed.clear();
      names.clear();
    },
  };
}

interface WatchedPath {
  readonly path: string;
  readonly changed: () => void;
  places: readonly PathComponent[];
}

/** A name that the path goes through, in a directory that is watched. */
interface PathComponent {
  readonly directory: number;
  readonly name: string;
}

function isPresent(path: string): boolean {
  if (isSolDevice(path)) return true;
  try {
    // An error for each missing node would cost much more. A directory below /sys is hardware that has no node yet.
    return statSync(toBytes(path), { throwIfNoEntry: false })?.isDirectory() === false;
  } catch (error) {
    return !hasCode(error, "ENOTDIR", "ELOOP");
  }
}

/** As far as the path exists. Each directory is watched before its name is looked at: nothing happens in between. */
function trace(path: string, watch: (directory: string) => number | null): PathComponent[] {
  const places: PathComponent[] = [];
  let parent = path.startsWith("/") ? "/" : `${process.cwd()}/`;
  let links = 0;
  const rest = path.split("/");
  for (let steps = 0; steps < MAX_STEPS; steps++) {
    const name = rest.shift();
    if (name === undefined) break;
    if (name === "" || name === ".") continue;
    if (name === "..") {
      parent = parent.replace(/[^/]+\/$/, "");
      continue;
    }
    const directory = watch(parent);
    if (directory !== null) places.push({ directory, name });
    const kind = kindOf(parent + name);
    if (kind === "none") break;
    if (kind === "link") {
      const target = targetOf(parent + name);
      if (target === null || ++links > MAX_LINKS) break;
      if (target.startsWith("/")) parent = "/";
      rest.unshift(...target.split("/"));
    } else {
      parent = `${parent}${name}/`;
    }
  }
  return places;
}

function kindOf(path: string): "none" | "link" | "other" {
  try {
    return lstatSync(toBytes(path)).isSymbolicLink() ? "link" : "other";
  } catch {
    return "none";
  }
}

function targetOf(link: string): string | null {
  try {
    return readlinkSync(toBytes(link), TEXT_ENCODING);
  } catch {
    return null; // it has just gone; its directory will tell
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some(code => code === error.code);
}
