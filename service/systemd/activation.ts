/** Descriptors that the service manager hands over, sd_listen_fds(3): the sockets of a socket unit, and what it kept for us. */
import { closeSync } from "node:fs";
import { setCloseOnExec, setNonBlocking } from "../native/descriptors.js";
import { STORED_NAME } from "../native/stored-descriptors.js";

const FIRST = 3; // SD_LISTEN_FDS_START
/** More than any unit here hands over: a nonsensical number shall not cost the start. */
const MOST = 8192;
/** What the service manager makes of a name that it does not understand. */
const UNNAMED = "stored";

/** All of it is the receiver's from now on. */
export interface HandedDescriptors {
  /** Of a socket unit, non-blocking. */
  readonly sockets: readonly number[];
  /** What the process before this one had stored, by name. */
  readonly stored: ReadonlyMap<string, number>;
}

/** They are set to close-on-exec. Takes the variables out of `environment`: what the daemon starts has no such descriptors. */
export function handedDescriptors(environment: NodeJS.ProcessEnv, pid: number): HandedDescriptors {
  const { LISTEN_PID: meantFor, LISTEN_FDS: count = "", LISTEN_FDNAMES: names = "" } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]) delete environment[name];
  const sockets: number[] = [];
  const stored = new Map<string, number>();
  if (meantFor !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > MOST) return { sockets, stored };
  const titles = names.split(":", MOST);
  for (let at = 0; at < Number(count); at++) {
    const fd = FIRST + at;
    const title = titles[at] ?? "";
    if (!setCloseOnExec(fd)) continue; // there is none: the launcher counted wrong
    if (!STORED_NAME.test(title) && title !== UNNAMED) sockets.push(fd);
    else if (!stored.has(title)) stored.set(title, fd);
    else closeSync(fd); // the one that was stored last comes first
  }
  for (const fd of sockets) setNonBlocking(fd);
  return { sockets, stored };
}
