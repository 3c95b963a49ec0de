/** Plays a pulse: each step at its time since the start, so that a late timer delays no later step. */
import type { PulseStep } from "../config/configuration.js";
import type { Cancel, Clock } from "../line/clock.js";

export interface RunningPulse {
  readonly isOver: boolean;
  /** Ends the pulse at once. @param drives true: the lines get its final states */
  end(drives: boolean): void;
}

/** A timer may be early by the time that the turn of the event loop has taken: a step that is due this soon is driven now. */
const EARLY_MS = 0.3;

/** Starts a pulse. @param drive sets the lines of one step, in one call; false: the device is gone, and the pulse ends */
export function playPulse(
  steps: readonly PulseStep[],
  drive: (lines: PulseStep["lines"]) => boolean,
  clock: Clock,
): RunningPulse {
  const rest = [...steps];
  let dueMs = clock.nowMs();
  let cancel: Cancel = () => {};

  function advance(): void {
    for (let step = rest[0]; step !== undefined; step = rest[0]) {
      const leftMs = dueMs - clock.nowMs();
      if (leftMs > EARLY_MS) {
        cancel = clock.after(leftMs, advance);
        return;
      }
      rest.shift();
      dueMs += step.waitMs;
      if (!act(step.lines)) rest.length = 0;
    }
  }

  function act(lines: PulseStep["lines"]): boolean {
    return (lines.dtr === undefined && lines.rts === undefined) || drive(lines);
  }

  function end(drives: boolean): void {
    cancel();
    const left = Object.assign({}, ...rest.splice(0).map(step => step.lines));
    if (drives) act(left);
  }

  advance();
  return {
    get isOver() {
      return rest.length === 0;
    },
    end,
  };
}
