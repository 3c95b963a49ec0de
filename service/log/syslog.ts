/** syslog over its datagram socket, as syslog(3) would write (RFC 3164 §4). */
import { closeSync } from "node:fs";
import { toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { errorReason, SystemError } from "../native/errors.js";
import { sendUnix, unixDatagram } from "../native/sockets.js";
import { createLog, SEVERITY } from "./levels.js";
import type { Log } from "./log.js";
import { oneLine } from "./one-line.js";

interface Syslog extends Log {
  close(): void;
}

/** Bytes of one line that every common syslog daemon accepts (RFC 5424 §6.1 says 2048; all common ones take 8 KiB). */
const LINE_LIMIT = 8192;
const FACILITY_DAEMON = 3 << 3;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * Texts are latin1. Never throws and never waits: what the socket does not take at once is dropped, and the next
 * line that gets through is preceded by how many were. Every line looks the socket up anew: syslogd may come and go.
 */
export function createSyslog(path = "/dev/log", clock: Clock = systemClock): Syslog {
  let fd: number | null = null;
  let closed = false;
  let lost = 0;
  let lastErrno = 0;

  function send(severity: number, text: string): boolean {
    try {
      fd ??= unixDatagram();
      const line = `<${FACILITY_DAEMON | severity}>${formatTime(clock.date())} ser2net[${process.pid}]: ${oneLine(text)}`;
      const result = sendUnix(fd, path, toBytes(line.slice(0, LINE_LIMIT)));
      if (result < 0) lastErrno = -result;
      return result >= 0;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      lastErrno = error.errno; // no descriptor left: the next line tries again
      return false;
    }
  }

  function write(severity: number, text: string): void {
    if (closed) return;
    if (lost > 0 && send(SEVERITY.warning, `${lost} log lines were lost: ${errorReason(lastErrno)}`)) lost = 0;
    if (!send(severity, text)) lost++;
  }

  return {
    ...createLog((level, text) => write(SEVERITY[level], text)),
    close() {
      closed = true;
      if (fd !== null) closeSync(fd);
      fd = null;
    },
  };
}

/** `Nov  3 09:07:05`, in local time. */
function formatTime(date: Date): string {
  const [day, ...clock] = [date.getDate(), date.getHours(), date.getMinutes(), date.getSeconds()];
  const time = clock.map(part => String(part).padStart(2, "0")).join(":");
  return `${MONTHS[date.getMonth()]} ${String(day).padStart(2)} ${time}`;
}
