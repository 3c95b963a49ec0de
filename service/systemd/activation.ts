/** Descriptors that the service manager hands over, sd_listen_fds(3): the sockets of a socket unit. */
import { setCloseOnExec, setNonBlocking } from "../native/descriptors.js";

const FIRST = 3; // SD_LISTEN_FDS_START
/** More than any unit here hands over: a nonsensical number shall not cost the start. */
const MOST = 4096;

/**
 * The receiver owns each from now on; they are set to non-blocking and close-on-exec. Takes the variables out of `environment`:
 * what the daemon starts has no such descriptors.
 */
export function inheritedDescriptors(environment: NodeJS.ProcessEnv, pid: number): readonly number[] {
  const { LISTEN_PID: meantFor, LISTEN_FDS: count = "" } = environment;
  for (const name of ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID"]) delete environment[name];
  if (meantFor !== String(pid) || !/^\d{1,4}$/.test(count) || Number(count) > MOST) return [];
  return Array.from({ length: Number(count) }, (_, at) => FIRST + at).filter(isOurs);
}

/** False when there is no such descriptor after all. */
function isOurs(fd: number): boolean {
  try {
    setCloseOnExec(fd);
    setNonBlocking(fd);
    return true;
  } catch {
    return false; // EBADF: the launcher counted wrong
  }
}
