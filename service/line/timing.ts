/** How long to wait for more characters of a serial line before they are sent on. */
import { bitsPerCharacter, type LineSettings } from "./settings.js";

/** The part of the chardelay options the wait depends on. */
export interface CharacterWait {
  readonly enabled: boolean;
  readonly scale: number; // tenths of a character
  readonly minUs: number;
}

/** Microseconds after the last character; 0 sends at once. The maximum, counted from the first one, is applied by the user of this function. */
export function chardelayUs(line: LineSettings, chardelay: CharacterWait): number {
  if (!chardelay.enabled) return 0;
  if (line.speed <= 0) return chardelay.minUs; // B0: no character ever takes any time
  const delayUs = Math.floor((bitsPerCharacter(line) * 100_000 * chardelay.scale) / line.speed);
  return Math.max(delayUs, chardelay.minUs);
}
