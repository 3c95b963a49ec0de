/** Bus names, object paths, and texts in the form that the bus accepts. */
import { decodeUtf8 } from "../line/bytes.js";

export const WELL_KNOWN_NAME = "org.ser2net.Ser2net1";
export const ROOT = "/org/ser2net/Ser2net1";
export const PORTS = `${ROOT}/port`;
export const CONNECTIONS = `${ROOT}/connection`;

/** The bus name of an instance: `org.ser2net.Ser2net1.board_2da`. */
export function instanceName(instance: string): string {
  return `${WELL_KNOWN_NAME}.${encodeLabel(instance)}`;
}

export function portPath(name: string): string {
  return `${PORTS}/${encodeLabel(name)}`;
}

export function connectionPath(id: number): string {
  return `${CONNECTIONS}/${encodeLabel(String(id))}`;
}

/** Bytes as one element of an object path, as sd_bus_path_encode(3) does: `2001` is `_32001`. */
export function encodeLabel(bytes: string): string {
  if (bytes === "") return "_";
  return bytes.replace(/[^A-Za-z0-9]|^[0-9]/g, char => `_${char.charCodeAt(0).toString(16).padStart(2, "0")}`);
}

/** Null for what `encodeLabel` never gives. */
export function decodeLabel(label: string): string | null {
  if (label === "_") return "";
  const bytes = label.replace(/_([0-9a-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return bytes !== "" && encodeLabel(bytes) === label ? bytes : null;
}

/** A text as a string of the bus, which is Unicode without NUL. `encodeUtf8` makes a text of such a string. */
export function toBusString(text: string): string {
  return decodeUtf8(text).replaceAll("\0", "\ufffd");
}
