/**
 * Watches whether device nodes exist (inotify, no polling). A path is followed from the root on, through symbolic links,
 * and each directory on the way is watched for its next name. So /dev/serial, which udev makes with the first adapter,
 * is noticed like the adapter itself.
 */
import { lstatSync, readlinkSync, statSync } from "node:fs";
import { isSolDevice } from "../config/sol-target.js";
import { TEXT_ENCODING, toBytes } from "../line/bytes.js";
import { SystemError } from "../native/errors.js";
import { type DirectoryChange, DirectoryWatch } from "../native/inotify.js";

/** The limit of the kernel (path_resolution(7)). */
const MAX_LINKS = 40;
/** Names of one path that are followed at most, those of links included. */
const MAX_STEPS = 200;

/** Opens no inotify instance before the first path is watched. */
export class DeviceNodeWatcher {
  readonly #warn: (text: string) => void;
  readonly #paths = new Set<WatchedPath>();
  /** By the number of a directory of `#directories`: names in it, and the paths that go through each. */
  readonly #names = new Map<number, Map<string, Set<WatchedPath>>>();
  #directories: DirectoryWatch | null = null;
  #warned = false;

  /** `warn` is called once, with the reason, when nothing can be watched. */
  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /**
   * Calls `changed` whenever the node may have appeared, disappeared, changed its owner or been replaced, until the
   * returned function is called.
   */
  watch(path: string, changed: () => void): () => void {
    const one: WatchedPath = { path, changed, components: [] };
    this.#paths.add(one);
    if (!isSolDevice(path)) this.#follow(one);
    return () => {
      this.#paths.delete(one);
      const before = one.components;
      one.components = [];
      this.#leave(one, before);
    };
  }

  /** Looks at the file system, so it is right for those without inotify events too. A SOL console is always present. */
  isPresent(path: string): boolean {
    return isPresent(path);
  }

  close(): void {
    this.#directories?.close();
    this.#directories = null;
    this.#paths.clear();
    this.#names.clear();
  }

  #follow(one: WatchedPath): void {
    const before = one.components;
    one.components = trace(one.path, directory => this.#addDirectory(directory));
    for (const { directory, name } of one.components) {
      const names = this.#names.get(directory) ?? new Map<string, Set<WatchedPath>>();
      this.#names.set(directory, names);
      names.set(name, (names.get(name) ?? new Set()).add(one));
    }
    this.#leave(one, before);
  }

  /** Ends the watching of the components that it does not have any more. */
  #leave(one: WatchedPath, before: readonly PathComponent[]): void {
    for (const { directory, name } of before) {
      if (one.components.some(component => component.directory === directory && component.name === name)) continue;
      const names = this.#names.get(directory);
      names?.get(name)?.delete(one);
      if (names?.get(name)?.size === 0) names.delete(name);
      if (names?.size !== 0) continue;
      this.#names.delete(directory);
      this.#directories?.remove(directory);
    }
  }

  /** The number of the directory; null when it is not watched. */
  #addDirectory(path: string): number | null {
    try {
      this.#directories ??= new DirectoryWatch(changes => this.#changed(changes));
      return this.#directories.add(path);
    } catch (error) {
      // A directory that has just disappeared or that the daemon may not read is an ordinary case.
      if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return null;
      if (!(error instanceof SystemError)) throw error;
      if (!this.#warned) this.#warn(`Devices that come and go are not noticed: ${error.reason}`);
      this.#warned = true;
      return null;
    }
  }

  #changed(changes: readonly DirectoryChange[]): void {
    const due = new Set<WatchedPath>();
    for (const change of changes) for (const one of this.#affected(change)) due.add(one);
    for (const one of due) this.#follow(one);
    for (const one of due) if (this.#paths.has(one)) one.changed();
  }

  #affected({ directory, name }: DirectoryChange): Iterable<WatchedPath> {
    if (directory === null) return this.#paths;
    const names = this.#names.get(directory);
    if (names === undefined) return [];
    return name === null ? [...names.values()].flatMap(each => [...each]) : (names.get(name) ?? []);
  }
}

interface WatchedPath {
  readonly path: string;
  readonly changed: () => void;
  components: readonly PathComponent[];
}

/** A name that the path goes through, in a directory that is watched. */
interface PathComponent {
  readonly directory: number;
  readonly name: string;
}

function isPresent(path: string): boolean {
  if (isSolDevice(path)) return true;
  try {
    // Without throwIfNoEntry each missing node would cost an exception. A directory below /sys is hardware without a node.
    return statSync(toBytes(path), { throwIfNoEntry: false })?.isDirectory() === false;
  } catch (error) {
    return !hasCode(error, "ENOTDIR", "ELOOP");
  }
}

/** The components of the path, as far as it exists. Each directory is watched before its name is looked at, so no change is missed. */
function trace(path: string, watch: (directory: string) => number | null): PathComponent[] {
  const components: PathComponent[] = [];
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
    if (directory !== null) components.push({ directory, name });
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
  return [...components]; // without room for more
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
    return null; // it has just disappeared; its directory reports that
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && "code" in error && codes.some(code => code === error.code);
}
