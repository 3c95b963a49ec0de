/** The sessions of the control port: at most four, one of them reserved for peers on the machine itself. */
import type { ControlSessionState } from "../handover/state.js";
import { unmappedText } from "../line/address.js";
import type { Link } from "../net/link.js";
import type { Activity } from "../port/drain.js";
import { refuse } from "../port/peers/admission.js";
import { ControlSession, type ControlSessionOptions } from "./session.js";

export type { ControlPorts } from "./execute.js";

const MAX_SESSIONS = 4;
/** Sessions of peers on other machines: idle ones must not lock out an operator on the board itself. */
const MAX_REMOTE_SESSIONS = MAX_SESSIONS - 1;
/** A session without input for this long is closed when a new peer finds none free, and does not delay an update. */
const YIELD_MS = 600_000;

export class ControlServer {
  readonly #options: Omit<ControlSessionOptions, "link" | "onEnd">;
  /** With true for a peer on another machine. */
  readonly #sessions = new Map<ControlSession, boolean>();

  constructor(options: Omit<ControlSessionOptions, "link" | "onEnd">) {
    this.#options = options;
  }

  /** The link is the server's from here on. */
  accept(link: Link): void {
    const isRemote = !isLoopback(link.peer.address);
    if (!this.#hasRoom(isRemote)) {
      refuse(link, "Too many controller ports\r\n");
      return;
    }
    link.store?.("m");
    this.#start(link, isRemote);
  }

  /** Goes on with a session of the process before this one. Call when the ports are there. */
  resume(link: Link, before: ControlSessionState): void {
    this.#start(link, !isLoopback(link.peer.address), before);
  }

  /** Of all sessions, for the process after this one. Nothing may be called afterwards. */
  states(): readonly ControlSessionState[] {
    return [...this.#sessions.keys()].map(session => session.state()).filter(state => state !== null);
  }

  /** Those in use, without that of `asker`. */
  activities(asker: object | null): readonly Activity[] {
    const others = [...this.#sessions.keys()].filter(one => one !== asker);
    return others.filter(one => one.isMonitoring || one.idleMs < YIELD_MS).map(one => one.activity());
  }

  /** A line of text for all but `asker`. */
  tell(text: string, asker: object | null): void {
    for (const session of [...this.#sessions.keys()]) if (session !== asker) session.tell(text);
  }

  /** Ends all sessions. */
  close(): void {
    for (const session of [...this.#sessions.keys()]) session.close();
  }

  #start(link: Link, isRemote: boolean, before?: ControlSessionState): void {
    const onEnd = () => void this.#sessions.delete(session);
    const session = new ControlSession({ ...this.#options, link, onEnd, ...(before === undefined ? {} : { before }) });
    this.#sessions.set(session, isRemote);
    session.start();
  }

  #hasRoom(isRemote: boolean): boolean {
    const remote = [...this.#sessions].filter(([, one]) => one).map(([session]) => session);
    if (isRemote && remote.length >= MAX_REMOTE_SESSIONS) return endIdle(remote);
    return this.#sessions.size < MAX_SESSIONS || endIdle([...this.#sessions.keys()]);
  }
}

/** Ends the session that has been without input for longest, if that is long enough. */
function endIdle(candidates: readonly ControlSession[]): boolean {
  const [longest] = [...candidates].sort((one, other) => other.idleMs - one.idleMs);
  if (longest === undefined || longest.idleMs < YIELD_MS) return false;
  longest.close();
  return true;
}

function isLoopback(address: string): boolean {
  return address === "::1" || unmappedText(address).startsWith("127.");
}
