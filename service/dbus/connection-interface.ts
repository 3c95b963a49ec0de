/** A connection on the bus. */
import { unmappedText } from "../line/address.js";
import type { ConnectionStatus } from "../port/status.js";
import { type Interface, property } from "./interface.js";
import { portPath, toBusString, WELL_KNOWN_NAME } from "./names.js";

interface ConnectionSubject {
  readonly connection: ConnectionStatus;
  readonly portName: string;
}

export const CONNECTION: Interface<ConnectionSubject> = {
  name: `${WELL_KNOWN_NAME}.Connection`,
  properties: [
    property("Id", "t", "const", ({ connection }) => BigInt(connection.id)),
    property("Port", "o", "const", ({ portName }) => portPath(portName)),
    property("Address", "s", "const", ({ connection }) => toBusString(unmappedText(connection.address))),
    property("PortNumber", "q", "const", ({ connection }) => connection.port),
    property("User", "s", "const", ({ connection }) => toBusString(connection.user ?? "")), // empty: not known
    // Microseconds since 1970, as systemd gives its timestamps.
    property("ConnectedTimestamp", "t", "const", ({ connection }) => BigInt(connection.since) * 1000n),
    property("IdleSeconds", "t", "false", ({ connection }) => BigInt(Math.max(0, connection.idleSeconds))),
    property("Writes", "b", "false", ({ connection }) => connection.writes),
    property("BytesFromNet", "t", "false", ({ connection }) => BigInt(connection.bytesFromNet)),
    property("BytesToNet", "t", "false", ({ connection }) => BigInt(connection.bytesToNet)),
  ],
  methods: [],
  signals: [],
};
