/** Makes the checked configuration of its sources, in one pass: a name or a DEFAULT counts for the lines after it. */
import type {
  Configuration,
  ControlSocket,
  DefaultValues,
  LedConfig,
  NamedText,
  OptionContext,
  PortConfig,
  Pulse,
  RotatorConfig,
  Rs485Config,
} from "./configuration.js";
import { readControlSocket } from "./control-socket.js";
import { readDefault } from "./defaults.js";
import { type Definition, readCloseon, readLed, readPulseText, readRs485 } from "./definitions.js";
import { type ConfigurationEnvironment, readDeviceName, readDeviceText } from "./device-name.js";
import type { Diagnostic } from "./diagnostic.js";
import type { Directive, LineDiagnostic, Span } from "./directive.js";
import {
  type LogicalLine,
  logicalLines,
  physicalTexts,
  placedDiagnostic,
  placeOf,
  type Source,
} from "./logical-lines.js";
import { readMetricsPort } from "./metrics-port.js";
import { isDiagnostic, parseDirective } from "./parse.js";
import { hideUnknownWord, readPortWords } from "./port-options.js";
import { type ControlPort, controlPortOf, servedPort, speedProblem, tcpPort, tlsProblem } from "./served-port.js";
import { yamlDiagnostic } from "./slips.js";
import { holdsSecret } from "./sol-words.js";
import type { TlsConfig } from "./tls-config.js";

type PortDirective = Extract<Directive, { kind: "port" }>;

/** Diagnostics reported for one source. Later lines still count. */
const MAX_DIAGNOSTICS = 10_000;
/** 68 years. The counter of the reference wraps beyond it. */
const LONGEST_TIMEOUT_SECONDS = 2_147_483_647;
const NOTHING = { value: null, diagnostics: [] };
const NO_CONTROL_PORT = { controlPort: null, controlPortPlace: null, controlPortDiagnostic: null };

/** All sources share one set of names and defaults; a later port of the same name takes the earlier one's place. */
export function readConfiguration(sources: readonly Source[], environment: ConfigurationEnvironment): Configuration {
  const builder = new ConfigurationBuilder(environment);
  for (const source of sources) builder.readSource(source);
  return builder.finish();
}

/** Builds the configuration line by line. A Map keeps the place of an entry that is replaced. */
class ConfigurationBuilder {
  readonly #ports = new Map<string, PortConfig>();
  readonly #rotators = new Map<string, RotatorConfig>();
  readonly #everyLed = new Map<string, LedConfig>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #faultyLines: string[] = [];
  readonly #texts = new Map<string, NamedText>();
  readonly #traceFiles = new Map<string, string>();
  readonly #leds = new Map<string, LedConfig>();
  readonly #rs485 = new Map<string, Rs485Config>();
  readonly #pulses = new Map<string, Pulse>();
  readonly #tls = new Map<string, TlsConfig>();
  readonly #sockets = new Map<string, ControlSocket>();
  readonly #metrics = new Map<string, string>();
  readonly #environment: ConfigurationEnvironment;
  #defaults: Partial<DefaultValues> = {};
  #controlPort: ControlPort = NO_CONTROL_PORT;
  #isFaulty = false;
  /** Lines of this source that define something. */
  #definitions = 0;
  #brokenFile: Diagnostic | null = null;
  #file: string | null = null;
  #line: LogicalLine = { text: "", number: 0, pieces: [], isUnfinished: false };

  constructor(environment: ConfigurationEnvironment) {
    this.#environment = environment;
  }

  readSource(source: Source): void {
    const before = this.#diagnostics.length;
    this.#file = source.file;
    this.#definitions = 0;
    const yaml = yamlDiagnostic(source);
    if (yaml !== null) this.#diagnostics.push(yaml);
    else for (const line of logicalLines(source)) this.#read(line);
    if (source.file === null || this.#definitions > 0) return;
    this.#brokenFile ??= this.#diagnostics[before] ?? null;
  }

  #read(line: LogicalLine): void {
    this.#line = line;
    this.#isFaulty = false;
    const parsed = parseDirective(line);
    if (isDiagnostic(parsed)) this.#report(parsed);
    else this.#take(parsed);
    if (!this.#isFaulty) {
      this.#definitions++;
      return;
    }
    for (const text of physicalTexts(line)) this.#faultyLines.push(text);
  }

  finish(): Configuration {
    return {
      ports: [...this.#ports.values()],
      rotators: [...this.#rotators.values()],
      leds: [...this.#everyLed.values()],
      ...this.#controlPort,
      controlSocket: this.#sockets.get("") ?? null,
      metricsPort: this.#metrics.get("") ?? null,
      finalContext: this.#context(),
      diagnostics: this.#diagnostics,
      faultyLines: this.#faultyLines,
      brokenFile: this.#brokenFile,
    };
  }

  #take(directive: Directive): void {
    switch (directive.kind) {
      case "port":
        this.#takePort(directive);
        break;
      case "text":
        this.#takeText(directive.type, directive.name, directive.text);
        break;
      case "tracefile":
        this.#traceFiles.set(directive.name, directive.file);
        break;
      case "rs485":
      case "pulse":
      case "tls":
        this.#takeNamed(directive);
        break;
      case "led":
        this.#takeLed(directive.name, directive.text);
        break;
      case "default":
        this.#takeDefault(directive.name, directive.value);
        break;
      case "rotator":
        this.#takeRotator(directive.name, directive.ports);
        break;
      case "control-port":
        this.#takeControlPort(directive.spec);
        break;
      case "control-socket":
        this.#define(this.#sockets, "", directive.spec, readControlSocket(directive.spec.text, this.#line.number));
        break;
      case "metrics":
        this.#define(this.#metrics, "", directive.spec, readMetricsPort(directive.spec, this.#line, this.#environment));
        break;
      default:
        directive satisfies never;
    }
  }

  #takePort(directive: PortDirective): void {
    const { name, state, options } = directive;
    const networkPort = servedPort(directive, this.#environment.serviceLookup);
    if (isDiagnostic(networkPort)) {
      this.#reportNumbered(networkPort);
      return;
    }
    const { value: device, warnings } = readDeviceName(directive.device, this.#texts, this.#environment);
    for (const warning of warnings) this.#reportNumbered(warning);
    if (isDiagnostic(device)) {
      this.#reportNumbered(device);
      return;
    }
    const { diagnostics, ...read } = readPortWords(options.text, networkPort, this.#context(), device.kind);
    // If the device was cut at a colon in a password, the rest of the password follows.
    const mayBeSecret = holdsSecret(directive.device.text);
    for (const { offset, text, numbered, expected } of diagnostics) {
      const message = mayBeSecret ? hideUnknownWord(text) : text;
      const found = { offset: options.offset + offset, message, expected };
      if (numbered) this.#reportNumbered(found);
      else this.#report(found);
    }
    const problem =
      speedProblem(device, read.line, directive.device.offset) ??
      tlsProblem(name, read.options, this.#environment.serviceLookup);
    if (problem !== null) {
      this.#reportNumbered(problem);
      return;
    }
    const timeoutSeconds = Math.min(Number(directive.timeout.text), LONGEST_TIMEOUT_SECONDS);
    const place = this.#place();
    this.#reportTwice(name, this.#ports.get(name));
    this.#definitions++; // whatever is wrong with its options
    this.#ports.set(name, { name, networkPort, state, timeoutSeconds, device, ...read, ...place });
  }

  #takeText(kind: NamedText["kind"], name: string, span: Span): void {
    const { text } = span;
    if (kind === "device") {
      const { named, diagnostics } = readDeviceText(span, this.#environment);
      this.#texts.set(name, named);
      for (const found of diagnostics) this.#reportNumbered(found);
    } else if (kind !== "closeon") {
      this.#texts.set(name, { kind, text, bytes: null });
    } else this.#define(this.#texts, name, span, readCloseon(text, this.#line.number));
  }

  #takeLed(name: string, text: Span): void {
    const led = readLed(name, text.text, this.#line.number);
    this.#define(this.#leds, name, text, led);
    if (led.value === null) return;
    // LEDs are set up in the order of their definitions; a repeated definition moves to the end.
    const key = JSON.stringify(led.value);
    this.#everyLed.delete(key);
    this.#everyLed.set(key, led.value);
  }

  #takeNamed(directive: Extract<Directive, { kind: "rs485" | "pulse" | "tls" }>): void {
    const { name, text } = directive;
    const { number } = this.#line;
    if (directive.kind === "tls")
      this.#define(this.#tls, name, text, this.#environment.readTls?.(name, text.text, number, this.#file) ?? NOTHING);
    else if (directive.kind === "rs485") this.#define(this.#rs485, name, text, readRs485(name, text.text, number));
    else this.#define(this.#pulses, name, text, readPulseText(name, text.text, number, this.#environment.readPulse));
  }

  #define<T>(
    known: Map<string, T>,
    name: string,
    { offset }: Span,
    { value, diagnostics: problems }: Definition<T>,
  ): void {
    for (const { message, expected, at = 0 } of problems) this.#report({ offset: offset + at, message, expected });
    if (value !== null) known.set(name, value);
  }

  #takeDefault(name: Span, value: Span | null): void {
    const setting = readDefault(name.text, value?.text ?? null);
    if ("set" in setting) {
      this.#defaults = { ...this.#defaults, ...setting.set };
      return;
    }
    const { message, tail, expected, at } = setting.problem;
    const { offset } = at === "value" && value !== null ? value : name;
    this.#report({ offset, message: `${message} on ${this.#line.number}${tail}`, expected });
  }

  #takeRotator({ text: name, offset }: Span, ports: Span): void {
    const networkPort = tcpPort({ text: name, offset }, this.#environment.serviceLookup);
    if (isDiagnostic(networkPort)) {
      this.#reportNumbered(networkPort);
      return;
    }
    const names = ports.text.match(/[^ \t\r\v\f]+/g) ?? [];
    const place = this.#place();
    this.#reportTwice(name, this.#rotators.get(name));
    this.#rotators.set(name, { name, networkPort, ports: names, ...place });
  }

  #takeControlPort(spec: Span): void {
    if (this.#controlPort.controlPort !== null) return; // the first line counts, even with an error
    const place = this.#place();
    const { diagnostic, ...found } = controlPortOf(spec, place, this.#environment.serviceLookup);
    const placed = diagnostic === null ? null : placedDiagnostic(diagnostic, this.#line, this.#file);
    this.#controlPort = { ...found, controlPortDiagnostic: placed };
  }

  #place() {
    const { file = this.#file, column } = placeOf(this.#line, 0);
    return { file, lineNumber: this.#line.number, column };
  }

  #context(): OptionContext {
    return {
      ...{ defaults: this.#defaults, texts: this.#texts, traceFiles: this.#traceFiles, leds: this.#leds },
      ...{ rs485: this.#rs485, pulses: this.#pulses, tls: this.#tls, serviceLookup: this.#environment.serviceLookup },
    };
  }

  /** Two lines of one file. A file may replace what a profile or -C has defined. */
  #reportTwice(name: string, earlier: PortConfig | RotatorConfig | undefined): void {
    if (earlier === undefined || earlier.file !== this.#file) return;
    const message = `Network port ${name} is defined twice, on line ${earlier.lineNumber} and on line ${this.#line.number}`;
    this.#push({ offset: 0, message, expected: "expected one line for each; the last one counts" });
  }

  #reportNumbered({ offset, message, expected }: LineDiagnostic): void {
    this.#report({ offset, message: `${message} on line ${this.#line.number}`, expected });
  }

  #report(fault: LineDiagnostic): void {
    this.#isFaulty = true;
    this.#push(fault);
  }

  #push(fault: LineDiagnostic): void {
    if (this.#diagnostics.length < MAX_DIAGNOSTICS) {
      this.#diagnostics.push(placedDiagnostic(fault, this.#line, this.#file));
    }
  }
}
