/** remaddr: which of the addresses of a line count, and what is wrong with the others. */
import type { RemoteAddress } from "./configuration.js";
import type { Span } from "./directive.js";
import { families, type NetworkPort, parseNetworkPort, type ServiceLookup } from "./network-port.js";

interface AddressDiagnostic {
  readonly offset: number;
  readonly text: string;
  readonly expected: string;
}

interface Admission {
  /** Null admits every peer; an empty list admits none. */
  readonly remaddr: readonly RemoteAddress[] | null;
  readonly diagnostics: readonly AddressDiagnostic[];
}

/** Limit of the addresses in one list; bounds the work where a DEFAULT has a list for many ports. */
const MAX_ADDRESSES = 1024;

/** A bad address is left out; when all are bad no peer is admitted (the reference admits every peer then). */
export function readRemoteAddresses(
  written: readonly Span[],
  port: NetworkPort,
  maxConnections: number,
  serviceLookup: ServiceLookup,
): Admission {
  const diagnostics: AddressDiagnostic[] = [];
  const remaddr: RemoteAddress[] = [];
  let fixed = 0;
  for (const [at, { text, offset }] of written.entries()) {
    if (at === MAX_ADDRESSES) {
      diagnostics.push({ offset, text: "Too many remote addresses", expected: `expected ${MAX_ADDRESSES} at most` });
      break;
    }
    const read = parseNetworkPort(text, serviceLookup);
    const problem =
      typeof read === "string" ? invalid(text, read) : misplaced(text, read, port, fixed < maxConnections);
    if (problem !== null) diagnostics.push({ offset, ...problem });
    // `0`, no host and any port, matches no peer, as an empty list.
    if (problem !== null || typeof read === "string" || (read.host === null && read.port === 0)) continue;
    if (isFixed(read)) fixed++;
    // A DEFAULT may have blanks before the port number; the options of a line may not.
    remaddr.push({ ...read, text: text.replace(/[ \t]+/g, "") });
  }
  return { remaddr: written.length === 0 ? null : remaddr, diagnostics };
}

/** Manual page, "UDP": an address with a port number is given one of the connections for good. */
function isFixed(address: NetworkPort): boolean {
  return address.transport === "udp" && address.port !== 0;
}

type Problem = Omit<AddressDiagnostic, "offset">;

function invalid(text: string, reason: string): Problem {
  const hint = text.includes(",") ? reason : `${reason}; for any port of a host: <host>,0`;
  return { text: `Invalid remote address '${text}'`, expected: hint };
}

function misplaced(text: string, address: NetworkPort, port: NetworkPort, roomLeft: boolean): Problem | null {
  if (address.transport !== port.transport) {
    return {
      text: `Remote address '${text}' does not match the port type, one cannot be UDP while the other is UDP.`,
      expected:
        port.transport === "udp" ? "expected an address beginning with udp," : "expected an address without udp,",
    };
  }
  if (!isFixed(address)) return null;
  const mine = families(port);
  if (!families(address).some(family => mine.includes(family))) {
    return {
      text: `remote address '${text}' had no socket with a matching family`,
      expected: `expected an ${mine.join(" or ")} address`,
    };
  }
  if (roomLeft) return null;
  return {
    text: "Too many fixed UDP remote addresses specified for the max-connections given",
    expected: "expected max-connections= to be at least their number",
  };
}
