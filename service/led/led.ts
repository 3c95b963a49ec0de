/** A light that shows traffic. */
export interface Led {
  /** Lights it for its duration; does nothing while it is lit, or when it does not work. Cheap enough for every read. */
  flash(): void;
  /** Idempotent; at once. The last user of a device gives it back, dark. */
  close(): void;
}

export type LedState = "off" | "on" | "blinking";

/** A light that shows a state. */
export interface SteadyLed {
  /** Does nothing when it shows that already, or does not work. */
  show(light: LedState): void;
  /** As that of Led. */
  close(): void;
}

/** A light that the kernel flashes with the traffic of a tty. */
export interface TtyLed {
  /** Null: of none. */
  follow(tty: string | null): void;
  /** As that of Led. */
  close(): void;
}
