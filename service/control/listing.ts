/** The answers of `ports` and `who`. */
import { unmappedText } from "../line/address.js";
import { decodeUtf8 } from "../line/bytes.js";
import { formatLine } from "../line/settings.js";
import type { PortNames } from "../port/find-port.js";
import { personAt } from "../port/peers/writers.js";
import { type ConnectionStatus, type ManagedPort, type PortStatus, portCondition } from "../port/status.js";

type Profile = (portName: string) => PortNames | null;

/** `2001 (Router)`. */
export function titleOf({ name }: ManagedPort, profile: Profile): string {
  const label = profile(name)?.label ?? null;
  return label === null ? name : `${name} (${label})`;
}

const TABLE = [-12, -20, -24, -10, -18, -24, 8, 10] as const;

export function* portTable(ports: readonly ManagedPort[], profile: Profile): Generator<string> {
  yield row(TABLE, ["Port", "Label", "Device", "Line", "State", "Who", "Idle", "Bytes in", "Bytes out"]);
  for (const port of [...ports]) {
    const status = port.status();
    const people = connectionsOf(status).map(({ address, user }) => personAt(address, user));
    yield row(TABLE, [
      ...[port.name, profile(port.name)?.label ?? "", status.devicePath, lineOf(status), portCondition(status)],
      ...[people.join(" "), idleOf(status)?.toString() ?? "", String(status.bytesFromDevice)],
      String(status.bytesToDevice),
    ]);
  }
}

/** One object and line for each port, in ASCII (docs/control-socket.md). */
export function* portAsJson(ports: readonly ManagedPort[], profile: Profile): Generator<string> {
  for (const port of [...ports]) {
    const status = port.status();
    const names = profile(port.name);
    yield ascii({
      ...{ port: port.name, label: names?.label ?? null, id: names?.id ?? null, device: status.devicePath },
      ...{ deviceName: status.deviceWritten, line: lineOf(status), state: status.state },
      ...{ condition: portCondition(status), mode: status.writer, maxConnections: status.slots.length },
      connections: connectionsOf(status).map(one => ({
        ...{ id: one.id, peer: peerOf(one), user: one.user, writer: one.writes, since: sinceOf(one) },
        ...{ idle: one.idleSeconds, in: one.bytesFromNet, out: one.bytesToNet, dropped: one.bytesDropped },
      })),
      ...{ idle: idleOf(status), bytesIn: status.bytesFromDevice, bytesOut: status.bytesToDevice },
      ...{ error: status.lastError, breaks: status.lineCounters?.break ?? null },
    });
  }
}

const PEOPLE = [-12, 6, -40, -9, -25, 8, 10] as const;

export function* listPeople(ports: readonly ManagedPort[]): Generator<string> {
  yield row(PEOPLE, ["Port", "Id", "Peer", "Role", "Since", "Idle", "Bytes in", "Bytes out"]);
  for (const port of [...ports]) {
    for (const one of connectionsOf(port.status())) {
      yield row(PEOPLE, [
        ...[port.name, String(one.id), peerAndUser(one), one.writes ? "writer" : "watching", sinceOf(one)],
        ...[String(one.idleSeconds), String(one.bytesFromNet), String(one.bytesToNet)],
      ]);
    }
  }
}

function connectionsOf({ slots }: PortStatus): readonly ConnectionStatus[] {
  return slots.filter(slot => slot !== null);
}

function lineOf(status: PortStatus): string {
  const line = status.lineInForce ?? status.line;
  return line === null ? "" : formatLine(line).replace(" ", "");
}

/** Seconds without data of either direction; null without a connection. */
function idleOf(status: PortStatus): number | null {
  const idle = connectionsOf(status).map(({ idleSeconds }) => idleSeconds);
  return idle.length === 0 ? null : Math.min(...idle);
}

function peerOf({ address, port }: ConnectionStatus): string {
  return address.startsWith("local:") ? address : `${unmappedText(address)},${port}`;
}

/** `192.0.2.7,40112 (alice)`. */
function peerAndUser(one: ConnectionStatus): string {
  return one.user === null || one.address.startsWith("local:") ? peerOf(one) : `${peerOf(one)} (${one.user})`;
}

function sinceOf({ since }: ConnectionStatus): string {
  return new Date(since).toISOString();
}

/** JSON of values with one character a byte: strings become Unicode, and all that is not ASCII is escaped. */
export function ascii(value: object): string {
  const unicode = (_key: string, one: unknown) => (typeof one === "string" ? decodeUtf8(one) : one);
  return JSON.stringify(value, unicode).replace(
    /[\u007f-\uffff]/g,
    unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Pads cells as printf does: a negative width aligns to the left. The last cell is not padded. */
function row(widths: readonly number[], cells: readonly string[]): string {
  return cells
    .map((cell, at) => {
      const width = widths[at] ?? 0;
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join(" ")
    .trimEnd();
}
