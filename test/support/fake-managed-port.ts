/** A port as operators know it, without any device or connection behind. */

import { STANDARD_LINE } from "../../service/line/settings.js";
import type { Link } from "../../service/net/link.js";
import type {
  ConnectionStatus,
  ManagedPort,
  MonitorDirection,
  Observed,
  PortStatus,
} from "../../service/port/status.js";

export interface FakeManagedPort extends ManagedPort {
  /** The result of `status`; the test changes it. */
  known: PortStatus;
  /** The calls: `setTimeoutSeconds 5`. */
  readonly calls: string[];
  /** The result of the next `setState`, `setConfig` and `setLine`. */
  refusal: string | null;
  readonly monitored: Observed | null;
  /** Links that were attached. */
  readonly attached: readonly Link[];
  /** Bytes pass in one direction. */
  pass(direction: MonitorDirection, bytes: string | Uint8Array): void;
  /** The port goes away; its monitor is told. */
  remove(): void;
}

export function createFakeManagedPort(status: Partial<PortStatus> = {}): FakeManagedPort {
  const calls: string[] = [];
  const attached: Link[] = [];
  const monitors = new Set<{ what: Observed; sink: (bytes: Uint8Array) => void; ended: () => void }>();
  const isStream = ({ what }: { what: Observed }) => what === "output";

  const port: FakeManagedPort = {
    get name() {
      return port.known.name;
    },
    known: idleStatus(status),
    calls,
    refusal: null,
    get monitored() {
      return [...monitors].find(one => !isStream(one))?.what ?? null;
    },
    status: () => port.known,
    disconnect() {
      calls.push("disconnect");
      return port.known.slots.some(slot => slot !== null);
    },
    people: {
      attach: link => {
        calls.push("attach");
        attached.push(link);
        return port.refusal === null ? { writes: link.watches !== true } : { refusal: port.refusal };
      },
      takeOver: id => {
        calls.push(`takeOver ${typeof id === "number" ? id : "itself"}`);
        return true;
      },
      tell: text => void calls.push(`tell ${text}`),
    },
    attached,
    setTimeoutSeconds(seconds) {
      calls.push(`setTimeoutSeconds ${seconds}`);
    },
    setState(state) {
      calls.push(`setState ${state}`);
      return port.refusal;
    },
    setConfig(words) {
      calls.push(`setConfig ${words}`);
      return port.refusal;
    },
    setLine(words) {
      calls.push(`setLine ${words}`);
      return port.refusal;
    },
    pulse(name) {
      calls.push(`pulse ${name}`);
      return port.refusal;
    },
    drive(control) {
      if (port.known.control === null) return false;
      calls.push(`drive ${JSON.stringify(control)}`);
      return true;
    },
    sendBreak() {
      if (port.known.control === null) return false;
      calls.push("sendBreak");
      return true;
    },
    replay: () => null,
    monitor(what, sink, ended) {
      const mine = { what, sink, ended };
      if ([...monitors].some(one => isStream(one) === isStream(mine))) return null;
      monitors.add(mine);
      return () => {
        if (!monitors.delete(mine)) throw new Error("stopped a monitor that was over");
      };
    },
    pass(what, bytes) {
      const taken = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      for (const one of monitors) if (one.what === what || (isStream(one) && what === "term")) one.sink(taken);
    },
    remove() {
      const last = [...monitors];
      monitors.clear();
      for (const { ended } of last) ended();
    },
  };
  return port;
}

/** Port 7000 without a connection. */
export function idleStatus(status: Partial<PortStatus> = {}): PortStatus {
  return {
    name: "7000",
    networkPort: { family: "any", transport: "tcp", host: null, port: 7000 },
    state: "raw",
    phase: "idle",
    closingMs: 0,
    timeoutSeconds: 0,
    slots: [null],
    writer: "all",
    devicePath: "/dev/ttyDEMO00",
    deviceWritten: status.devicePath ?? "/dev/ttyDEMO00",
    devicePresent: true,
    line: STANDARD_LINE,
    lineInForce: null,
    control: null,
    modemState: null,
    lineCounters: null,
    toDevice: "unconnected",
    toNet: "unconnected",
    bytesFromDevice: 0,
    bytesToDevice: 0,
    pending: "none",
    lastError: null,
    listenError: null,
    ...status,
  };
}

/** The same with a connection, RTS and DTR high, unless `facts` says otherwise. */
export function busyStatus(status: Partial<PortStatus> = {}): PortStatus {
  return idleStatus({
    phase: "open",
    slots: [connectionStatus()],
    control: { dtr: true, rts: true },
    toDevice: "waiting input",
    toNet: "waiting input",
    ...status,
  });
}

export function connectionStatus(status: Partial<ConnectionStatus> = {}): ConnectionStatus {
  return {
    id: 1,
    address: "127.0.0.1",
    port: 60028,
    user: null,
    bytesFromNet: 0,
    bytesToNet: 0,
    since: 0,
    idleSeconds: 0,
    fixed: false,
    writes: true,
    bytesDropped: 0,
    ...status,
  };
}
