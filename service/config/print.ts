/** The effective configuration in its own language: reading it again gives the same configuration. */
import type { LineSettings } from "../line/settings.js";
import type {
  Configuration,
  ControlSocket,
  DefaultValues,
  LedConfig,
  NamedText,
  PortConfig,
  PortOptions,
  RemoteAddress,
  Rs485Config,
  TraceConfig,
} from "./configuration.js";
import type { NetworkPort } from "./network-port.js";
import type { SolOptions } from "./sol-target.js";
import { HIDDEN } from "./sol-words.js";

/** No line depends on another: options are written out, and DEFAULT lines come last, where they change no port. */
export function printConfiguration(configuration: Configuration): string {
  const printer = new Printer();
  if (hidesSecrets(configuration))
    printer.line(`# ${HIDDEN} stands for a secret of a SOL device, which is not printed.`);
  const { controlPort, controlPortDiagnostic } = configuration;
  if (controlPort !== null && controlPortDiagnostic === null) printer.line(`CONTROLPORT:${controlPort}`);
  const { controlSocket } = configuration;
  if (controlSocket !== null) printer.line(socketLine(controlSocket));
  if (configuration.metricsPort !== null) printer.line(`METRICS:${configuration.metricsPort}`);
  for (const { name, text } of configuration.finalContext.tls.values()) printer.line(`TLS:${name}:${text}`);
  for (const led of configuration.leds) printer.led(led);
  for (const port of configuration.ports) printer.port(port);
  for (const { name, ports } of configuration.rotators) printer.line(`ROTATOR:${name}:${ports.join(" ")}`);
  printer.end(configuration);
  return printer.text();
}

/** Keeps the names that are defined at the current line: a later line may redefine a name. */
class Printer {
  readonly #lines: string[] = [];
  readonly #texts = new Map<string, string>();
  readonly #traceFiles = new Map<string, string>();
  readonly #rs485 = new Map<string, string>();
  readonly #leds = new Map<string, string>();
  #ledOrder = new Set<string>();

  text(): string {
    return this.#lines.map(line => `${line}\n`).join("");
  }

  line(line: string): void {
    // A name may end in a backslash, and a line must not.
    this.#lines.push(line.endsWith("\\") ? `${line} ` : line);
  }

  port(port: PortConfig): void {
    const { device, options, names } = port;
    // A device that is not a name now must not be taken for one.
    if (device.path !== device.written || this.#texts.get(device.written)?.startsWith("DEVICE:")) {
      this.#define(this.#texts, device.written, textLine(device.written, "device", device.path));
    }
    const text = (kind: NamedText["kind"], name: string | undefined, value: string | null) => {
      if (name !== undefined && value !== null) this.#define(this.#texts, name, textLine(name, kind, value));
    };
    text("banner", names.banner, options.banner);
    text("openstr", names.openstr, options.openstr);
    text("closestr", names.closestr, options.closestr);
    text("signature", names.signature, options.signature);
    text("closeon", names.closeon, options.closeon && characters(options.closeon));
    const trace = (name: string | undefined, file: string | undefined) => {
      if (name !== undefined && file !== undefined) this.#define(this.#traceFiles, name, `TRACEFILE:${name}:${file}`);
    };
    trace(names.tr, options.traceRead?.file);
    trace(names.tw, options.traceWrite?.file);
    trace(names.tb, options.traceBoth?.file);
    if (options.ledRx !== null) this.led(options.ledRx);
    if (options.ledTx !== null) this.led(options.ledTx);
    if (options.rs485 !== null) this.rs485(options.rs485);
    this.line(`${port.name}:${port.state}:${port.timeoutSeconds}:${device.written}:${optionWords(port).join(" ")}`);
  }

  led(led: LedConfig): void {
    const line = ledLine(led);
    if (!this.#define(this.#leds, led.name, line)) return;
    this.#ledOrder.delete(line);
    this.#ledOrder.add(line);
  }

  rs485(rs485: Rs485Config): void {
    this.#define(this.#rs485, rs485.name, rs485Line(rs485));
  }

  /** Prints the DEFAULT lines that `setportconfig` starts from. */
  end({ finalContext, leds }: Configuration): void {
    for (const [name, { kind, text, target }] of inPrintedOrder(this.#texts, finalContext.texts)) {
      if (target === null) continue; // its line was wrong
      this.#define(this.#texts, name, textLine(name, kind, text));
    }
    for (const [name, file] of inPrintedOrder(this.#traceFiles, finalContext.traceFiles)) {
      this.#define(this.#traceFiles, name, `TRACEFILE:${name}:${file}`);
    }
    for (const [name, { text }] of finalContext.pulses) this.line(`PULSE:${name}:${text}`);
    for (const [, rs485] of inPrintedOrder(this.#rs485, finalContext.rs485)) this.rs485(rs485);
    // Definitions repeated for a port have changed which LED is set up last.
    if ([...this.#ledOrder].join("\n") !== leds.map(ledLine).join("\n")) {
      for (const led of leds) this.line(ledLine(led));
    }
    for (const [name, value] of Object.entries(finalContext.defaults)) this.line(defaultLine(name, value));
  }

  #define(known: Map<string, string>, name: string, line: string): boolean {
    if (known.get(name) === line) return false;
    known.set(name, line);
    this.line(line);
    return true;
  }
}

function hidesSecrets({ ports, finalContext }: Configuration): boolean {
  const named = [...finalContext.texts.values()].map(({ target }) => target ?? null);
  return [...ports.map(({ device }) => (device.kind === "sol" ? device.target : null)), ...named].some(
    target => target?.password.kind === "text" || target?.bmcKey.kind === "text",
  );
}

/** In the order in which the printed lines define the names, so that reading and printing them again gives the same text. */
function* inPrintedOrder<T>(
  printed: ReadonlyMap<string, string>,
  named: ReadonlyMap<string, T>,
): Generator<[string, T]> {
  for (const name of new Set([...printed.keys(), ...named.keys()])) {
    const value = named.get(name);
    if (value !== undefined) yield [name, value];
  }
}

/** The words of a port line, written out in full. */
export function optionWords({ line, options, names, networkPort }: PortConfig): string[] {
  const { chardelay } = options;
  const bufsize = (word: string, size: { bytes: number; explicit: boolean }) =>
    when(size.explicit, `${word}=${size.bytes}`);
  return [
    String(line.speed),
    ...(options.sol === null ? lineWords(line) : solWords(options.sol)),
    ...when(!options.clearBreak, "NOBREAK"),
    ...when(options.remctl, "remctl"),
    ...when(options.kickolduser, "kickolduser"),
    ...when(options.telnetBrkOnSync, "telnet_brk_on_sync"),
    ...when(!chardelay.enabled, "-chardelay"),
    ...when(
      chardelay.explicit,
      `chardelay-scale=${chardelay.scale}`,
      `chardelay-min=${chardelay.minUs}`,
      `chardelay-max=${chardelay.maxUs}`,
    ),
    ...bufsize("dev-to-net-bufsize", options.devToNetBufsize),
    ...bufsize("net-to-dev-bufsize", options.netToDevBufsize),
    ...when(options.maxConnections !== 1, `max-connections=${options.maxConnections}`),
    ...when(options.holdSeconds !== 0, `hold=${options.holdSeconds}`),
    ...when(options.alwaysOpen, "always-open"),
    ...when(options.replayBytes !== 0, `replay=${options.replayBytes}`),
    ...when(options.traceSize !== 0, `trace-size=${options.traceSize}`),
    ...when(options.traceKeep !== 4, `trace-keep=${options.traceKeep}`),
    ...when(options.lineTimestamp, "line-timestamp"),
    ...peopleWords(options),
    ...named("tls=", options.tls ?? undefined),
    ...modemLines(options),
    ...(options.remaddr === null ? [] : [`remaddr=${addresses(options.remaddr, networkPort)}`]),
    ...traceWords("tr", options.traceRead, names.tr),
    ...traceWords("tw", options.traceWrite, names.tw),
    ...traceWords("tb", options.traceBoth, names.tb),
    ...named("led-rx=", options.ledRx?.name),
    ...named("led-tx=", options.ledTx?.name),
    ...named("rs485=", options.rs485?.name),
    ...[names.banner, names.openstr, names.closestr, names.signature, names.closeon].flatMap(name => named("", name)),
  ];
}

function when(condition: boolean, ...words: readonly string[]): readonly string[] {
  return condition ? words : [];
}

function named(word: string, name: string | undefined): readonly string[] {
  return name === undefined ? [] : [`${word}${name}`];
}

function traceWords(role: string, trace: TraceConfig | null, name: string | undefined): readonly string[] {
  if (trace === null) return [];
  return [
    ...named(`${role}=`, name),
    ...when(trace.hexdump, `${role}-hexdump`),
    ...when(trace.timestamp, `${role}-timestamp`),
  ];
}

function peopleWords({ writer, tellUser, telnetEnter, mdns }: PortOptions): string[] {
  return [
    ...when(writer !== "all", `writer=${writer}`),
    ...when(tellUser, "tell-user"),
    ...when(telnetEnter !== "crlf", `telnet-enter=${telnetEnter}`),
    ...when(mdns !== null, mdns === "" ? "mdns" : `mdns=${mdns}`),
  ];
}

function modemLines({ dtr, rts, espAutoReset }: PortConfig["options"]): readonly string[] {
  const state = (name: string, on: boolean | null) => when(on !== null, `${name}=${on ? "on" : "off"}`);
  return [...state("dtr", dtr), ...state("rts", rts), ...when(espAutoReset, "esp-auto-reset")];
}

function lineWords(line: LineSettings): string[] {
  return [
    `${line.dataBits}DATABITS`,
    line.parity.toUpperCase(),
    line.stopBits === 2 ? "2STOPBITS" : "1STOPBIT",
    ...(line.xonxoffIn && line.xonxoffOut ? ["XONXOFF"] : []),
    ...(line.rtscts ? ["RTSCTS"] : []),
    ...(line.local ? ["LOCAL"] : []),
    ...(line.hangupWhenDone ? ["HANGUP_WHEN_DONE"] : []),
  ];
}

function solWords(sol: SolOptions): string[] {
  return [
    sol.authenticated ? "authenticated" : "-authenticated",
    sol.encrypted ? "encrypted" : "-encrypted",
    `shared_serial_alert_${sol.sharedSerialAlert}`,
    ...(sol.deassertOnConnect ? ["deassert_CTS_DCD_DSR_on_connect"] : []),
    `ack-timeout=${sol.ackTimeoutUs}`,
    `ack-retries=${sol.ackRetries}`,
  ];
}

/** An empty list admits no peer, and neither does the address that no peer has. */
function addresses(list: readonly RemoteAddress[], { transport }: NetworkPort): string {
  const noAddress = transport === "udp" ? "udp,0" : "0";
  return list.map(address => address.text).join(";") || noAddress;
}

function socketLine({ path, mode, group, admin }: ControlSocket): string {
  return `CONTROLSOCKET:${path ?? "off"}:mode=0${mode.toString(8)} group=${group} admin=${admin}`;
}

function textLine(name: string, kind: NamedText["kind"], text: string): string {
  return `${kind.toUpperCase()}:${name}:${kind === "closeon" ? escapeCloseon(text) : text}`;
}

function characters(bytes: Uint8Array): string {
  return Array.from(bytes, byte => String.fromCharCode(byte)).join("");
}

function escapeCloseon(text: string): string {
  return text.replace(/[^ -[\]-~]/g, byte => `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

function ledLine({ name, device, durationMs, state }: LedConfig): string {
  return `LED:${name}:sysfs:device=${device} duration=${durationMs} state=${state}`;
}

function rs485Line({ name, delayBeforeMs, delayAfterMs, rtsOnSend, rxDuringTx }: Rs485Config): string {
  return `RS485CONF:${name}:${delayBeforeMs}:${delayAfterMs}:${rtsOnSend ? 1 : 0}:${rxDuringTx ? 1 : 0}`;
}

function defaultLine(name: string, value: DefaultValues[keyof DefaultValues]): string {
  const text = typeof value === "boolean" ? Number(value) : name === "parity" ? String(value).toUpperCase() : value;
  return `DEFAULT:${name}:${text}`;
}
