/** A TLS line (docs/tls.md). */
export interface TlsConfig {
  readonly name: string;
  /** The words as written. */
  readonly text: string;
  readonly file: string | null;
  readonly line: number;
  /** Files, `%d` not yet expanded; null: not given. */
  readonly cert: string | null;
  readonly key: string | null;
  readonly ca: string | null;
  readonly psk: string | null;
  readonly verify: "none" | "optional" | "required";
  /** Names of certificates, or identities of keys, that may write; null: all may that are not in `watch`. */
  readonly allow: readonly string[] | null;
  /** Those that may only watch; null: none. */
  readonly watch: readonly string[] | null;
  readonly min: "1.2" | "1.3";
  readonly ciphers: string | null;
}
