/** Files that the words of a command name. */
import { DaemonError } from "../drain/running-daemon.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";

/** Its bytes. Throws DaemonError: it cannot be read, or is not a regular file. */
export function readGiven(file: string): Buffer {
  try {
    return readRegularFile(file);
  } catch (error) {
    throw new DaemonError("failed", `cannot read ${file}: ${reasonOf(error)}`);
  }
}
