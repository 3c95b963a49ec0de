// A process of its own for open.test.ts: opens a device, with a loop-back plug preloaded or not, and prints what became of it.
import { DeviceError } from "../../service/device/device.js";
import { openDevice } from "../../service/device/open.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { openPty } from "./test-addon.js";

const { path } = openPty();
const warnings: string[] = [];
const rs485 = {
  name: "r",
  delayBeforeMs: 12,
  delayAfterMs: Number(process.argv[2]),
  rtsOnSend: true,
  rxDuringTx: false,
};
const results: Record<string, unknown> = { warnings };
try {
  const device = openDevice({
    path,
    printer: false,
    line: STANDARD_LINE,
    control: JSON.parse(process.argv[3] ?? '{"dtr":null,"rts":null}'),
    clearBreak: true,
    rs485,
    lock: false,
    warn: text => void warnings.push(text.replace(path, "PTY")),
  });
  const { line } = device;
  line?.drive({ dtr: false, rts: false });
  line?.drive({ dtr: true });
  results.control = line?.control;
  results.state = line?.modemState();
  line?.drive({ dtr: false, rts: true });
  results.counters = line?.counters();
  await device.close(0);
} catch (error) {
  if (!(error instanceof DeviceError)) throw error;
  results.error = `${error.code}: ${error.reason}`;
}
process.stdout.write(JSON.stringify(results));
// The process ends here: nothing is left open.
