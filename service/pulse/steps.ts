/** Parses the text of a pulse: `DTR=0 RTS=1 100ms DTR=1 RTS=0 50ms DTR=0`. Pure. */
import type { PulseProblem, PulseStep } from "../config/configuration.js";
import { suggest } from "../config/suggest.js";

/** Limits that no reset circuit needs; a pulse must end. */
const MOST_STEPS = 64;
const LONGEST_MS = 10_000; // of all waits together

const WORD = /^(?:(DTR|RTS)=([01])|([0-9]{1,6})(ms|s))$/;
const FORM = "expected DTR=0, DTR=1, RTS=0, RTS=1, or a time such as 100ms";

/** The lines before a time change together, in one call, and the time ends their step. Takes linear time. */
export function readPulse(text: string): readonly PulseStep[] | PulseProblem {
  const steps: PulseStep[] = [];
  let lines: PulseStep["lines"] = {};
  let totalMs = 0;
  for (const { 0: word, index: offset } of text.matchAll(/[^ \t]+/g)) {
    const [, line, state, count, unit] = WORD.exec(word) ?? [];
    if (count !== undefined) {
      const waitMs = Number(count) * (unit === "s" ? 1000 : 1);
      totalMs += waitMs;
      if (totalMs > LONGEST_MS) return problem(offset, "Pulse is too long", `expected ${LONGEST_MS}ms at most in all`);
      steps.push({ lines, waitMs });
      lines = {};
    } else if (line !== undefined) {
      const name = line === "DTR" ? "dtr" : "rts";
      if (lines[name] !== undefined) {
        return problem(offset, `${line} twice in one step of a pulse`, "expected a time between the two");
      }
      lines = { ...lines, [name]: state === "1" };
    } else {
      const near = suggest(word, ["DTR=0", "DTR=1", "RTS=0", "RTS=1"]);
      return problem(offset, `Invalid step of a pulse: ${word}`, near === null ? FORM : `${FORM}; nearest: ${near}`);
    }
    if (steps.length > MOST_STEPS) return problem(offset, "Pulse has too many steps", `expected ${MOST_STEPS} at most`);
  }
  if (lines.dtr !== undefined || lines.rts !== undefined) steps.push({ lines, waitMs: 0 });
  if (!steps.some(step => step.lines.dtr !== undefined || step.lines.rts !== undefined)) {
    return problem(text.length, "No steps of the pulse given", FORM);
  }
  return steps;
}

function problem(offset: number, message: string, expected: string): PulseProblem {
  return { offset, message, expected };
}
