/** What the board's profile calls a port, as texts with one character a byte. */
import type { ProfileFacts } from "../board/profile.js";
import { encodeUtf8 } from "../line/bytes.js";
import type { PortNames } from "../port/find-port.js";

export function portNames(board: ProfileFacts | null, portName: string): PortNames | null {
  const port = board?.ports.get(portName);
  return port === undefined ? null : { id: port.id, label: encodeUtf8(port.label) };
}
