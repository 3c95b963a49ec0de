/** What one TLS line serves: its certificate, and who may do what. */
import { randomBytes } from "node:crypto";
import { createServer, type PeerCertificate, type Server, type TLSSocket } from "node:tls";
import type { TlsConfig } from "../config/tls-config.js";
import { encodeUtf8 } from "../line/bytes.js";
import { peerName, type TlsFiles } from "./tls-files.js";
import type { Carrier, TlsPeer } from "./tls-link.js";

const LONGEST_NAME = 64;

/** What becomes of a carrier. Exactly one of them is called, once. */
export interface HandshakeEvents {
  /** The peer may use the port. */
  secured(socket: TLSSocket, peer: TlsPeer): void;
  /** The handshake was done, but the peer may not. @param user its name, if it has one */
  denied(socket: TLSSocket, user: string | null, reason: string): void;
  failed(reason: string): void;
}

export class TlsServer {
  readonly mark: string;
  readonly #config: TlsConfig;
  readonly #server: Server;
  /** Whose step runs: node:tls tells the end of a handshake within it. */
  #current: HandshakeEvents | null = null;
  /** Whose step ran last. An error of OpenSSL comes from a step, and is told right after it. */
  #last: HandshakeEvents | null = null;
  readonly #identities = new WeakMap<TLSSocket, string>();

  constructor(config: TlsConfig, { context, keys, mark }: TlsFiles) {
    this.#config = config;
    this.mark = mark;
    this.#server = createServer({
      ...context,
      requestCert: config.verify !== "none",
      rejectUnauthorized: false, // by `#judge`, so that the reason is known
      ticketKeys: randomBytes(48), // a new certificate or list makes old sessions invalid
      ...(keys.size === 0
        ? {}
        : { pskCallback: (socket: TLSSocket, identity: string) => this.#key(keys, socket, identity) }),
    });
    this.#server.on("secureConnection", socket => this.#judge(socket));
    this.#server.on("tlsClientError", error => {
      if ("reason" in error) this.#last?.failed(String(error.reason));
    });
  }

  /** Starts the handshake of a peer. Its steps run by `step`. */
  begin(carrier: Carrier): void {
    this.#server.emit("connection", carrier);
  }

  /** Runs a step of the handshake of a peer. */
  step(events: HandshakeEvents, run: () => void): void {
    this.#current = events;
    this.#last = events;
    try {
      run();
    } finally {
      this.#current = null;
    }
  }

  #key(keys: ReadonlyMap<string, Buffer>, socket: TLSSocket, identity: string): Buffer | null {
    const key = keys.get(identity);
    if (key !== undefined) this.#identities.set(socket, identity);
    return key ?? null;
  }

  #judge(socket: TLSSocket): void {
    const events = this.#current;
    if (events === null) {
      socket.destroy(); // not within a step: it is not known whose it is
      return;
    }
    const { verify, allow, watch, psk } = this.#config;
    if (psk === null && verify === "none") {
      events.secured(socket, { user: null, mayWrite: true });
      return;
    }
    const names = this.#names(socket);
    const user = printable(names[0]);
    const isIn = (list: readonly string[] | null): boolean =>
      list?.some(name => names.includes(peerName(name))) === true;
    if (psk === null && names.length === 0 && !hasCertificate(socket) && verify === "optional") {
      events.secured(socket, { user: null, mayWrite: false });
    } else if (psk === null && !isVerified(socket)) events.denied(socket, user, this.#reason(socket));
    else if (isIn(allow)) events.secured(socket, { user, mayWrite: true });
    else if (isIn(watch)) events.secured(socket, { user, mayWrite: false });
    else if (allow === null && (user !== null || (psk === null && watch === null)))
      events.secured(socket, { user, mayWrite: true });
    else events.denied(socket, user, "not in allow= or watch=");
  }

  #reason(socket: TLSSocket): string {
    if (!hasCertificate(socket)) return "no certificate";
    const code = String(socket.authorizationError ?? "certificate not verified");
    if (code !== "CERT_NOT_YET_VALID" && code !== "CERT_HAS_EXPIRED") return code;
    const { valid_from: from, valid_to: to } = socket.getPeerCertificate();
    return `${code} (valid from ${from} to ${to}; is the clock right?)`;
  }

  /** The names of the peer, the one for people first. */
  #names(socket: TLSSocket): readonly string[] {
    const identity = this.#identities.get(socket);
    return identity === undefined ? certificateNames(socket.getPeerCertificate()) : [identity];
  }
}

function hasCertificate(socket: TLSSocket): boolean {
  return Object.keys(socket.getPeerCertificate()).length > 0;
}

/** Node also calls a session authorized that is resumed without a certificate. */
function isVerified(socket: TLSSocket): boolean {
  return socket.authorized && hasCertificate(socket);
}

/**
 * Common names and alternative names. One with a comma is quoted by Node, which writes `\u002c` for the comma: it stays one
 * name, and no list has it.
 */
function certificateNames({ subject, subjectaltname }: Partial<PeerCertificate>): readonly string[] {
  const common: readonly string[] = [subject?.CN ?? []].flat();
  const other = subjectaltname?.split(", ").map(name => name.slice(name.indexOf(":") + 1)) ?? [];
  return [...common, ...other].filter(name => name !== "");
}

/** For logs and listings, one character a byte; null: there is none. */
function printable(name: string | undefined): string | null {
  return name === undefined ? null : encodeUtf8(name.slice(0, LONGEST_NAME).replace(/[^ -~\u00a0-\uffff]/g, "?"));
}
