/** A port on the bus: its PortStatus, and the operations of a ManagedPort. */
import type { PortState } from "../config/configuration.js";
import { unmappedText } from "../line/address.js";
import { encodeUtf8, printable } from "../line/bytes.js";
import type { ModemControl } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import { type ConnectionStatus, type ManagedPort, type PortStatus, portCondition } from "../port/status.js";
import { BusError } from "./errors.js";
import { type Interface, method, property, type Values } from "./interface.js";
import { Variant } from "./marshal.js";
import { connectionPath, toBusString, WELL_KNOWN_NAME } from "./names.js";

/** Connections of one port that are shown, as objects and in lists; ConnectionCount counts them all. */
const MAX_SHOWN = 64;
const LONGEST_IDENTIFY_SECONDS = 3600;
/** As much as a line of the control port may have. */
const LONGEST_SAID = 255;
const STATES: readonly string[] = ["off", "raw", "rawlp", "telnet"] satisfies PortState[];

interface PortSubject {
  readonly port: ManagedPort;
  readonly status: PortStatus;
  readonly label: string | null;
  readonly identify: (seconds: number) => boolean;
}

export const PORT: Interface<PortSubject> = {
  name: `${WELL_KNOWN_NAME}.Port`,
  properties: [
    property("Name", "s", "const", ({ status }) => toBusString(status.name)),
    property("Family", "s", "const", ({ status }) => status.networkPort.family),
    property("Transport", "s", "const", ({ status }) => status.networkPort.transport),
    property("Host", "s", "const", ({ status }) => toBusString(status.networkPort.host ?? "")),
    property("PortNumber", "q", "const", ({ status }) => status.networkPort.port),
    property("Label", "s", "true", ({ label }) => (label ?? "").replaceAll("\0", "\ufffd")),
    property("State", "s", "true", ({ status }) => status.state),
    property("Phase", "s", "true", ({ status }) => status.phase),
    property("Condition", "s", "true", ({ status }) => portCondition(status)),
    property("Pending", "s", "true", ({ status }) => status.pending),
    property("TimeoutSeconds", "u", "true", ({ status }) => status.timeoutSeconds),
    property("Device", "s", "true", ({ status }) => toBusString(status.devicePath)),
    property("DeviceWritten", "s", "true", ({ status }) => toBusString(status.deviceWritten)),
    property("DevicePresent", "b", "true", ({ status }) => status.devicePresent),
    property("ConfiguredLine", "a{sv}", "true", ({ status }) => lineValues(status.line)),
    property("Line", "a{sv}", "true", ({ status }) => lineValues(status.lineInForce)),
    // Changes of the lines by other programs and by the far end are noticed only by reading them.
    property("ModemControl", "a{sb}", "false", ({ status }) => lines(status.control)),
    property("ModemState", "a{sb}", "false", ({ status }) => lines(status.modemState)),
    property("Connections", "ao", "true", ({ status }) => shown(status).map(({ id }) => connectionPath(id))),
    property("Peers", "a(sq)", "true", ({ status }) =>
      shown(status).map(({ address, port }) => [toBusString(unmappedText(address)), port]),
    ),
    property("Writer", "s", "true", ({ status }) => status.writer),
    property("ConnectionCount", "u", "true", ({ status }) => status.slots.filter(slot => slot !== null).length),
    property("MaxConnections", "u", "true", ({ status }) => status.slots.length),
    property("NetToDevice", "s", "false", ({ status }) => status.toDevice),
    property("DeviceToNet", "s", "false", ({ status }) => status.toNet),
    property("BytesFromDevice", "t", "false", ({ status }) => BigInt(status.bytesFromDevice)),
    property("BytesToDevice", "t", "false", ({ status }) => BigInt(status.bytesToDevice)),
    property("LastError", "s", "true", ({ status }) => toBusString(status.lastError ?? "")),
  ],
  methods: [
    method({
      name: "Disconnect",
      changes: true,
      call({ port }) {
        if (!port.disconnect()) throw new BusError("NotConnected", "there is no connection");
        return [];
      },
    }),
    method({
      name: "SetEnabled",
      in: [{ name: "state", type: "s" }],
      changes: true,
      call(subject, [state]) {
        if (!isState(state)) throw new BusError("InvalidArgs", `expected one of ${STATES.join(", ")}`);
        const refusal = lasting(subject).setState(state);
        if (refusal !== null) throw new BusError("Refused", toBusString(refusal));
        return [];
      },
    }),
    method({
      name: "SetLine",
      in: [{ name: "words", type: "s" }],
      changes: true,
      call(subject, [words]) {
        const problem = lasting(subject).setLine(encodeUtf8(words));
        if (problem !== null) throw new BusError("InvalidArgs", toBusString(problem));
        return [];
      },
    }),
    method({
      name: "SetControl",
      in: [{ name: "lines", type: "a{sb}" }],
      changes: true,
      call(subject, [wanted]) {
        if (!lasting(subject).drive(readControl(wanted))) throw closed();
        return [];
      },
    }),
    method({
      name: "SendBreak",
      changes: true,
      call({ port }) {
        if (!port.sendBreak()) throw closed();
        return [];
      },
    }),
    method({
      name: "TakeOver",
      in: [{ name: "connection", type: "t" }],
      changes: true,
      call({ port }, [connection]) {
        if (!port.people.takeOver(Number(connection)))
          throw new BusError("NotConnected", "there is no such connection, or its user may only look");
        return [];
      },
    }),
    method({
      name: "Say",
      in: [{ name: "text", type: "s" }],
      changes: true,
      call({ port }, [text]) {
        const said = printable(encodeUtf8(text));
        if (said === "" || said.length > LONGEST_SAID) {
          throw new BusError("InvalidArgs", `expected a line of 1 to ${LONGEST_SAID} bytes`);
        }
        port.people.tell(said);
        return [];
      },
    }),
    method({
      name: "Pulse",
      in: [{ name: "name", type: "s" }],
      changes: true,
      call(subject, [name]) {
        const refusal = lasting(subject).pulse(encodeUtf8(name));
        if (refusal !== null) throw new BusError("Refused", toBusString(refusal));
        return [];
      },
    }),
    method({
      name: "SetTimeout",
      in: [{ name: "seconds", type: "u" }],
      changes: true,
      call({ port }, [seconds]) {
        port.setTimeoutSeconds(seconds);
        return [];
      },
    }),
    method({
      name: "Identify",
      in: [{ name: "seconds", type: "u" }],
      changes: true,
      call({ identify }, [seconds]) {
        if (seconds < 1 || seconds > LONGEST_IDENTIFY_SECONDS) {
          throw new BusError("InvalidArgs", `expected 1 to ${LONGEST_IDENTIFY_SECONDS} seconds`);
        }
        if (!identify(seconds)) throw new BusError("NotSupported", "the port has no LED");
        return [];
      },
    }),
  ],
  signals: [],
};

export function shown(status: PortStatus): readonly ConnectionStatus[] {
  return status.slots.filter(slot => slot !== null).slice(0, MAX_SHOWN);
}

/** Throws for a port that is being removed (the control port answers `Invalid port number`). */
function lasting({ port, status }: PortSubject): ManagedPort {
  if (status.pending === "delete") throw new BusError("BeingDeleted", "the port is deleted when its session closes");
  return port;
}

function closed(): BusError {
  return new BusError("DeviceClosed", "the device is not open, or is not a serial line");
}

function isState(text: string): text is PortState {
  return STATES.includes(text);
}

function readControl(wanted: Readonly<Record<string, boolean>>): Partial<ModemControl> {
  const names = Object.keys(wanted);
  if (names.length === 0 || names.some(name => name !== "DTR" && name !== "RTS")) {
    throw new BusError("InvalidArgs", "expected DTR, RTS or both");
  }
  const { DTR, RTS } = wanted;
  return { ...(DTR === undefined ? {} : { dtr: DTR }), ...(RTS === undefined ? {} : { rts: RTS }) };
}

function lineValues(line: LineSettings | null): Values {
  if (line === null) return {};
  return {
    Speed: new Variant("u", line.speed),
    DataBits: new Variant("y", line.dataBits),
    Parity: new Variant("s", line.parity),
    StopBits: new Variant("y", line.stopBits),
    XonXoffOut: new Variant("b", line.xonxoffOut),
    XonXoffIn: new Variant("b", line.xonxoffIn),
    RtsCts: new Variant("b", line.rtscts),
    Local: new Variant("b", line.local),
    HangupWhenDone: new Variant("b", line.hangupWhenDone),
  };
}

/** Modem lines by their names. */
function lines(states: object | null): Readonly<Record<string, boolean>> {
  return Object.fromEntries(Object.entries(states ?? {}).map(([name, on]) => [name.toUpperCase(), on]));
}
