/** The process that serves in the background (docs/reference.md, "Going into the background"). */
import { closeSync, fstatSync, openSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import type { Options } from "./cli.js";
import { decodeUtf8, encodeUtf8 } from "./line/bytes.js";

/** Names the descriptor on which the serving process says that its sockets are open. */
export const READY_FD_VARIABLE = "SER2NET_READY_FD";
export const READY_FD = 3;

/** True in the process that is to serve in the background. */
export function isBackground(): boolean {
  return process.env[READY_FD_VARIABLE] !== undefined;
}

/**
 * The problem with the variable, which is then removed from the environment; null: none. Only this program sets it: a
 * value from elsewhere would make it leave the terminal and write to a descriptor of another purpose.
 */
export function readyFdProblem(): string | null {
  const value = process.env[READY_FD_VARIABLE];
  if (value === undefined || (value === String(READY_FD) && isSocket(READY_FD))) return null;
  delete process.env[READY_FD_VARIABLE];
  return `${READY_FD_VARIABLE}=${value} is ignored: the daemon sets it`;
}

/** Node makes its pipes of sockets. */
function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // there is no such descriptor
  }
}

/** The background process goes to `/`: a reload must find the configuration there too, and the end the pid file. */
export function fromHere(options: Options): Options {
  return { ...options, configFile: absolute(options.configFile), pidFile: absolute(options.pidFile) };
}

/** For the next version, after the node itself: the paths as `fromHere` has made them, since the later ones count. */
export function argumentsAnew({ foreground, configFile, configFileGiven, pidFile }: Options): readonly string[] {
  const file = configFileGiven && configFile !== null ? ["-c", decodeUtf8(configFile)] : [];
  const paths = foreground ? [] : [...file, ...(pidFile === null ? [] : ["-P", decodeUtf8(pidFile)])];
  const args = process.argv.slice(1);
  return paths.join("\n") === args.slice(-paths.length).join("\n") ? args : [...args, ...paths];
}

function absolute(path: string | null): string | null {
  if (path === null) return null;
  return encodeUtf8(resolve(decodeUtf8(path)));
}

/** The sockets are open: lets the foreground process end, and lets go of its terminal. */
export function detach(): void {
  process.chdir("/");
  // The lowest free descriptors are given out again: nothing opened later can take the place of standard output.
  for (const fd of [0, 1, 2]) closeSync(fd);
  openSync("/dev/null", "r");
  openSync("/dev/null", "w");
  openSync("/dev/null", "w");
  writeSync(READY_FD, "ready\n");
  closeSync(READY_FD);
  delete process.env[READY_FD_VARIABLE];
}
