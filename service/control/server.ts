/** The control port: where operators arrive, four at a time. */
import type { Link } from "../net/link.js";
import { refuse } from "../port/refuse.js";
import { createSession, type Session, type SessionParts } from "./session.js";

export type { ControlPorts } from "./execute.js";

export interface ControlServer {
  /** The link is the server's from here on. */
  accept(link: Link): void;
  readonly sessions: number;
  /** Ends all sessions. */
  close(): void;
}

const MAX_SESSIONS = 4;

export function createControlServer(parts: Omit<SessionParts, "link" | "onEnd">): ControlServer {
  const sessions = new Set<Session>();

  return {
    accept(link) {
      if (sessions.size >= MAX_SESSIONS) {
        refuse(link, "Too many controller ports\r\n");
        return;
      }
      const session = createSession({ ...parts, link, onEnd: () => sessions.delete(session) });
      sessions.add(session);
      session.start();
    },
    get sessions() {
      return sessions.size;
    },
    close() {
      for (const session of [...sessions]) session.close();
    },
  };
}
