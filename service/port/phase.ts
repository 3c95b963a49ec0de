/** The phases of a port, and the transitions between them. */

/**
 * disabled: no socket. idle: listening, device closed. opening: a peer is connected, the device is being opened.
 * open: bytes flow; a device that is lost and waited for makes it opening again. closing: last bytes leave, the device is being closed; new connections wait in the backlog.
 */
export type Phase = "disabled" | "idle" | "opening" | "open" | "closing";

export type PhaseEvent =
  | "enabled"
  | "disabled"
  | "called"
  | "opened"
  | "failed"
  | "lost"
  | "ended"
  | "closed"
  | "closed for good";

const NEXT: Readonly<Record<Phase, Partial<Readonly<Record<PhaseEvent, Phase>>>>> = {
  disabled: { enabled: "idle" },
  idle: { disabled: "disabled", called: "opening" },
  // A port that is switched off while it is in use goes on until its last connection ends.
  opening: { opened: "open", failed: "idle", "closed for good": "disabled", ended: "closing" },
  open: { lost: "opening", ended: "closing" },
  closing: { closed: "idle", "closed for good": "disabled" },
};

/** Throws on an event that cannot happen in that phase: a bug, not an input. */
export function advance(phase: Phase, event: PhaseEvent): Phase {
  const next = NEXT[phase][event];
  if (next === undefined) throw new Error(`a port that is ${phase} was ${event}`);
  return next;
}
