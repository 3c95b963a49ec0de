/** At a start, takes over what the previous process has left (docs/ota.md). A part of handover.cjs. */
import type { PortConfig } from "../config/configuration.js";
import type { NetworkPort } from "../config/network-port.js";
import type { ControlServer } from "../control/server.js";
import type { Device } from "../device/device.js";
import { adoptDevice, descriptorIdentity, deviceIdentity, type OpenRequest } from "../device/open.js";
import { definitionMark } from "../handover/definition.js";
import { decodeState } from "../handover/entry.js";
import type {
  AttachState,
  ConnectionState,
  DaemonState,
  DeviceState,
  PortState,
  TraceState,
} from "../handover/state.js";
import { unmappedText } from "../line/address.js";
import { monotonicMs } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { readSealedFile } from "../native/handover.js";
import { localAddress } from "../native/sockets.js";
import { claimDescriptor, endDescriptor, unclaimed } from "../native/stored-descriptors.js";
import { listenAddresses } from "../net/addresses.js";
import type { Link } from "../net/link.js";
import { adoptTcpLink } from "../net/tcp.js";
import type { PortHandover, StoredPort } from "../port/handover.js";
import type { Registry } from "../port/registry.js";
import { loadSol } from "./bundles.js";
import { readJournalFile } from "./journal.js";
import { rebuiltConnection, rebuiltDevice, rebuiltSession } from "./rebuilt.js";

/** The largest state that is read; the store may cost less than that (docs/units.md). */
const MOST_BYTES = 64 * 1024 * 1024;

/** What the previous process has left: its state (of an orderly end, or of the journal after a crash) and its descriptors. */
export class TakenOver implements PortHandover {
  /** Counts of what was taken over so far, for `summary`. */
  connections = 0;
  devices = 0;
  bytes = 0;
  /** Version of the program that wrote the state; null: there is none, only descriptors. */
  readonly from: string | null;
  readonly state: DaemonState | null;
  /** Age of the state, in milliseconds; null: not known. */
  readonly #ageMs: number | null;
  readonly #traces: TraceState[];
  #sessions = 0;
  readonly #isWhole: boolean;
  #isOver = false;
  /** Descriptors of the journals, open until this process has a journal of its own. */
  readonly #journals: number[] = [];
  /** Names of the ports that have called `take`. */
  readonly #taken = new Set<string>();
  #ports: Registry | null = null;
  #server: (() => ControlServer | null) | null = null;
  readonly #request: (config: PortConfig) => OpenRequest;

  /** @param isWhole true: the state is that of an orderly end; false: of a journal, which lacks bytes under way */
  private constructor(
    state: DaemonState | null,
    from: string | null,
    request: (config: PortConfig) => OpenRequest,
    isWhole: boolean,
  ) {
    this.state = state;
    this.#isWhole = isWhole;
    this.from = from;
    this.#request = request;
    this.#traces = [...(state?.traces ?? [])];
    this.#ageMs = state === null || !isWhole ? null : Math.max(0, monotonicMs() - state.takenMs);
  }

  get nextConnectionId(): number {
    return this.state?.nextConnectionId ?? 0;
  }

  /** Reads what the previous process has left. @param request how a device of that definition would be opened */
  static read(log: Log, request: (config: PortConfig) => OpenRequest): TakenOver {
    const { state, version } = readState(log);
    const journals = unclaimed("j").flatMap(({ name }) => claimDescriptor(name) ?? []);
    const taken = new TakenOver(state ?? readJournals(journals, log), version, request, state !== null);
    taken.#journals.push(...journals);
    return taken;
  }

  /** Call before the daemon starts. */
  use(ports: Registry, server: () => ControlServer | null): void {
    this.#ports = ports;
    this.#server = server;
  }

  /** Null too once all ports are served: a port that comes later is as it is configured. */
  changes(config: PortConfig): PortState | null {
    const found = this.#isOver ? undefined : this.state?.ports.find(({ name }) => name === config.name);
    return found?.definition === definitionMark(config) ? found : null;
  }

  take(config: PortConfig): StoredPort | null {
    if (config.networkPort.port === 0 || this.#taken.has(config.name)) return null;
    this.#taken.add(config.name);
    const { state } = this;
    if (state === null) return this.#rebuild(config, new Set());
    const is = (one: { readonly port: string }): boolean => one.port === config.name;
    const device = state.devices.find(is) ?? null;
    if (device !== null && device.path !== config.device.path) return null;
    const connections = state.connections.filter(is);
    const rest = this.#isWhole ? null : this.#rebuild(config, new Set(connections.map(({ name }) => name)));
    return { device: device ?? rest?.device ?? null, connections: [...connections, ...(rest?.connections ?? [])] };
  }

  nextOfRotator(name: string): number | null {
    if (this.#isOver) return null;
    return this.state?.rotators.find(one => one.name === name)?.next ?? null;
  }

  link(state: ConnectionState): Link | null {
    const fd = claimDescriptor(state.name);
    if (fd === null) return null;
    const link = adoptTcpLink(fd, this.state === null ? null : state.peer);
    if (link === null) endDescriptor(fd);
    else this.connections++;
    this.bytes += state.unsent.length;
    return link === null || state.attach === null ? link : this.#attached(link, state, state.attach);
  }

  /** Resumes a control session that is attached to a port: with its port, before `resumeSessions` resumes the others. */
  #attached(link: Link, { name, port: portName }: ConnectionState, attach: AttachState): Link | null {
    const before = this.state?.controlSessions.find(one => one.name === name);
    const session = before ?? { ...rebuiltSession(name), unsent: new Uint8Array(0) };
    const port = this.#ports?.find(portName) ?? null;
    const server = this.#server?.() ?? null;
    return port === null || server === null ? null : server.resumeAttached(link, session, port, attach);
  }

  device(state: DeviceState, config: PortConfig): Device | null {
    const fd = claimDescriptor(state.name);
    if (fd === null) return null;
    const isKnown = this.state !== null;
    const request = this.#request(config);
    const device =
      config.device.kind === "sol"
        ? loadSol().adoptConsole(fd, state, config, request.warn)
        : adoptDevice(request, fd, isKnown ? state : null);
    if (device === null) return null;
    this.devices++;
    this.bytes += state.transfer.unwritten.length;
    const isChanged = JSON.stringify(state.configuredLine) !== JSON.stringify(config.line);
    try {
      if (isKnown && isChanged) device.line?.set(config.line);
    } catch (error) {
      void device.close(0); // at once: nothing was written
      throw error;
    }
    return device;
  }

  /** The file that the port had open for that template, at the first call only; null: it had none. */
  traceFile(port: string, template: string): TraceState | null {
    const at = this.#traces.findIndex(one => one.port === port && one.template === template);
    return at < 0 ? null : (this.#traces.splice(at, 1)[0] ?? null);
  }

  /** Resumes the sessions of the control port. Call when the ports are served. */
  resumeSessions(): void {
    const whole = this.#isWhole ? this.state : null;
    const known = whole?.controlSessions ?? unclaimed("m").map(({ name }) => rebuiltSession(name));
    const control = known.length === 0 ? null : this.#server?.();
    if (control == null) return;
    for (const before of known) {
      const fd = claimDescriptor(before.name);
      const link = fd === null ? null : adoptTcpLink(fd, whole === null ? null : before.peer);
      if (link !== null) control.resume(link, before);
      else if (fd !== null) endDescriptor(fd);
      if (link !== null) this.#sessions++;
    }
  }

  /** Number of connections that the service manager has not kept: its store was full, or they were reset. */
  get missing(): number {
    if (!this.#isWhole) return 0;
    return (
      (this.state?.connections ?? []).filter(({ transport, name }) => transport !== "udp" && name !== "").length -
      this.connections
    );
  }

  /** Call when all ports have taken their part: what is opened later begins anew. */
  end(): void {
    this.#isOver = true;
    this.#traces.length = 0;
    const consoles = this.state?.devices.filter(({ kind }) => kind === "sol") ?? [];
    if (consoles.length > 0) loadSol().endConsoles(consoles);
    for (const fd of this.#journals.splice(0)) endDescriptor(fd);
  }

  /** `took over 12 connections, 4 devices, 1843 bytes, after 0.21 s`; null: nothing was taken over. */
  summary(): string | null {
    if (this.connections + this.devices + this.#sessions === 0) return null;
    const age = this.#ageMs === null ? "" : `, after ${(this.#ageMs / 1000).toFixed(2)} s`;
    return `took over ${count(this.connections, "connection")}, ${count(this.devices, "device")}, ${count(this.bytes, "byte")}${age}`;
  }

  /** After a crash: makes the state from what the descriptors themselves tell. @param known names that have a state */
  #rebuild(config: PortConfig, known: ReadonlySet<string>): StoredPort | null {
    const found = unclaimed("c").filter(({ name, fd }) => !known.has(name) && serves(config.networkPort, fd));
    const connections = found.map(({ name }, slot) => rebuiltConnection(name, slot, config));
    if (connections.length === 0) return null;
    const identity = deviceIdentity(config.device.path);
    const device = unclaimed("d").find(({ fd }) => descriptorIdentity(fd) === identity);
    return {
      device: device === undefined ? null : rebuiltDevice(device.name, config),
      connections,
    };
  }
}

function readState(log: Log): { readonly state: DaemonState | null; readonly version: string | null } {
  const fd = claimDescriptor("state");
  if (fd === null) return { state: null, version: null };
  try {
    const bytes = readSealedFile(fd, MOST_BYTES);
    if (bytes === null) throw new Error("it is not sealed, or too large");
    const { state, version, problems } = decodeState(bytes);
    for (const problem of problems.slice(0, 5)) log.warning(`The state of the last run: ${problem}`);
    return { state, version };
  } catch (error) {
    log.warning(`The state of the last run cannot be used: ${reasonOf(error)}`);
    return { state: null, version: null };
  } finally {
    endDescriptor(fd);
  }
}

/** The state in the newest journal that has one; null: none has. */
function readJournals(files: readonly number[], log: Log): DaemonState | null {
  const states = files.flatMap(fd => {
    try {
      return readJournalFile(fd) ?? [];
    } catch (error) {
      log.warning(`The journal of the last run cannot be read: ${reasonOf(error)}`);
      return [];
    }
  });
  return states.reduce<DaemonState | null>(
    (best, one) => (best === null || one.takenMs > best.takenMs ? one : best),
    null,
  );
}

/** Whether the connection was accepted on that network port. */
function serves(spec: NetworkPort, fd: number): boolean {
  try {
    const { address, port } = localAddress(fd);
    if (spec.transport !== "tcp" || port !== spec.port) return false;
    const wanted = listenAddresses(spec)?.map(one => one.address) ?? null;
    return wanted === null || wanted.some(one => one === "::" || one === "0.0.0.0" || one === unmappedText(address));
  } catch {
    return false; // it is not a socket
  }
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
