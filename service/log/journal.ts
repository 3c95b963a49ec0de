/** Lines with fields as entries of the journal, so that `journalctl SER2NET_PORT=2001` finds them. */
import { SystemError } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import { sendUnix, unixDatagram } from "../native/sockets.js";
import { createLog, SEVERITY } from "./levels.js";
import type { Log } from "./log.js";
import { oneLine } from "./one-line.js";

/** The form of an entry is a bundle of its own. */
type EncodeEntry = typeof import("./journal-entry.js").encodeEntry;

/**
 * Lines without fields, and those that the socket of the journal does not take at once, go to `base`. Never throws.
 * @param path systemd's socket for native entries
 */
export function createJournalLog(base: Log, path = "/run/systemd/journal/socket", load = loadEncoder): Log {
  let fd: number | null = null;
  let encode: EncodeEntry | null = null;
  return createLog((level, text, fields) => {
    if (fields !== undefined) {
      try {
        fd ??= unixDatagram();
        encode ??= load();
        if (sendUnix(fd, path, encode(SEVERITY[level], oneLine(text), fields)) >= 0) return;
      } catch (error) {
        if (!(error instanceof SystemError)) throw error; // no descriptor left: the next line tries again
      }
    }
    base[level](text);
  });
}

function loadEncoder(): EncodeEntry {
  return loadModule<typeof import("./journal-entry.js")>("./journal.cjs").encodeEntry;
}
