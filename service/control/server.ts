/** The sessions of the control port: at most four, one of them reserved for peers on the machine itself. */
import type { AttachState, ControlSessionState } from "../handover/state.js";
import { unmappedText } from "../line/address.js";
import type { ObservedLog } from "../log/log.js";
import type { Link } from "../net/link.js";
import type { Activity } from "../port/drain.js";
import { REFUSAL, refuse } from "../port/peers/admission.js";
import type { ManagedPort } from "../port/status.js";
import { LocalSocket } from "./local-socket.js";
import { ControlSession, type ControlSessionOptions } from "./session.js";

export type { ControlPorts } from "./context.js";

const MAX_SESSIONS = 4;
/** Sessions of peers on other machines: idle ones must not lock out an operator on the board itself. */
const MAX_REMOTE_SESSIONS = MAX_SESSIONS - 1;
/** Sessions by the local socket. */
const MAX_LOCAL = 32;
/** All sessions together, with those attached to a port: as many as are handed over. */
const MAX_ALL = 64;
/** A session without input for this long is closed when a new peer finds none free, and does not delay an update. */
const YIELD_MS = 600_000;
const FULL = "Too many controller ports\r\n";

/** Where a peer is: `local` by the local socket, `loopback` by TCP. */
type Origin = "remote" | "loopback" | "local";

interface ControlServerOptions extends Omit<ControlSessionOptions, "link" | "onEnd" | "deniedBut" | "isLocal"> {
  readonly log: ObservedLog;
}

export class ControlServer {
  readonly local: LocalSocket;
  readonly #options: ControlServerOptions;
  readonly #sessions = new Map<ControlSession, Origin>();

  constructor(options: ControlServerOptions) {
    this.#options = options;
    options.log.observer = (...line) => {
      for (const session of [...this.#sessions.keys()]) session.events.logged(...line);
    };
    this.local = new LocalSocket({ log: options.log, accepted: link => this.#acceptLocal(link) });
  }

  /** The link is the server's from here on. */
  accept(link: Link): void {
    const origin = originOf(link);
    if (!this.#hasRoom(origin)) {
      refuse(link, FULL);
      return;
    }
    link.store?.("m");
    this.#create(link, origin, null)?.start();
  }

  /** A peer that may not even look is told so. */
  #acceptLocal(link: Link): void {
    const session = this.#hasRoom("local") ? this.#create(link, "local", null) : refuse(link, FULL);
    if (session == null) return;
    link.store?.("m");
    session.start();
  }

  /** Goes on with a session of the process before this one. Call when the ports are there. */
  resume(link: Link, before: ControlSessionState): void {
    this.#create(link, originOf(link), before)?.start();
  }

  /** As `resume`, for a session that was attached to a port. Its link for the port; null: it may not any more. */
  resumeAttached(link: Link, before: ControlSessionState, port: ManagedPort, state: AttachState): Link | null {
    const session = this.#create(link, originOf(link), before);
    const attached = session?.resumeAttached(port, state) ?? null;
    session?.start();
    return attached;
  }

  /** Of all sessions, for the process after this one. Only `proceed` and `close` may be called afterwards. */
  states(): readonly ControlSessionState[] {
    return [...this.#sessions.keys()].map(session => session.state()).filter(state => state !== null);
  }

  /** There is no process after this one: all sessions go on. */
  proceed(): void {
    for (const session of [...this.#sessions.keys()]) session.proceed();
  }

  /** Those in use, without that of `asker`. */
  activities(asker: object | null): readonly Activity[] {
    const others = [...this.#sessions.keys()].filter(one => one !== asker && !one.isAttached && !one.events.active);
    return others.filter(one => one.isMonitoring || one.idleMs < YIELD_MS).map(one => one.activity());
  }

  /** A line of text for all but `asker`. */
  tell(text: string, asker: object | null): void {
    for (const session of [...this.#sessions.keys()]) if (session !== asker) session.tell(text);
  }

  /** Ends all sessions. */
  close(): void {
    this.#options.log.observer = null;
    this.local.close();
    for (const session of [...this.#sessions.keys()]) session.close();
  }

  /** Null: the peer may not look, and is told so. */
  #create(link: Link, origin: Origin, before: ControlSessionState | null): ControlSession | null {
    const who = origin === "local" ? link.credentials?.() : null;
    const rights = who == null ? (link.mayWrite === false ? "read" : "write") : this.local.rights(who);
    if (rights === "none") {
      refuse(link, REFUSAL.denied);
      return null;
    }
    const onEnd = () => void this.#sessions.delete(session);
    const isLocal = origin === "local";
    const needed = isLocal ? `the group ${this.local.adminGroup}` : "a certificate in allow=";
    const deniedBut = rights === "read" ? needed : null;
    const goingOn = before === null ? {} : { before };
    const session = new ControlSession({ ...this.#options, link, onEnd, deniedBut, isLocal, ...goingOn });
    this.#sessions.set(session, origin);
    return session;
  }

  /** Sessions that are attached to a port are connections of that port, and take no place here. */
  #hasRoom(origin: Origin): boolean {
    const waiting = [...this.#sessions].filter(([session]) => !session.isAttached);
    const from = (...origins: readonly Origin[]) =>
      waiting.filter(([, one]) => origins.includes(one)).map(([session]) => session);
    if (this.#sessions.size >= MAX_ALL) return endIdle(waiting.map(([session]) => session));
    if (origin === "local") return from("local").length < MAX_LOCAL || endIdle(from("local"));
    const remote = from("remote");
    if (origin === "remote" && remote.length >= MAX_REMOTE_SESSIONS) return endIdle(remote);
    const all = from("remote", "loopback");
    return all.length < MAX_SESSIONS || endIdle(all);
  }
}

/** Ends the session that has been without input for longest, if that is long enough. */
function endIdle(candidates: readonly ControlSession[]): boolean {
  const [longest] = [...candidates].sort((one, other) => other.idleMs - one.idleMs);
  if (longest === undefined || longest.idleMs < YIELD_MS) return false;
  longest.close();
  return true;
}

function originOf({ peer: { address } }: Link): Origin {
  if (address.startsWith("local")) return "local";
  return address === "::1" || unmappedText(address).startsWith("127.") ? "loopback" : "remote";
}
