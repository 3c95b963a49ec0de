/** One connection as the access rules see it. A look-up is made once, and only when a rule needs it. */
import { parseAddress, unmapped } from "./address.js";

export interface Endpoint {
  /** Numeric; null when it is not known. */
  readonly address: string | null;
  readonly port: number;
}

export interface AccessRequest {
  /** `ser2net` for ports and rotators, `ser2net-control` for the control port. */
  readonly daemon: string;
  readonly client: Endpoint;
  /** Where the connection arrived. */
  readonly server: Endpoint;
}

/** The look-ups of the rules, and the answer of each. */
export type LookupRequest =
  /** The host's name, `unknown` without one, `paranoid` when name and address do not agree. */
  | { readonly kind: "name"; readonly address: string }
  /** The user's name by RFC 1413 (the successor of RFC 931), or `unknown`. */
  | { readonly kind: "user"; readonly request: AccessRequest; readonly limitSeconds: number }
  /** The text of the file; null when it cannot be read. */
  | { readonly kind: "file"; readonly path: string }
  /** Null when there is something of that name, else why not. */
  | { readonly kind: "stat"; readonly path: string }
  /** Null when there is no such account. */
  | { readonly kind: "account"; readonly of: "user" | "group"; readonly name: string }
  /** `0` when `/bin/sh -c` ended well, any other text when not, null when it was never known. */
  | { readonly kind: "command"; readonly command: string }
  /** Our own process id. */
  | { readonly kind: "pid" };

export type Answer = string | null;

/** A computation that stops at each need and goes on with its answer. One that needs nothing is done at once. */
export type LookupGenerator<T> = Generator<LookupRequest, T, Answer>;

export const UNKNOWN = "unknown";
export const PARANOID = "paranoid";

/** Ident gets this long where no rule says otherwise (the library's default). */
const IDENT_LIMIT_SECONDS = 10;

/** One end of the connection. */
export class Host {
  /** As the rules compare it; IPv4 for `::ffff:10.1.2.3`, `unknown` when there is none. */
  readonly address: string;
  readonly port: number;
  /** The pattern files looked at so far, and whether this end is in them. */
  readonly patternFiles = new Map<string, boolean>();
  #name: string | null = null;

  constructor(endpoint: Endpoint) {
    const numeric = endpoint.address === null ? null : parseAddress(endpoint.address);
    const plain = numeric === null ? null : unmapped(numeric);
    this.address = plain?.family === "ipv4" ? plain.bytes.join(".") : (endpoint.address ?? UNKNOWN);
    this.port = endpoint.port;
  }

  *name(): LookupGenerator<string> {
    this.#name ??= (yield { kind: "name", address: this.address }) ?? UNKNOWN;
    return this.#name;
  }

  /** The name where it is known, else the address. */
  *nameOrAddress(): LookupGenerator<string> {
    const name = yield* this.name();
    return isKnownName(name) ? name : this.address;
  }
}

export function isKnownName(name: string): boolean {
  return !sameWord(name, UNKNOWN) && !sameWord(name, PARANOID);
}

/** The library compares everything without regard to case. */
export function sameWord(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

/** A connection on its way through the tables, and the rule it is at. */
export class Subject {
  readonly daemon: string;
  readonly client: Host;
  readonly server: Host;
  readonly warnings: string[] = [];
  place: { file: string; line: number } = { file: "", line: 0 };
  readonly #request: AccessRequest;
  #user: string | null = null;

  constructor(request: AccessRequest) {
    this.#request = request;
    this.daemon = request.daemon;
    this.client = new Host(request.client);
    this.server = new Host(request.server);
  }

  *user(limitSeconds: number = IDENT_LIMIT_SECONDS): LookupGenerator<string> {
    this.#user ??= (yield { kind: "user", request: this.#request, limitSeconds }) ?? UNKNOWN;
    return this.#user;
  }

  /** The user if it has been asked for already, without asking now. */
  get userSoFar(): string | null {
    return this.#user;
  }

  warn(text: string): void {
    this.#note("warning", text);
  }

  /** Denies: an option of the matched rule failed. */
  fault(text: string): void {
    this.#note("error", text);
  }

  #note(severity: "warning" | "error", text: string): void {
    this.warnings.push(`${severity}: ${this.place.file}, line ${this.place.line}: ${text}`);
  }
}
