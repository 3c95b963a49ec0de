/** The control port: at most four sessions, one of them kept for the machine itself. */
import { unmappedText } from "../line/address.js";
import type { Link } from "../net/link.js";
import type { Activity } from "../port/drain.js";
import { refuse } from "../port/peers/admission.js";
import { ControlSession, type ControlSessionOptions } from "./session.js";

export type { ControlPorts } from "./execute.js";

export interface ControlServer {
  /** The link is the server's from here on. */
  accept(link: Link): void;
  /** Those in use, without that of `asker`. */
  activities(asker: object | null): readonly Activity[];
  /** A line of text for all but `asker`. */
  tell(text: string, asker: object | null): void;
  /** Ends all sessions. */
  close(): void;
}

const MAX_SESSIONS = 4;
/** Sessions of peers on other machines: silent ones must not lock out an operator who has logged in to the board. */
const MAX_REMOTE_SESSIONS = MAX_SESSIONS - 1;
/** A session without input for this long makes room when a new peer finds no free one, and holds up no update. */
const YIELD_MS = 600_000;

export function createControlServer(parts: Omit<ControlSessionOptions, "link" | "onEnd">): ControlServer {
  /** With true for a peer on another machine. */
  const sessions = new Map<ControlSession, boolean>();

  /** Ends the session that has been without input for longest, if that is long enough. */
  function endIdle(candidates: readonly ControlSession[]): boolean {
    const [longest] = [...candidates].sort((one, other) => other.idleMs - one.idleMs);
    if (longest === undefined || longest.idleMs < YIELD_MS) return false;
    longest.close();
    return true;
  }

  function hasRoom(isRemote: boolean): boolean {
    const remote = [...sessions].filter(([, one]) => one).map(([session]) => session);
    if (isRemote && remote.length >= MAX_REMOTE_SESSIONS) return endIdle(remote);
    return sessions.size < MAX_SESSIONS || endIdle([...sessions.keys()]);
  }

  return {
    accept(link) {
      const isRemote = !isLoopback(link.peer.address);
      if (!hasRoom(isRemote)) {
        refuse(link, "Too many controller ports\r\n");
        return;
      }
      const session = new ControlSession({ ...parts, link, onEnd: () => sessions.delete(session) });
      sessions.set(session, isRemote);
      session.start();
    },
    activities(asker) {
      const others = [...sessions.keys()].filter(one => one !== asker);
      return others.filter(one => one.isMonitoring || one.idleMs < YIELD_MS).map(one => one.activity());
    },
    tell(text, asker) {
      for (const session of [...sessions.keys()]) if (session !== asker) session.tell(text);
    },
    close() {
      for (const session of [...sessions.keys()]) session.close();
    },
  };
}

function isLoopback(address: string): boolean {
  return address === "::1" || unmappedText(address).startsWith("127.");
}
