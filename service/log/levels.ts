/** Logs made of a function, and of several logs. */
import type { Log, LogFields } from "./log.js";

export type Level = keyof Log;

/** As syslog(3) numbers them. */
export const SEVERITY: Readonly<Record<Level, number>> = { error: 3, warning: 4, notice: 5, info: 6 };

export function createLog(write: (level: Level, text: string, fields?: LogFields) => void): Log {
  return {
    error: text => write("error", text),
    warning: text => write("warning", text),
    notice: (text, fields) => write("notice", text, fields),
    info: (text, fields) => write("info", text, fields),
  };
}

/** Writes every line to each of the logs, in their order. */
export function combineLogs(...logs: readonly Log[]): Log {
  return createLog((level, text, fields) => {
    for (const log of logs) log[level](text, fields);
  });
}
