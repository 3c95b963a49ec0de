/** Pulses that need no PULSE line. Those of ESP chips are for the usual circuit of two transistors (docs/extensions.md). */
export const BUILT_IN: ReadonlyMap<string, string> = new Map([
  ["esp-reset", "DTR=0 RTS=1 100ms RTS=0"],
  ["esp-download", "DTR=0 RTS=1 100ms DTR=1 RTS=0 50ms DTR=0"],
  ["arduino-reset", "DTR=0 RTS=0 250ms DTR=1 RTS=1"],
]);
