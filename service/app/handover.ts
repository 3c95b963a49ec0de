/**
 * From one process to the next: the state of the daemon in sealed memory beside the descriptors, and what is taken over at a
 * start (docs/ota.md). The codec is a bundle of its own, loaded only where there is a store.
 */
import { VERSION } from "../cli.js";
import type { PortConfig } from "../config/configuration.js";
import type { NetworkPort } from "../config/network-port.js";
import type { ControlServer } from "../control/server.js";
import { NO_BREAK } from "../device/break.js";
import type { Device } from "../device/device.js";
import { adoptDevice, descriptorIdentity, deviceIdentity, type OpenRequest } from "../device/open.js";
import type {
  ConnectionState,
  ControlSessionState,
  DaemonState,
  DeviceState,
  PortState,
  TelnetState,
  TraceState,
} from "../handover/state.js";
import { unmappedText } from "../line/address.js";
import { toBytes } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { readSealedFile, sealedFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";
import { localAddress } from "../native/sockets.js";
import { claimDescriptor, endDescriptor, handOver, unclaimed } from "../native/stored-descriptors.js";
import { listenAddresses } from "../net/addresses.js";
import type { Link } from "../net/link.js";
import { adoptTcpLink } from "../net/tcp.js";
import { definitionMark, type PortHandover, type StoredPort } from "../port/handover.js";
import type { Registry } from "../port/registry.js";
import { allAgreed, CONTROL_PORT_POLICY, dataPortPolicy } from "../telnet/negotiation.js";

/** 64 MB: more than the store may cost (docs/units.md). */
const MOST_BYTES = 64 * 1024 * 1024;
/** How long the service manager may take to read what it is told last; then the process ends anyway. */
const BARRIER_MS = 5000;
const NOTHING = new Uint8Array(0);

function codec(): typeof import("../handover/entry.js") {
  return loadModule<typeof import("../handover/entry.js")>("./handover.cjs");
}

/** Puts the state into the store, beside the descriptors. False: there is no store, or it could not be done. */
export function giveState(state: DaemonState, log: Log): boolean {
  try {
    return handOver(sealedFile(codec().encodeState(state, VERSION)), BARRIER_MS);
  } catch (error) {
    log.error(`The state cannot be handed over: ${reasonOf(error)}`);
    return false;
  }
}

/** What the next process needs to know of ports and sessions. Nothing may happen to either afterwards. */
export function daemonState(ports: Registry, control: ControlServer): DaemonState {
  const controlSessions = control.states(); // first: it makes the output of commands under way
  const states = ports.list().map(port => port.state());
  return {
    takenMs: monotonicMs(),
    nextConnectionId: Math.max(0, ...states.flatMap(({ connections }) => connections.map(({ id }) => id))),
    ports: states.map(({ port }) => port),
    listeners: [],
    rotators: [],
    connections: states.flatMap(({ connections }) => connections),
    devices: states.flatMap(({ device }) => device ?? []),
    traces: states.flatMap(({ traces }) => traces),
    controlSessions,
  };
}

/** What a process is started with: sockets of a socket unit, and what the process before it has left. */
export interface HandedOver {
  readonly sockets: readonly number[];
  /** Null: nothing. */
  readonly takenOver: TakenOver | null;
}

export class TakenOver implements PortHandover {
  connections = 0;
  devices = 0;
  bytes = 0;
  /** Of the program that wrote the state; null: there is none, only descriptors. */
  readonly from: string | null;
  readonly state: DaemonState | null;
  /** How long the state is old, in milliseconds; null: not known. */
  readonly #ageMs: number | null;
  readonly #traces: TraceState[];
  #sessions = 0;
  readonly #taken = new Set<string>();
  readonly #request: (config: PortConfig) => OpenRequest;

  private constructor(state: DaemonState | null, from: string | null, request: (config: PortConfig) => OpenRequest) {
    this.state = state;
    this.from = from;
    this.#request = request;
    this.#traces = [...(state?.traces ?? [])];
    this.#ageMs = state === null ? null : Math.max(0, monotonicMs() - state.takenMs);
  }

  get nextConnectionId(): number {
    return this.state?.nextConnectionId ?? 0;
  }

  /** Reads what the process before this one has left. @param request how a device of that definition would be opened */
  static read(log: Log, request: (config: PortConfig) => OpenRequest): TakenOver {
    const fd = claimDescriptor("state");
    if (fd === null) return new TakenOver(null, null, request);
    try {
      const bytes = readSealedFile(fd, MOST_BYTES);
      if (bytes === null) throw new Error("it is not sealed, or too large");
      const { state, version, problems } = codec().decodeState(bytes);
      for (const problem of problems.slice(0, 5)) log.warning(`The state of the last run: ${problem}`);
      return new TakenOver(state, version, request);
    } catch (error) {
      log.warning(`The state of the last run cannot be used: ${reasonOf(error)}`);
      return new TakenOver(null, null, request);
    } finally {
      endDescriptor(fd);
    }
  }

  changes(config: PortConfig): PortState | null {
    const found = this.state?.ports.find(({ name }) => name === config.name);
    return found?.definition === definitionMark(config) ? found : null;
  }

  take(config: PortConfig): StoredPort | null {
    if (config.networkPort.port === 0 || this.#taken.has(config.name)) return null;
    this.#taken.add(config.name);
    const { state } = this;
    if (state === null) return this.#rebuild(config);
    const is = (one: { readonly port: string }): boolean => one.port === config.name;
    const device = state.devices.find(is) ?? null;
    if (device !== null && device.path !== config.device.path) return null;
    return {
      device,
      connections: state.connections.filter(is),
    };
  }

  link(state: ConnectionState): Link | null {
    const fd = claimDescriptor(state.name);
    if (fd === null) return null;
    const link = adoptTcpLink(fd, this.state === null ? null : state.peer);
    if (link === null) endDescriptor(fd);
    else this.connections++;
    this.bytes += state.unsent.length;
    return link;
  }

  device(state: DeviceState, config: PortConfig): Device | null {
    const fd = claimDescriptor(state.name);
    if (fd === null) return null;
    const isKnown = this.state !== null;
    const device = adoptDevice(this.#request(config), fd, isKnown ? state : null);
    this.devices++;
    this.bytes += state.transfer.unwritten.length;
    const isChanged = JSON.stringify(state.configuredLine) !== JSON.stringify(config.line);
    if (isKnown && isChanged) device.line?.set(config.line);
    return device;
  }

  /** The file that the port had open for that template, once; null: it had none. */
  traceFile(port: string, template: string): TraceState | null {
    const at = this.#traces.findIndex(one => one.port === port && one.template === template);
    return at < 0 ? null : (this.#traces.splice(at, 1)[0] ?? null);
  }

  /** Call when the ports are there. */
  resumeSessions(control: ControlServer): void {
    const known = this.state?.controlSessions ?? unclaimed("m").map(({ name }) => rebuiltSession(name));
    for (const before of known) {
      const fd = claimDescriptor(before.name);
      const link = fd === null ? null : adoptTcpLink(fd, this.state === null ? null : before.peer);
      if (link !== null) control.resume(link, before);
      else if (fd !== null) endDescriptor(fd);
      if (link !== null) this.#sessions++;
    }
  }

  /** All ports have taken what is theirs: what is opened later begins anew. */
  end(): void {
    this.#traces.length = 0;
  }

  /** `took over 12 connections, 4 devices, 1843 bytes, after 0.21 s`; null: nothing. */
  summary(): string | null {
    if (this.connections + this.devices + this.#sessions === 0) return null;
    const age = this.#ageMs === null ? "" : `, after ${(this.#ageMs / 1000).toFixed(2)} s`;
    return `took over ${count(this.connections, "connection")}, ${count(this.devices, "device")}, ${count(this.bytes, "byte")}${age}`;
  }

  /** After a crash: what the descriptors themselves tell. */
  #rebuild(config: PortConfig): StoredPort | null {
    const found = unclaimed("c").filter(({ fd }) => serves(config.networkPort, fd));
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

/** Whether the connection came to that network port. */
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

function rebuiltConnection(name: string, slot: number, { name: port, state, options }: PortConfig): ConnectionState {
  return {
    ...{ name, port, transport: "tcp", peer: { address: "unknown", port: 0 }, id: 0, slot, fixed: false },
    ...{ sinceMs: systemClock.date().getTime(), idleSeconds: 0, bytesFromNet: 0, bytesToNet: 0 },
    ...{ unsent: NOTHING, unsentAnswers: 0, flooding: state === "telnet", suspended: false, endWhenSent: null },
    ...{ telnet: state === "telnet" ? rebuiltTelnet(options.remctl) : null, inbox: [] },
  };
}

/** The peer goes on as if it had agreed to all that it may use; it is told of no changes of the line until it asks. */
function rebuiltTelnet(remctl: boolean): TelnetState {
  return {
    unfinished: NOTHING,
    negotiation: allAgreed(dataPortPolicy(remctl)),
    enter: { joinsCrLf: false, afterCr: false },
    ...{ lineStateMask: 0, modemStateMask: 0xff, modemState: null, lastSentModemBits: 0, isWatching: false },
  };
}

/** What was typed and not entered is lost: a new prompt says so. */
function rebuiltSession(name: string): ControlSessionState {
  const now = systemClock.date().getTime();
  return {
    ...{ name, peer: { address: "unknown", port: 0 }, sinceMs: now, idleMs: 0, unfinished: NOTHING },
    ...{
      negotiation: allAgreed(CONTROL_PORT_POLICY),
      line: "",
      unsent: toBytes("\r\n-> "),
      isExiting: false,
      monitor: null,
    },
  };
}

function rebuiltDevice(name: string, { name: port, device, state, line }: PortConfig): DeviceState {
  return {
    ...{
      name,
      port,
      path: device.path,
      kind: state === "rawlp" ? "printer" : "tty",
      secondName: "",
      pid: null,
      lock: null,
    },
    transfer: {
      ...{ bytesFromDevice: 0, bytesToDevice: 0, unwritten: NOTHING, postponed: null, gathered: null },
      ...{ closeOnSeen: NOTHING, deviceSilentSeconds: 0 },
    },
    ...{ line: null, configuredLine: line, virtualControl: null, driven: { dtr: null, rts: null }, break: NO_BREAK },
    ...{ counters: null, holdLeftMs: null, closing: null, sol: null },
  };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** CLOCK_MONOTONIC, in milliseconds: the same for all processes until the next boot. */
function monotonicMs(): number {
  return Math.round(Number(process.hrtime.bigint() / 1_000_000n));
}
