/** A light that shows traffic. */
export interface Led {
  /** Lights it for its duration; does nothing while it is lit, or when it does not work. Cheap enough for every read. */
  flash(): void;
  /** Idempotent; at once. The last user of a device gives it back, dark. */
  close(): void;
}
