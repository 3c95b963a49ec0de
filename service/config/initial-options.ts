/** The initial options of a port line: the values of DEFAULT. */
import { type LineSettings, STANDARD_LINE } from "../line/settings.js";
import type { DefaultValues, DeviceName, OptionContext, PortOptions } from "./configuration.js";
import { defaultValues } from "./defaults.js";
import type { OptionDraft } from "./option-words.js";
import type { SolOptions } from "./sol-target.js";

/** A draft whose line settings are those of DEFAULT. */
export function startDraft(context: OptionContext, options: PortOptions): OptionDraft {
  const values = defaultValues(context);
  const trace = (from: PortOptions["traceRead"]) => ({
    file: from?.file ?? null,
    hexdump: from?.hexdump ?? false,
    timestamp: from?.timestamp ?? false,
  });
  return {
    line: options.sol === null ? ttyLine(values) : { ...STANDARD_LINE, speed: values.speed },
    options: { ...options },
    names: {},
    traces: { tr: trace(options.traceRead), tw: trace(options.traceWrite), tb: trace(options.traceBoth) },
    remaddr: null,
  };
}

function ttyLine(values: DefaultValues): LineSettings {
  return {
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
  };
}

/** The options of a port line without words. */
export function defaultOptions(context: Pick<OptionContext, "defaults">, kind: DeviceName["kind"]): PortOptions {
  const values = defaultValues(context);
  const [{ defaults }, isTty] = [context, kind !== "sol"];
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
    ...memoryOptions(values),
    telnetEnter: values["telnet-enter"],
    ...{ writer: values.writer, tellUser: values["tell-user"], espAutoReset: isTty && values["esp-auto-reset"] },
    dtr: values.dtr === null || !isTty ? null : values.dtr === "on",
    rts: values.rts === null || !isTty ? null : values.rts === "on",
    ...{ mdns: values.mdns ? "" : null, tls: null, remaddr: null },
    traceRead: null,
    traceWrite: null,
    traceBoth: null,
    ledRx: null,
    ledTx: null,
    rs485: null,
    sol: kind === "sol" ? solOptions(values) : null,
    banner: null,
    openstr: null,
    closestr: null,
    signature: null,
    closeon: null,
  };
}

/** What is kept of the output of the device. */
function memoryOptions(values: DefaultValues) {
  return {
    alwaysOpen: values["always-open"],
    replayBytes: values.replay,
    traceSize: values["trace-size"],
    traceKeep: values["trace-keep"],
    lineTimestamp: values["line-timestamp"],
  };
}

function solOptions(values: DefaultValues): SolOptions {
  return {
    authenticated: values.authenticated,
    encrypted: values.encrypted,
    sharedSerialAlert: values["shared-serial-alert"],
    deassertOnConnect: values.deassert_CTS_DCD_DSR_on_connect,
    ackTimeoutUs: values["ack-timeout"],
    ackRetries: values["ack-retries"],
  };
}
