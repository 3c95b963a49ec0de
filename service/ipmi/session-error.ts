/** Why a session with a BMC was not established, or ended. */

export type SessionErrorCode =
  | "unreachable"
  | "no-rmcp-plus"
  | "algorithms-refused"
  | "user-refused"
  | "wrong-password"
  | "wrong-bmc-key"
  | "privilege-refused"
  | "no-free-session"
  | "payload-active"
  | "payload-refused"
  | "protocol"
  /** The BMC answered as if a datagram of the exchange had been lost or doubled: another attempt may succeed. */
  | "out-of-step"
  | "deactivated"
  | "taken-over"
  | "silent";

export class SessionError extends Error {
  override readonly name = "SessionError";
  readonly code: SessionErrorCode;

  /** @param text for people, without the name of the BMC and without any secret */
  constructor(code: SessionErrorCode, text: string, options?: ErrorOptions) {
    super(text, options);
    this.code = code;
  }
}

/** The status of an Open Session Response or a RAKP message (IPMI 2.0, table 13-15) as an error. */
export function statusError(status: number): SessionError {
  const known = STATUS.get(status);
  if (known !== undefined) return new SessionError(known.code, known.text);
  return new SessionError("protocol", `the BMC refused the login with status ${hex(status)}`);
}

/** `0x80`. */
export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}

const ALGORITHMS = { code: "algorithms-refused", text: "the BMC refuses the cipher suite" } as const;
const FULL = { code: "no-free-session", text: "the BMC has no free session" } as const;
const LOST = { code: "out-of-step", text: "the BMC does not know the session" } as const;

interface Meaning {
  readonly code: SessionErrorCode;
  readonly text: string;
}

const STATUS: ReadonlyMap<number, Meaning> = new Map<number, Meaning>([
  [0x01, FULL],
  [0x02, LOST],
  [0x04, ALGORITHMS],
  [0x05, ALGORITHMS],
  [0x06, ALGORITHMS],
  [0x07, ALGORITHMS],
  [0x08, LOST],
  [0x09, { code: "privilege-refused", text: "the BMC refuses the privilege level" }],
  [0x0a, { code: "privilege-refused", text: "the privilege level is above the limit of the user" }],
  [0x0b, { code: "no-free-session", text: "the BMC has no free session of this privilege level" }],
  [0x0c, { code: "user-refused", text: "the BMC refuses the length of the user name" }],
  [0x0d, { code: "user-refused", text: "the BMC refuses the user name" }],
  [0x0f, { code: "out-of-step", text: "the BMC refuses the integrity check value" }],
  [0x10, ALGORITHMS],
  [0x11, ALGORITHMS],
]);
