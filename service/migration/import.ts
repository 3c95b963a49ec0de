/** A YAML configuration of ser2net 4 as lines of ser2net.conf, with a list of what is not carried over. */
import { type Diagnostic, errorsOf } from "../config/diagnostic.js";
import { oneLine } from "../log/one-line.js";
import { readAccepter } from "./accepter.js";
import { defaultLines, hasDefault } from "./class-defaults.js";
import { importConnection } from "./connection.js";
import { ImportContext, type ImportedPort } from "./context.js";
import { tlsLine } from "./ssl.js";
import { continuedLines } from "./texts.js";
import { type Place, readYaml, type YamlEntry, type YamlNode } from "./tree.js";

export interface ImportEnvironment {
  /** The names of the files of an `include:`, sorted. Throws where the folder cannot be read. */
  readonly filesOf: (pattern: string, from: string) => readonly string[];
  /** Throws what says why the file cannot be read. */
  readonly readSource: (file: string) => Uint8Array;
  /** What the reader of the configuration says to a text. */
  readonly check: (text: string) => readonly Diagnostic[];
}

interface Imported {
  /** The configuration: the check has no errors in it. */
  readonly text: string;
  readonly diagnostics: readonly Diagnostic[];
}

/** Lines that stand or fall together, and where they come from. */
interface Block {
  readonly lines: readonly string[];
  readonly place: Place;
  /** `connection con1` */
  readonly what: string;
}

const MAX_FILES = 200;
const DEEPEST_INCLUDE = 8;
/** Rounds of the check: each takes out what it refuses. */
const MAX_ROUNDS = 4;

const NOT_CARRIED = "it is not carried over";
const NO_CONNECTION = "there is no connection of this name before this line";

export function importYaml(file: string, environment: ImportEnvironment): Imported {
  const importer = new Importer(environment);
  importer.readSource(file, 0);
  return importer.finish(file);
}

class Importer {
  readonly #context = new ImportContext();
  readonly #environment: ImportEnvironment;
  readonly #blocks: Block[] = [];
  /** By network port: the connection. */
  readonly #ports = new Map<string, string>();
  #files = 0;

  constructor(environment: ImportEnvironment) {
    this.#environment = environment;
  }

  readSource(file: string, depth: number): void {
    this.#files++;
    const { root, diagnostics } = readYaml(this.#environment.readSource(file), file);
    for (const { message, expected, ...place } of diagnostics)
      this.#context.lost({ ...place, file }, message, expected);
    if (root?.kind === "map") for (const entry of root.entries) this.#take(entry, file, depth);
    else if (diagnostics.length === 0) {
      this.#context.lost(
        { file, line: 1, column: 1 },
        "This is not a YAML configuration of ser2net 4",
        "expected connection: &<name>",
      );
    }
  }

  #take(entry: YamlEntry, file: string, depth: number): void {
    const { key, value, place } = entry;
    switch (key) {
      case "define":
        this.#define(entry);
        break;
      case "connection":
        this.#takeConnection(value, place);
        break;
      case "rotator":
        this.#takeRotator(value, place);
        break;
      case "led":
        this.#takeLed(value, place);
        break;
      case "default":
      case "delete_default":
        this.#takeDefault(key, value, place);
        break;
      case "admin":
        this.#takeAdmin(value, place);
        break;
      case "include":
        this.#include(entry, file, depth);
        break;
      default:
        this.#context.lost(place, `${key} is not a part of a configuration of ser2net 4`, null);
    }
  }

  #define(entry: YamlEntry): void {
    const { value, place } = entry;
    const read = this.#context.value(entry);
    if (read !== null && value.kind === "text" && value.anchor === null)
      this.#context.lost(place, "define without a name", "expected define: &<name> <text>");
  }

  #takeConnection(value: YamlNode, place: Place): void {
    const found = this.#named("connection", value, place);
    if (found === null) return;
    const { name, entries } = found;
    const port = importConnection(name, entries, place, this.#context);
    const other = typeof port === "string" ? undefined : this.#ports.get(port.networkPort);
    const read = other === undefined ? port : `its network port is that of connection ${other}`;
    if (typeof read !== "string") this.#ports.set(read.networkPort, name);
    this.#context.connections.set(name, typeof read === "string" ? null : read);
    if (typeof read !== "string") this.#blocks.push({ lines: read.lines, place, what: `connection ${name}` });
    else this.#refuse(place, `connection ${name}`, read);
  }

  #refuse(place: Place, what: string, reason: string): void {
    this.#context.lost(place, `${what} is not carried over`, reason);
    this.#blocks.push({ lines: [`# ${oneLine(`${what} is not carried over: ${reason}`)}`], place, what });
  }

  #named(
    what: string,
    value: YamlNode,
    place: Place,
  ): { readonly name: string; readonly entries: readonly YamlEntry[] } | null {
    if (value.kind === "map" && value.anchor !== null) return { name: value.anchor, entries: value.entries };
    this.#context.lost(place, `${what} is not carried over`, `expected ${what}: &<name> and its parts`);
    return null;
  }

  #takeRotator(value: YamlNode, place: Place): void {
    const found = this.#named("rotator", value, place);
    if (found === null) return;
    const what = `rotator ${found.name}`;
    let accepter: string | null = null;
    const ports: ImportedPort[] = [];
    for (const entry of found.entries) {
      const { key, value: part } = entry;
      if (key === "accepter") accepter = this.#context.value(entry)?.text ?? null;
      else if (key === "connections" && part.kind === "list") {
        for (const item of part.items) this.#rotated(item, what, ports);
      } else if (key !== "options" && key !== "connections")
        this.#context.lost(entry.place, `${key} is not a part of a rotator`, null);
    }
    const read = readAccepter(accepter ?? "", this.#context);
    if (typeof read === "string") this.#refuse(place, what, `accepter: ${read}`);
    else if (read.isUdp) this.#refuse(place, what, "a rotator is served by TCP alone");
    else if (read.tls !== null) this.#refuse(place, what, "a rotator is served without TLS");
    else if (ports.length === 0) this.#refuse(place, what, "it has no connections");
    else {
      if (ports.some(({ isTelnet }) => isTelnet !== read.isTelnet))
        this.#context.note(
          place,
          `${what}: its ports speak telnet or not as their own lines say`,
          "not as the accepter of the rotator",
        );
      this.#blocks.push({
        lines: [`ROTATOR:${read.networkPort}:${ports.map(({ networkPort }) => networkPort).join(" ")}`],
        place,
        what,
      });
    }
  }

  #rotated(item: YamlNode, what: string, ports: ImportedPort[]): void {
    const name = item.kind === "alias" ? item.name : item.kind === "text" ? item.text : "";
    const port = this.#context.connections.get(name);
    if (port && !port.hasTls) ports.push(port);
    else
      this.#context.lost(
        item.place,
        `${what}: ${name} is not in it`,
        port ? "a rotator leaves out ports with TLS" : port === null ? NOT_CARRIED : NO_CONNECTION,
      );
  }

  #takeLed(value: YamlNode, place: Place): void {
    const found = this.#named("led", value, place);
    if (found === null) return;
    const parts = new Map<string, string>();
    const read = (entry: YamlEntry) => {
      if (entry.value.kind === "map") for (const one of entry.value.entries) read(one);
      else parts.set(entry.key, this.#context.value(entry)?.text ?? "");
    };
    for (const entry of found.entries) read(entry);
    const [driver, device, duration = "10", state = "1"] = ["driver", "device", "duration", "state"].map(key =>
      parts.get(key),
    );
    const what = `led ${found.name}`;
    if (driver !== "sysfs") this.#refuse(place, what, "expected driver: sysfs");
    else if (!device) this.#refuse(place, what, "it has no device");
    else {
      const { name, line } = this.#context.define(found.name, [
        "LED:",
        `:sysfs:device=${device} duration=${duration} state=${state === "0" ? 0 : 1}`,
      ]);
      if (!/^[01]$/.test(state)) this.#context.note(place, `${what}: state ${state} is 1`, "an LED is on or off");
      if (line !== null) this.#blocks.push({ lines: [line], place, what });
      this.#context.leds.set(found.name, name);
    }
  }

  #takeDefault(key: string, value: YamlNode, place: Place): void {
    const parts = new Map<string, string>();
    if (value.kind === "map")
      for (const entry of value.entries) parts.set(entry.key, this.#context.value(entry)?.text ?? "");
    const [name = "", text, className = ""] = ["name", "value", "class"].map(part => parts.get(part));
    if (name === "") this.#context.lost(place, `${key} without a name`, null);
    else if (key === "delete_default") this.#context.setDefault(className, name, null);
    else {
      this.#context.setDefault(className, name, text ?? "");
      const reason = `ser2net.conf has no such default${className === "" ? "" : ` for ${className}`}`;
      if (!hasDefault(className, name)) this.#context.lost(place, `The default ${name} is not carried over`, reason);
    }
  }

  #takeAdmin(value: YamlNode, place: Place): void {
    const entry = value.kind === "map" ? value.entries.find(({ key }) => key === "accepter") : undefined;
    const read = readAccepter((entry && this.#context.value(entry)?.text) ?? "", this.#context);
    if (typeof read === "string") this.#refuse(place, "admin", `accepter: ${read}`);
    else if (read.isUdp) this.#refuse(place, "admin", "the control port is served by TCP alone");
    else {
      for (const one of read.lost) this.#context.lost(place, "A part of the accepter is not carried over", one);
      const tls = read.tls && tlsLine("admin", read.tls, null, place, this.#context);
      const control = `CONTROLPORT:${tls === null ? "" : `tls:${tls.name},`}${read.networkPort}`;
      this.#blocks.push({ lines: [...(tls?.line ? [tls.line] : []), control], place, what: "admin" });
    }
  }

  #include(entry: YamlEntry, from: string, depth: number): void {
    const pattern = this.#context.value(entry)?.text;
    if (pattern === undefined) return;
    const { place } = entry;
    if (depth === DEEPEST_INCLUDE) {
      this.#context.lost(place, `${pattern} is not read`, "files include each other too often");
      return;
    }
    try {
      for (const file of this.#environment.filesOf(pattern, from)) {
        if (this.#files === MAX_FILES) throw new Error(`at most ${MAX_FILES} files are read`);
        this.readSource(file, depth + 1);
      }
    } catch (error) {
      this.#context.lost(place, `${pattern} is not read`, error instanceof Error ? error.message : String(error));
    }
  }

  /** Blocks that the reader of the configuration refuses are left out, and listed with its words. */
  finish(file: string): Imported {
    const blocks: Block[] = [
      {
        lines: ["# Written by ser2net import from", `# ${oneLine(file)}`],
        place: { file, line: 1, column: 1 },
        what: "",
      },
      ...this.#blocks,
    ];
    blocks.push({ lines: defaultLines(this.#context), place: { file, line: 1, column: 1 }, what: "the defaults" });
    for (let round = 0; ; round++) {
      const lines = blocks.flatMap(block => block.lines);
      const text = lines.map(line => `${line}\n`).join("");
      const continued = continuedLines(lines);
      const errors = continued.length > 0 ? continued : errorsOf(this.#environment.check(text));
      if (errors.length === 0) return { text, diagnostics: this.#context.inFileOrder() };
      if (round === MAX_ROUNDS) throw new Error(`the configuration cannot be made: ${errors[0]?.message}`);
      this.#leaveOut(blocks, errors);
    }
  }

  #leaveOut(blocks: Block[], errors: readonly Diagnostic[]): void {
    const byLine = new Map<number, Diagnostic>();
    for (const error of errors) if (!byLine.has(error.line)) byLine.set(error.line, error);
    let line = 0;
    for (const [index, block] of blocks.entries()) {
      const { lines, place, what } = block;
      const found = lines.map(() => byLine.get(++line)).find(Boolean);
      if (found === undefined) continue;
      const reason = `${found.message.replace(/,? (?:and )?on line \d+/g, "")}${found.expected === null ? "" : `, ${found.expected}`}`;
      this.#context.lost(place, `${what} is not carried over`, reason);
      const isPort = found === byLine.get(line);
      // Definitions before a port may be those of other ports too.
      const left = (one: string, at: number) => (isPort && at < lines.length - 1 ? one : `# ${oneLine(one)}`);
      blocks[index] = { lines: lines.map(left), place, what };
    }
  }
}
