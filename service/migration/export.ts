/** The configuration in effect as YAML of ser2net 4, with a list of what that does not have. */
import type {
  Configuration,
  LedConfig,
  PortConfig,
  PortOptions,
  RotatorConfig,
  TraceConfig,
} from "../config/configuration.js";
import type { Diagnostic } from "../config/diagnostic.js";
import { controlPortParts, type NetworkPort } from "../config/network-port.js";
import { optionWords } from "../config/print.js";
import { HIDDEN } from "../config/sol-words.js";
import type { TlsConfig } from "../config/tls-config.js";
import { toText } from "../line/bytes.js";
import { EXTENSION_MARK } from "./connection.js";
import { FreeNames } from "./free-names.js";
import { mdnsLines } from "./mdns.js";
import { escaped, sslLayer } from "./ssl.js";
import { escapeByte, escapeCloseon, exportTemplate } from "./texts.js";

interface Exported {
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

export function exportYaml(configuration: Configuration): Exported {
  const exporter = new Exporter();
  return exporter.write(configuration);
}

class Exporter {
  readonly #lines: string[] = ["%YAML 1.1", "---"];
  readonly #diagnostics: Diagnostic[] = [];
  readonly #anchors = new FreeNames();
  readonly #leds = new Map<string, string>();
  #tls: ReadonlyMap<string, TlsConfig> = new Map();
  /** By port: its anchor; null where it has TLS, since a rotator would serve it in clear text. */
  readonly #connections = new Map<string, string | null>();

  write(configuration: Configuration): Exported {
    const { controlPort, controlPortDiagnostic, controlSocket, finalContext } = configuration;
    this.#tls = finalContext.tls;
    this.#lines.push("define: &confver 1.0"); // ser2net 4 refuses an empty file
    if (controlPort !== null && controlPortDiagnostic === null) this.#admin(controlPort);
    if (configuration.metricsPort !== null) this.#lost(null, "METRICS", "ser2net 4 has no metrics");
    if (controlSocket !== null) this.#lost(null, "CONTROLSOCKET", "ser2net 4 has no local control socket");
    for (const led of configuration.leds) this.#led(led);
    for (const port of configuration.ports) this.#port(port);
    for (const rotator of configuration.rotators) this.#rotator(rotator);
    for (const name of finalContext.pulses.keys()) this.#lost(null, `PULSE ${name}`, "ser2net 4 has no pulses");
    return { text: this.#lines.map(line => `${line}\n`).join(""), diagnostics: this.#diagnostics };
  }

  #lost(place: Pick<PortConfig, "file" | "lineNumber"> | null, what: string, reason: string): void {
    const { file, lineNumber } = place ?? { file: null, lineNumber: 0 };
    this.#diagnostics.push({
      file,
      line: lineNumber,
      column: 1,
      message: `${what} is not carried over`,
      expected: reason,
    });
  }

  #anchor(wanted: string): string {
    return this.#anchors.take(wanted.replace(/[^A-Za-z0-9_-]/g, "-"));
  }

  #admin(controlPort: string): void {
    const { mdns, tls, networkPort } = controlPortParts(controlPort);
    const ssl = this.#ssl(null, `CONTROLPORT:${controlPort}`, tls);
    if (ssl === null) return;
    if (mdns) this.#lost(null, "mdns: of CONTROLPORT", "ser2net 4 does not announce it");
    this.#lines.push(
      "admin:",
      `  accepter: ${quoted(`telnet,${ssl.layer}tcp,${networkPort.replace(/(^|,)tcp,/, "$1")}`)}`,
    );
  }

  #led(led: LedConfig): void {
    const { name, device, durationMs, state } = led;
    const key = JSON.stringify(led);
    if (this.#leds.has(key)) return;
    const anchor = this.#anchor(name);
    this.#leds.set(key, anchor);
    this.#lines.push(
      `led: &${anchor}`,
      "  driver: sysfs",
      "  options:",
      `    device: ${quoted(device)}`,
      `    duration: ${durationMs}`,
      `    state: ${state}`,
    );
  }

  #port(port: PortConfig): void {
    const { name, networkPort, state, timeoutSeconds, options } = port;
    if (networkPort.port === 0) {
      this.#lost(port, `Port ${name}`, "ser2net 4 serves standard input by other means");
      return;
    }
    const ssl = this.#ssl(port, `Port ${name}, which has tls=${options.tls}`, options.tls);
    if (ssl === null) return;
    for (const led of [options.ledRx, options.ledTx]) if (led !== null) this.#led(led);
    const anchor = this.#anchor(`con${name}`);
    this.#connections.set(name, options.tls === null ? anchor : null);
    const extensions = extensionWords(port);
    if (extensions.length > 0)
      this.#lost(
        port,
        `Port ${name}: ${extensions.join(" ")}`,
        "ser2net 4 does not have it; a comment keeps it for ser2net import",
      );
    const telnet =
      state === "telnet" || (state === "off" && options.remctl) ? `telnet${options.remctl ? "(rfc2217)" : ""},` : "";
    const kept = options.mdns === "" ? [...extensions, "mdns"] : extensions; // it has another name there
    const mark = kept.length === 0 ? "" : ` # ${EXTENSION_MARK} ${kept.join(" ")}`;
    const connector = this.#connector(port);
    if (state === "off") this.#warnOff(port);
    this.#lines.push(
      `connection: &${anchor}`,
      `  accepter: ${quoted(`${telnet}${ssl.layer}${address(networkPort)}`)}`,
      ...(state === "off" ? ["  enable: off"] : []),
      ...(timeoutSeconds === 0 ? [] : [`  timeout: ${timeoutSeconds}`]),
      `  connector: ${quoted(connector)}${mark}`,
    );
    const lines = [...this.#options(port), ...ssl.lines];
    if (lines.length > 0) this.#lines.push("  options:", ...lines.map(line => `    ${line}`));
  }

  /** The layer and the options of a TLS line, none without one; null: what has it is left out. */
  #ssl(
    place: PortConfig | null,
    what: string,
    name: string | null,
  ): { readonly layer: string; readonly lines: readonly string[] } | null {
    if (name === null) return { layer: "", lines: [] };
    const read = sslLayer(this.#tls.get(name));
    if (typeof read === "string") {
      this.#lost(place, what, read);
      return null;
    }
    for (const one of read.lost) this.#lost(place, `TLS ${name}: ${one}`, "ser2net 4 does not have it");
    const users = read.users === null || place === null ? [] : [`allowed-users: ${quoted(read.users)}`];
    return { layer: `${read.layer},`, lines: users };
  }

  #warnOff(port: PortConfig): void {
    const { file, lineNumber, name } = port;
    const message = `Port ${name} is off: it is written as ${port.options.remctl ? "telnet" : "raw"}`;
    this.#diagnostics.push({
      file,
      line: lineNumber,
      column: 1,
      message,
      expected: "ser2net.conf does not say which state it would have",
      isWarning: true,
    });
  }

  #connector(port: PortConfig): string {
    const { device, line, state, options } = port;
    if (device.kind === "sol") {
      if (device.path.includes(HIDDEN))
        this.#lost(port, `Port ${port.name}: the secrets of its SOL device`, `put them in place of ${HIDDEN}`);
      const path = device.path.slice("sol.".length).replace(/(^|\s)-Pf\s+(\S+)/g, "$1-P *{$2}");
      return ["ipmisol", path, String(line.speed), ...solWords(options)].join(",");
    }
    const parity = line.parity[0] ?? "n";
    const words = [
      escaped(device.path),
      `${line.speed}${parity}${line.dataBits}${line.stopBits}`,
      ...(line.xonxoffIn && line.xonxoffOut ? ["xonxoff"] : []),
      ...(line.rtscts ? ["rtscts"] : []),
      ...(line.local ? ["local"] : []),
      ...(line.hangupWhenDone ? ["hangup-when-done"] : []),
      ...(options.clearBreak ? [] : ["nobreak"]),
      ...modemWord("dtr", options.dtr),
      ...modemWord("rts", options.rts),
      ...(state === "rawlp" ? ["wronly"] : []),
      ...rs485Word(options),
    ];
    return ["serialdev", ...words].join(",");
  }

  #options(port: PortConfig): string[] {
    const { options, device } = port;
    const { chardelay, devToNetBufsize, netToDevBufsize, remaddr } = options;
    const text = (key: string, value: string | null) => (value === null ? [] : [`${key}: ${literal(value)}`]);
    const template = (key: string, value: string | null) => text(key, value && exportTemplate(value, device.written));
    const number = (key: string, value: number, isSet: boolean) => (isSet ? [`${key}: ${value}`] : []);
    return [
      ...flag("kickolduser", options.kickolduser),
      ...flag("telnet-brk-on-sync", options.telnetBrkOnSync),
      ...(chardelay.enabled ? [] : ["chardelay: false"]),
      ...number("chardelay-scale", chardelay.scale, chardelay.explicit),
      ...number("chardelay-min", chardelay.minUs, chardelay.explicit),
      ...number("chardelay-max", chardelay.maxUs, chardelay.explicit),
      ...number("dev-to-net-bufsize", devToNetBufsize.bytes, devToNetBufsize.explicit),
      ...number("net-to-dev-bufsize", netToDevBufsize.bytes, netToDevBufsize.explicit),
      ...number("max-connections", options.maxConnections, options.maxConnections !== 1),
      ...mdnsLines(port, literal),
      ...text("remaddr", remaddr === null ? null : remaddr.map(one => one.text).join(";") || "0.0.0.0,1"),
      ...traceLines("read", options.traceRead, device.written),
      ...traceLines("write", options.traceWrite, device.written),
      ...traceLines("both", options.traceBoth, device.written),
      ...(options.ledRx === null ? [] : [`led-rx: *${this.#leds.get(JSON.stringify(options.ledRx))}`]),
      ...(options.ledTx === null ? [] : [`led-tx: *${this.#leds.get(JSON.stringify(options.ledTx))}`]),
      ...template("banner", options.banner),
      ...template("openstr", options.openstr),
      ...template("closestr", options.closestr),
      ...text("signature", options.signature),
      ...text("closeon", options.closeon && escapeCloseon(toText(options.closeon))),
    ];
  }

  #rotator(rotator: RotatorConfig): void {
    const { name, networkPort, ports } = rotator;
    const aliases = ports.flatMap(port => {
      const anchor = this.#connections.get(port);
      if (anchor === undefined) this.#lost(rotator, `Rotator ${name}: ${port}`, "there is no such port");
      return anchor ? [`*${anchor}`] : [];
    });
    if (aliases.length === 0) return;
    this.#lines.push(
      `rotator: &${this.#anchor(`rot${name}`)}`,
      `  accepter: ${quoted(address(networkPort))}`,
      `  connections: [ ${aliases.join(", ")} ]`,
    );
  }
}

/** Words of the port line that no part of the YAML stands for. */
function extensionWords(port: PortConfig): readonly string[] {
  const { state, options } = port;
  const own =
    /^(hold=|always-open$|replay=|trace-size=|trace-keep=|line-timestamp$|writer=|tell-user$|telnet-enter=|esp-auto-reset$)/;
  const words = optionWords(port).filter(word => own.test(word));
  return options.remctl && state !== "telnet" && state !== "off" ? ["remctl", ...words] : words;
}

function address({ family, transport, host, port }: NetworkPort): string {
  const anyHost = family === "ipv4" ? "0.0.0.0" : family === "ipv6" ? "::" : null;
  return [transport, ...(family === "any" ? [] : [family]), ...((host ?? anyHost) ? [host ?? anyHost] : []), port].join(
    ",",
  );
}

function solWords({ clearBreak, sol }: PortOptions): string[] {
  if (sol === null) return [];
  return [
    ...(clearBreak ? [] : ["nobreak"]),
    `authenticated=${sol.authenticated}`,
    `encrypted=${sol.encrypted}`,
    `shared-serial-alert=${sol.sharedSerialAlert}`,
    ...(sol.deassertOnConnect ? ["deassert-CTS-DCD-DSR-on-connect"] : []),
    `ack-timeout=${sol.ackTimeoutUs}`,
    `ack-retries=${sol.ackRetries}`,
  ];
}

function modemWord(name: string, isOn: boolean | null): readonly string[] {
  return isOn === null ? [] : [`${name}=${isOn ? "on" : "off"}`];
}

function rs485Word({ rs485 }: PortOptions): readonly string[] {
  if (rs485 === null) return [];
  const { delayBeforeMs, delayAfterMs, rtsOnSend, rxDuringTx } = rs485;
  return [
    `rs485=${delayBeforeMs}:${delayAfterMs}${rtsOnSend ? ":rts_on_send" : ""}${rxDuringTx ? ":rx_during_tx" : ""}`,
  ];
}

function traceLines(role: string, trace: TraceConfig | null, device: string): readonly string[] {
  if (trace === null) return [];
  const { file, hexdump, timestamp } = trace;
  return [
    `trace-${role}: ${literal(exportTemplate(file, device))}`,
    ...flag(`trace-${role}-hexdump`, hexdump),
    ...flag(`trace-${role}-timestamp`, timestamp),
  ];
}

function flag(key: string, isOn: boolean): readonly string[] {
  return isOn ? [`${key}: true`] : [];
}

/** Plain where no character has a meaning in YAML; otherwise between single quotes, where only a quote has one. */
function quoted(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9_./,()=-]*$/.test(text)) return text;
  return `'${text.replace(/[\x00-\x1f\x7f]/g, escapeByte).replaceAll("'", "''")}'`;
}

/** A text in which nothing is put in: `*(` and `*{` begin what ser2net 4 replaces. */
function literal(text: string): string {
  return quoted(text.replace(/\*([({])/g, "*$1*"));
}
