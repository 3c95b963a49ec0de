/** Finds a port by what people call it. */
import type { ManagedPort } from "./status.js";

/** What the board's profile calls a port. */
export interface PortNames {
  readonly id: string;
  readonly label: string;
}

type Found =
  | { readonly port: ManagedPort }
  /** The ports that it may be, several or none. */
  | { readonly candidates: readonly ManagedPort[] };

/**
 * The port of that network port exactly as written; else the only one with that port number, label, id in the profile, DEVICE
 * name or device path. Labels are compared without regard to case.
 */
export function findPort(
  wanted: string,
  ports: readonly ManagedPort[],
  profile: (portName: string) => PortNames | null,
): Found {
  const exact = ports.find(({ name }) => name === wanted);
  if (exact !== undefined) return { port: exact };
  const candidates = ports.filter(port => {
    const { networkPort, deviceWritten, devicePath } = port.status();
    const names = profile(port.name);
    const called = [String(networkPort.port), deviceWritten, devicePath, names?.id];
    return called.includes(wanted) || names?.label.toLowerCase() === wanted.toLowerCase();
  });
  const [only] = candidates;
  return only !== undefined && candidates.length === 1 ? { port: only } : { candidates };
}
