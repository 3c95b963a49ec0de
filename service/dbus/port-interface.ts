/** A port on the bus: what PortFacts tells, and what an Operable does. */
import type { PortState } from "../config/configuration.js";
import { unmappedText } from "../line/address.js";
import type { ModemControl } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import { portCondition } from "../port/condition.js";
import type { ConnectionFacts, Operable, PortFacts } from "../port/facts.js";
import { BusError } from "./errors.js";
import { Variant } from "./marshal.js";
import { connectionPath, toBytes, toText, WELL_KNOWN_NAME } from "./names.js";
import { type Interface, method, property, type Values } from "./table.js";

/** Connections of one port that are shown, as objects and in lists; ConnectionCount counts them all. */
export const MOST_SHOWN = 64;
const LONGEST_IDENTIFY_SECONDS = 3600;
const STATES: readonly string[] = ["off", "raw", "rawlp", "telnet"] satisfies PortState[];

export interface PortSubject {
  readonly port: Operable;
  readonly facts: PortFacts;
  readonly label: string | null;
  readonly identify: (seconds: number) => boolean;
}

export const PORT: Interface<PortSubject> = {
  name: `${WELL_KNOWN_NAME}.Port`,
  properties: [
    property("Name", "s", "const", ({ facts }) => toText(facts.name)),
    property("Family", "s", "const", ({ facts }) => facts.networkPort.family),
    property("Transport", "s", "const", ({ facts }) => facts.networkPort.transport),
    property("Host", "s", "const", ({ facts }) => toText(facts.networkPort.host ?? "")),
    property("PortNumber", "q", "const", ({ facts }) => facts.networkPort.port),
    property("Label", "s", "true", ({ label }) => (label ?? "").replaceAll("\0", "\ufffd")),
    property("State", "s", "true", ({ facts }) => facts.state),
    property("Phase", "s", "true", ({ facts }) => facts.phase),
    property("Condition", "s", "true", ({ facts }) => portCondition(facts)),
    property("Pending", "s", "true", ({ facts }) => facts.pending),
    property("TimeoutSeconds", "u", "true", ({ facts }) => facts.timeoutSeconds),
    property("Device", "s", "true", ({ facts }) => toText(withoutSecrets(facts.devicePath))),
    property("DeviceWritten", "s", "true", ({ facts }) => toText(withoutSecrets(facts.deviceWritten))),
    property("DevicePresent", "b", "true", ({ facts }) => facts.devicePresent),
    property("ConfiguredLine", "a{sv}", "true", ({ facts }) => lineValues(facts.line)),
    property("Line", "a{sv}", "true", ({ facts }) => lineValues(facts.lineInForce)),
    // What other programs and the far end do to the lines is seen only by looking.
    property("ModemControl", "a{sb}", "false", ({ facts }) => lines(facts.control)),
    property("ModemState", "a{sb}", "false", ({ facts }) => lines(facts.modemState)),
    property("Connections", "ao", "true", ({ facts }) => shown(facts).map(({ id }) => connectionPath(id))),
    property("Peers", "a(sq)", "true", ({ facts }) =>
      shown(facts).map(({ address, port }) => [toText(unmappedText(address)), port]),
    ),
    property("ConnectionCount", "u", "true", ({ facts }) => facts.slots.filter(slot => slot !== null).length),
    property("MaxConnections", "u", "true", ({ facts }) => facts.slots.length),
    property("NetToDevice", "s", "false", ({ facts }) => facts.toDevice),
    property("DeviceToNet", "s", "false", ({ facts }) => facts.toNet),
    property("BytesFromDevice", "t", "false", ({ facts }) => BigInt(facts.bytesFromDevice)),
    property("BytesToDevice", "t", "false", ({ facts }) => BigInt(facts.bytesToDevice)),
    property("LastError", "s", "true", ({ facts }) => toText(lastError(facts))),
  ],
  methods: [
    method({
      name: "Disconnect",
      changes: true,
      call({ port }) {
        if (!port.disconnect()) throw new BusError("NotConnected", "nobody is connected");
        return [];
      },
    }),
    method({
      name: "SetEnabled",
      takes: [{ name: "state", type: "s" }],
      changes: true,
      call(subject, [state]) {
        if (!isState(state)) throw new BusError("InvalidArgs", `expected one of ${STATES.join(", ")}`);
        const refusal = lasting(subject).setState(state);
        if (refusal !== null) throw new BusError("Refused", toText(refusal));
        return [];
      },
    }),
    method({
      name: "SetLine",
      takes: [{ name: "words", type: "s" }],
      changes: true,
      call(subject, [words]) {
        const problem = lasting(subject).setLine(toBytes(words));
        if (problem !== null) throw new BusError("InvalidArgs", toText(problem));
        return [];
      },
    }),
    method({
      name: "SetControl",
      takes: [{ name: "lines", type: "a{sb}" }],
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
      name: "SetTimeout",
      takes: [{ name: "seconds", type: "u" }],
      changes: true,
      call({ port }, [seconds]) {
        port.setTimeoutSeconds(seconds);
        return [];
      },
    }),
    method({
      name: "Identify",
      takes: [{ name: "seconds", type: "u" }],
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

export function shown(facts: PortFacts): readonly ConnectionFacts[] {
  return facts.slots.filter(slot => slot !== null).slice(0, MOST_SHOWN);
}

/** What a port that is about to go no longer takes (the control port says `Invalid port number`). */
function lasting({ port, facts }: PortSubject): Operable {
  if (facts.pending === "delete") throw new BusError("BeingDeleted", "the port is deleted when its session closes");
  return port;
}

function closed(): BusError {
  return new BusError("DeviceClosed", "the device is not open, or is no serial line");
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

/** The arguments of a SOL device may hold a password; everybody may read these properties. */
function withoutSecrets(device: string): string {
  return device.startsWith("sol.") ? device.replace(/[ \t].*$/s, "") : device;
}

function lastError({ lastError, devicePath, deviceWritten }: PortFacts): string {
  if (lastError === null) return "";
  return lastError
    .replaceAll(devicePath, withoutSecrets(devicePath))
    .replaceAll(deviceWritten, withoutSecrets(deviceWritten));
}
