/**
 * Plays a pulse: each step at its time since the start, so that a late step delays no later one. A thread of the addon does it
 * where the device allows that, and else timers.
 */
import type { PulseStep } from "../config/configuration.js";
import type { Cancel, Clock } from "../line/clock.js";
import { type ModemControl, modemBits } from "../line/modem.js";
import type { PlayingLines } from "../native/serial.js";

/** A change of modem lines, all in one call, in that many milliseconds from the start. */
interface TimedLines {
  readonly atMs: number;
  readonly lines: Partial<ModemControl>;
}

export interface RunningPulse {
  readonly isOver: boolean;
  /** Ends the pulse at once. @param drives true: the lines get its final states */
  end(drives: boolean): void;
}

/** The lines of a device. Both change those of one step in one call. */
export interface PlayedLines {
  /** False: the device is gone, and the pulse ends. */
  drive(lines: Partial<ModemControl>): boolean;
  /** As LineDevice.play. */
  play(steps: Uint32Array, last: Partial<ModemControl>): PlayingLines | null;
}

/** A timer may be early by the time that the turn of the event loop has taken: a step that is due this soon is driven now. */
const EARLY_MS = 0.3;

/** A thread is over this long after its last step, or something holds it. */
const COLLECT_MS = 50;

/** Starts a pulse. */
export function playPulse(pulse: readonly PulseStep[], line: PlayedLines, clock: Clock): RunningPulse {
  const steps = timed(pulse);
  const playing = line.play(encode(steps), statesAfter(steps));
  return playing === null ? playByTimers(steps, line, clock) : follow(playing, steps, line, clock);
}

/** The thread is collected a moment after its last step. One that failed then shows the loss, as the rest is driven from here. */
function follow(playing: PlayingLines, steps: readonly TimedLines[], line: PlayedLines, clock: Clock): RunningPulse {
  let isCollected = false;
  const cancel = clock.after((steps.at(-1)?.atMs ?? 0) + COLLECT_MS, () => collect(true, true));

  function collect(now: boolean, drives: boolean): void {
    const driven = isCollected ? -1 : playing.end(now);
    if (driven < 0) return;
    isCollected = true;
    cancel();
    if (drives) driveTogether(steps.slice(driven), line);
  }

  return {
    get isOver() {
      collect(false, true);
      return isCollected;
    },
    end: drives => collect(true, drives),
  };
}

function playByTimers(steps: readonly TimedLines[], line: PlayedLines, clock: Clock): RunningPulse {
  const rest = [...steps];
  const startMs = clock.nowMs();
  let cancel: Cancel = () => {};

  function advance(): void {
    for (let step = rest[0]; step !== undefined; step = rest[0]) {
      const leftMs = startMs + step.atMs - clock.nowMs();
      if (leftMs > EARLY_MS) {
        cancel = clock.after(leftMs, advance);
        return;
      }
      rest.shift();
      if (!driveTogether([step], line)) rest.length = 0;
    }
  }

  advance();
  return {
    get isOver() {
      return rest.length === 0;
    },
    end(drives) {
      cancel();
      const left = rest.splice(0);
      if (drives) driveTogether(left, line);
    },
  };
}

/** The states that the lines have after these steps, in one call. */
function driveTogether(steps: readonly TimedLines[], line: PlayedLines): boolean {
  const last = statesAfter(steps);
  return (last.dtr === undefined && last.rts === undefined) || line.drive(last);
}

function statesAfter(steps: readonly TimedLines[]): Partial<ModemControl> {
  return Object.assign({}, ...steps.map(({ lines }) => lines));
}

/** As `playLines` of the addon takes them. */
function encode(steps: readonly TimedLines[]): Uint32Array {
  return Uint32Array.from(steps.flatMap(({ atMs, lines }) => [atMs, modemBits(lines, true), modemBits(lines, false)]));
}

function timed(steps: readonly PulseStep[]): TimedLines[] {
  let dueMs = 0;
  return steps.map(({ lines, waitMs }) => {
    const atMs = dueMs;
    dueMs += waitMs;
    return { atMs, lines };
  });
}
