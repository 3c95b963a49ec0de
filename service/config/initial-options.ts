/** What the words of a port line start from: the values of DEFAULT. */
import type { OptionContext, PortOptions } from "./configuration.js";
import { defaultValues } from "./defaults.js";
import type { OptionDraft } from "./option-table.js";

/** A draft whose line settings are those of DEFAULT. */
export function startDraft(context: OptionContext, options: PortOptions): OptionDraft {
  const values = defaultValues(context);
  const trace = (from: PortOptions["traceRead"]) => ({
    file: from?.file ?? null,
    hexdump: from?.hexdump ?? false,
    timestamp: from?.timestamp ?? false,
  });
  return {
    line: {
      speed: values.speed,
      dataBits: values.databits,
      parity: values.parity,
      stopBits: values.stopbits,
      xonxoffOut: values.xonxoff,
      xonxoffIn: values.xonxoff,
      xonAny: values.xonxoff,
      rtscts: values.rtscts,
      local: values.local,
      hangupWhenDone: values.hangup_when_done,
    },
    options: { ...options },
    names: {},
    traces: { tr: trace(options.traceRead), tw: trace(options.traceWrite), tb: trace(options.traceBoth) },
    remaddr: null,
  };
}

/** The options of a port line without words. */
export function defaultOptions(context: OptionContext): PortOptions {
  const values = defaultValues(context);
  const { defaults } = context;
  const isSet = (...names: readonly (keyof typeof defaults)[]) => names.some(name => defaults[name] !== undefined);
  return {
    remctl: values.remctl,
    kickolduser: values.kickolduser,
    telnetBrkOnSync: values.telnet_brk_on_sync,
    clearBreak: !values.nobreak,
    chardelay: {
      enabled: values.chardelay,
      scale: values["chardelay-scale"],
      minUs: values["chardelay-min"],
      maxUs: values["chardelay-max"],
      explicit: isSet("chardelay-scale", "chardelay-min", "chardelay-max"),
    },
    devToNetBufsize: { bytes: values["dev-to-net-bufsize"], explicit: isSet("dev-to-net-bufsize") },
    netToDevBufsize: { bytes: values["net-to-dev-bufsize"], explicit: isSet("net-to-dev-bufsize") },
    maxConnections: values["max-connections"],
    holdSeconds: values.hold,
    telnetEnter: values["telnet-enter"],
    dtr: values.dtr === null ? null : values.dtr === "on",
    rts: values.rts === null ? null : values.rts === "on",
    remaddr: null,
    traceRead: null,
    traceWrite: null,
    traceBoth: null,
    ledRx: null,
    ledTx: null,
    rs485: null,
    sol: null,
    banner: null,
    openstr: null,
    closestr: null,
    signature: null,
    closeon: null,
  };
}
