// A process of its own for serial-modem.test.ts, where a loop-back plug is preloaded: what the calls give is printed.
import { getCounters, getModem, MODEM, RS485, setBreak, setModem, setRs485 } from "../../service/native/serial.js";
import { getRs485, openPty } from "./test-addon.js";

const { slave } = openPty();
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
process.stdout.write(JSON.stringify(results));
