/** The log on standard error, for `-d`. */
import { fstatSync, writeSync } from "node:fs";
import { toBytes } from "../line/bytes.js";
import { createLog, SEVERITY } from "./levels.js";
import type { Log } from "./log.js";
import { oneLine } from "./one-line.js";

/**
 * `ser2net[12]: text`, as syslog(3) prints with LOG_PERROR; where the journal reads along, `<3>text` instead: it knows
 * the rest by itself (sd-daemon(3)). Texts are latin1. Never throws.
 */
export function createStderrLog(fd = 2, journalStream?: string): Log {
  const journal = isJournal(fd, journalStream);
  return createLog((level, text) => {
    const line = oneLine(text);
    const whole = journal ? `<${SEVERITY[level]}>${line}\n` : `ser2net[${process.pid}]: ${line}\n`;
    try {
      writeSync(fd, toBytes(whole));
    } catch {
      // Closed, or full and non-blocking: the line cannot be written anywhere.
    }
  });
}

/** The variable is inherited: only its device and inode tell whether this very stream goes to the journal. */
export function isJournal(fd = 2, journalStream: string | undefined = process.env.JOURNAL_STREAM): boolean {
  if (journalStream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd);
    return journalStream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
