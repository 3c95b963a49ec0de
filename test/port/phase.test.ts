import t from "tap";
import { advance, type Phase, type PhaseEvent } from "../../service/port/phase.js";

const PHASES = ["disabled", "idle", "opening", "open", "closing"] as const;
const EVENTS = [
  "enabled",
  "disabled",
  "called",
  "opened",
  "failed",
  "lost",
  "ended",
  "closed",
  "closed for good",
] as const satisfies PhaseEvent[];

t.test("each event leads where it should, and nowhere from a phase it cannot happen in", async t => {
  const allowed: Record<string, Phase> = {
    "disabled enabled": "idle",
    "idle disabled": "disabled",
    "idle called": "opening",
    "opening opened": "open",
    "opening failed": "idle",
    "opening closed for good": "disabled",
    "opening ended": "closing",
    "open lost": "opening",
    "open ended": "closing",
    "closing closed": "idle",
    "closing closed for good": "disabled",
  };
  for (const phase of PHASES)
    for (const event of EVENTS) {
      const next = allowed[`${phase} ${event}`];
      if (next !== undefined) t.equal(advance(phase, event), next, `${phase}: ${event}`);
      else t.throws(() => advance(phase, event), { message: `a port that is ${phase} was ${event}` });
    }
});
