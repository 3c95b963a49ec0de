// A process of its own for serial-modem.test.ts, where a loop-back plug is preloaded: what the calls give is printed.

import { closeSync } from "node:fs";
import {
  getCounters,
  getModem,
  MODEM,
  playLines,
  RS485,
  setBreak,
  setModem,
  setRs485,
} from "../../service/native/serial.js";
import { getRs485, openPty } from "./test-addon.js";

const { master, slave } = openPty();
const results: Record<string, unknown> = {};

setModem(slave, 0, MODEM.DTR | MODEM.RTS);
results.allOff = getModem(slave);
setModem(slave, MODEM.DTR, 0);
results.dtrOn = getModem(slave);
setModem(slave, MODEM.RTS, MODEM.DTR);
results.swapped = getModem(slave);
setBreak(slave, true);
setBreak(slave, false);
results.counters = getCounters(slave);
const wanted = { flags: RS485.ENABLED | RS485.TERMINATE_BUS, delayBeforeSendMs: 12, delayAfterSendMs: 500 };
results.kept = setRs485(slave, wanted);
results.readBack = getRs485(slave);
results.pulses = playPulses();
process.stdout.write(JSON.stringify(results));

/** Pulses while the event loop does nothing else than this: how many steps were driven. */
function playPulses(): Record<string, number | undefined> {
  const { DTR, RTS } = MODEM;
  setModem(slave, 0, DTR | RTS);
  const whole = playLines(slave, Uint32Array.of(0, DTR, 0, 5, RTS, DTR, 5, 0, 0, 9, 0, RTS));
  const played = untilOver(() => whole?.end(false) ?? 0);
  const again = whole?.end(true);
  const long = playLines(slave, Uint32Array.of(0, DTR, 0, 600_000, RTS, 0));
  while ((getModem(slave) & DTR) === 0);
  const busy = long?.end(false);
  const stopped = long?.end(true);
  const lost = playLines(slave, Uint32Array.of(600_000, DTR, 0));
  closeSync(master);
  return { played, again, busy, stopped, lost: untilOver(() => lost?.end(false) ?? -1) };
}

function untilOver(end: () => number): number {
  for (;;) {
    const driven = end();
    if (driven >= 0) return driven;
  }
}
