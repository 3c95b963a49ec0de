/** The bundle tls.cjs: all of TLS, loaded with the first configuration that has a TLS line. */
import type { Configuration } from "../config/configuration.js";
import type { Diagnostic } from "../config/diagnostic.js";
import { controlPortParts } from "../config/network-port.js";
import type { TlsConfig } from "../config/tls-config.js";
import { toBytes } from "../line/bytes.js";
import { type Clock, pause, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import type { Link } from "../net/link.js";
import { readTlsFiles, type TlsFiles } from "../net/tls-files.js";
import { Handshakes, type Pending } from "../net/tls-handshakes.js";
import { Carrier, TlsLink } from "../net/tls-link.js";
import { type HandshakeEvents, TlsServer } from "../net/tls-server.js";
import { peerText } from "../port/connection-log.js";

export { readTls } from "../config/tls.js";

/** Connections that end with the process have this long to tell their peers. */
const END_MS = 1000;
const DENIED = toBytes("Access denied\r\n");

type Ports = Pick<Configuration, "finalContext" | "faultyLines">;

/** What is wrong with the files of the TLS lines, and with the TLS line of the control port. */
export function tlsDiagnostics(
  { finalContext }: Pick<Configuration, "finalContext">,
  controlPort: string | null,
  clock: Clock = systemClock,
): Diagnostic[] {
  const { tls } = finalContext;
  const wanted = controlPort === null ? null : controlPortParts(controlPort).tls;
  const message = `TLS ${wanted} of the control port is not defined`;
  const missing = { file: null, line: 0, column: 1, message, expected: "its peers are refused" };
  return [
    ...[...tls.values()].flatMap(config => fileDiagnostics(config, clock.date().getTime())),
    ...(wanted === null || tls.has(wanted) ? [] : [missing]),
  ];
}

function fileDiagnostics(config: TlsConfig, nowMs: number): Diagnostic[] {
  const { name, file, line } = config;
  const about = (text: string): Diagnostic => {
    return { file, line, column: 1, message: `TLS ${name}: ${text} on line ${line}`, expected: null };
  };
  try {
    const { outdated, warnings } = readTlsFiles(config, nowMs);
    const marked = warnings.map((text): Diagnostic => ({ ...about(text), isWarning: true }));
    return outdated === null ? marked : [about(outdated), ...marked];
  } catch (error) {
    return [about(reasonOf(error))];
  }
}

export class Tls {
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #handshakes: Handshakes;
  readonly #servers = new Map<string, TlsServer>();
  readonly #links = new Set<TlsLink>();
  #allEnded: (() => void) | null = null;

  constructor(log: Log, clock: Clock = systemClock) {
    this.#log = log;
    this.#clock = clock;
    this.#handshakes = new Handshakes(clock);
  }

  /** Reads the files of a configuration anew. What cannot be used leaves what was there before; connections go on. */
  configure({ finalContext, faultyLines }: Ports): void {
    const { tls } = finalContext;
    for (const config of tls.values()) this.#serve(config);
    const faulty = new Set(faultyLines.map(line => /^TLS:([^:]*):/.exec(line)?.[1]));
    for (const name of this.#servers.keys()) if (!tls.has(name) && !faulty.has(name)) this.#servers.delete(name);
  }

  /** Does the handshake of a new peer. Takes no link that is not encrypted. @param name of the TLS line */
  secure(name: string, link: Link, take: (link: Link) => void): void {
    const server = this.#servers.get(name);
    const who = `TLS ${name}: ${peerText(link)}`;
    if (server === undefined) {
      this.#log.error(`${who} is refused: there is no usable TLS line of that name`);
      link.close();
      return;
    }
    let carrier: Carrier | null = null;
    const pending: Pending = {
      link,
      run: () => {
        carrier = this.#run(server, pending, who, take);
      },
      expired: () => {
        this.#log.notice(`${who} has not finished its handshake in time`);
        carrier?.destroy();
        link.close();
      },
    };
    if (this.#handshakes.add(pending)) return;
    this.#log.warning(`TLS ${name}: connections are refused: too many handshakes at a time`);
    link.close();
  }

  /** Ends all connections: they do not outlive the process. Resolves when their peers are told, within a second. */
  async end(): Promise<void> {
    const told = new Promise<void>(resolve => {
      this.#allEnded = resolve;
    });
    for (const link of [...this.#links]) link.end();
    if (this.#links.size > 0) await Promise.race([told, pause(END_MS, this.#clock)]);
  }

  #serve(config: TlsConfig): void {
    const { name } = config;
    const before = this.#servers.get(name);
    let files: TlsFiles;
    try {
      files = readTlsFiles(config, this.#clock.date().getTime());
      if (before !== undefined && files.mark !== before.mark && files.outdated !== null)
        throw new Error(files.outdated);
    } catch (error) {
      if (before !== undefined) this.#log.error(`TLS ${name} stays as it was: ${reasonOf(error)}`);
      return;
    }
    if (files.mark === before?.mark) return;
    this.#servers.set(name, new TlsServer(config, files));
    if (before !== undefined) this.#log.notice(`TLS ${name} has a new certificate or new settings`);
  }

  #run(server: TlsServer, pending: Pending, who: string, take: (link: Link) => void): Carrier {
    const { link } = pending;
    const schedule = (step: () => void) => this.#handshakes.schedule(() => server.step(events, step));
    const carrier = new Carrier(link, schedule);
    const ended = (): boolean => {
      carrier.scheduler = null;
      return this.#handshakes.end(pending);
    };
    const events: HandshakeEvents = {
      secured: (socket, peer) => {
        if (!ended()) return;
        const secured: TlsLink = new TlsLink(carrier, socket, peer, this.#clock, () => this.#gone(secured));
        this.#links.add(secured);
        take(secured);
      },
      denied: (socket, user, reason) => {
        if (!ended()) return;
        this.#log.notice(`${who}${user === null ? "" : ` (${user})`} refused: ${reason}`);
        const denied: TlsLink = new TlsLink(carrier, socket, { user, mayWrite: false }, this.#clock, () => {});
        denied.write(DENIED);
        denied.close();
      },
      failed: reason => {
        if (!ended()) return;
        this.#log.notice(`${who}: the handshake failed: ${reason}`);
        link.close();
      },
    };
    const closed = (): void => events.failed(carrier.fault?.reason ?? "the peer has ended the connection");
    carrier.on("close", () => this.#clock.after(0, closed)); // an error of OpenSSL says more
    server.begin(carrier);
    return carrier;
  }

  #gone(link: TlsLink): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.#allEnded?.();
  }
}
