/** Where the log of the daemon goes. */
import { createJournalLog } from "../log/journal.js";
import { combineLogs } from "../log/levels.js";
import { LimitedLog } from "../log/rate-limit.js";
import { createStderrLog, isJournal } from "../log/stderr.js";
import { createSyslog } from "../log/syslog.js";

/**
 * The log goes to standard error where that is the journal; else to syslog, and with -d to standard error too. Where systemd
 * has started the daemon (systemd.exec(5), INVOCATION_ID), lines with fields go to the journal with them.
 */
export function createProgramLog(debug: boolean): LimitedLog {
  const journal = isJournal();
  const main = journal ? createStderrLog() : createSyslog();
  const sinks = [journal || process.env.INVOCATION_ID !== undefined ? createJournalLog(main) : main];
  if (!journal && debug) sinks.push(createStderrLog());
  return new LimitedLog(combineLogs(...sinks));
}
