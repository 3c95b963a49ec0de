/** The layer `ssl` of ser2net 4 as the words of a TLS line, and back (gensio(5), "ssl"; docs/tls.md). */
import type { TlsConfig } from "../config/tls-config.js";
import type { ImportContext } from "./context.js";
import { keyAndValue, readFlag } from "./stack.js";
import type { Place } from "./tree.js";

/** ser2net.yaml(5), "ENCRYPTION, AUTHENTICATION, AND DEFAULT CERTIFICATES" */
const [KEY, CERT] = ["/etc/ser2net/ser2net.key", "/etc/ser2net/ser2net.crt"];
/** The options that a default of the class ssl may set. */
export const SSL_DEFAULTS = ["key", "cert", "CA", "clientauth", "allow-authfail", "mode"] as const;
const HARMLESS = new Set(["readbuf", "writebuf"]);

export interface SslLayer {
  /** `cert=FILE key=FILE` */
  readonly words: string;
  /** Whether a peer needs a certificate. */
  readonly asksPeers: boolean;
  readonly lost: readonly string[];
}

/** A text says why it cannot be carried over. @param defaultOf a default of the class ssl */
export function readSsl(
  options: readonly string[],
  defaultOf: (name: string) => string | undefined,
): SslLayer | string {
  const values = new Map(SSL_DEFAULTS.map(name => [name.toLowerCase(), defaultOf(name)]));
  const lost: string[] = [];
  for (const word of options) {
    const { key, value } = keyAndValue(word);
    if (values.has(key)) values.set(key, value ?? "true");
    else if (!HARMLESS.has(key)) lost.push(`the option ${word} of ssl has no counterpart`);
  }
  const isOn = (name: string) => values.get(name) !== undefined && readFlag(values.get(name) ?? "") !== false;
  if (values.get("mode") === "client") return "ssl with mode=client: a port is a server of TLS";
  const key = values.get("key") || KEY;
  const cert = (values.get("cert") ?? CERT) || key;
  const ca = values.get("ca") ?? "";
  if (!isOn("clientauth")) return tlsWords({ cert, key }, false, lost);
  // ser2net 4 then admits a peer without a certificate.
  if (isOn("allow-authfail")) return tlsWords({ cert, key }, false, lost);
  if (ca === "" || ca.endsWith("/")) {
    return "clientauth without a file in CA= is not carried over: certificates in folders are not read, and without them the port would be open to all";
  }
  return tlsWords({ cert, key, ca }, true, lost);
}

function tlsWords(
  files: Readonly<Record<string, string>>,
  asksPeers: boolean,
  lost: readonly string[],
): SslLayer | string {
  for (const [name, path] of Object.entries(files)) {
    if (/[\s\\\x00-\x1f\x7f]|^%d\//.test(path))
      return `${name}=${path}: a file of a TLS line has no blanks and no backslashes`;
  }
  const words = Object.entries(files).map(([name, path]) => `${name}=${path}`);
  return { words: words.join(" "), asksPeers, lost };
}

/** The name of the TLS line, and the line itself where it is new. @param users `allowed-users`; null: all of authdir */
export function tlsLine(
  connection: string,
  layer: SslLayer,
  users: readonly string[] | null,
  place: Place,
  context: ImportContext,
): ReturnType<ImportContext["define"]> {
  return context.define(`${connection}-tls`, ["TLS:", `:${tlsText(layer, users, place, context)}`]);
}

function tlsText(
  { words, asksPeers }: SslLayer,
  users: readonly string[] | null,
  place: Place,
  context: ImportContext,
): string {
  if (!asksPeers) return words;
  const reason = "authdir is not read: a peer needs a certificate of ca=";
  if (users !== null) context.note(place, "allowed-users become allow=", reason);
  else context.lost(place, "The users of authdir are not carried over", `${reason}; allow=NAME,... limits them`);
  return users === null ? words : `${words} allow=${users.join(",") || ","}`;
}

/** The layer, and what it does not have; a text says why what has this TLS line is left out. */
export function sslLayer(
  tls: TlsConfig | undefined,
): { readonly layer: string; readonly lost: readonly string[]; readonly users: string | null } | string {
  if (tls === undefined) return "its TLS line is missing, and ser2net 4 would serve it in clear text";
  const { cert, key, ca, verify, allow, watch, min, ciphers } = tls;
  if (cert === null || key === null) return "ser2net 4 has no keys that are shared before (psk=)";
  if (watch !== null || verify === "optional")
    return "ser2net 4 has no peers that may only watch: they would write too";
  const files = [`key=${escaped(key)}`, `cert=${escaped(cert)}`];
  if (verify === "required" && ca !== null) files.push(`CA=${escaped(ca)}`, "clientauth");
  const lost = [
    ...(min === "1.2" ? [] : [`min=${min}`]),
    ...(ciphers === null ? [] : [`ciphers=${ciphers}`]),
    ...[cert, key, ca].filter(path => path?.startsWith("%d/")).map(path => `the credential ${path}`),
  ];
  return { layer: `ssl(${files.join(",")})`, lost, users: allow === null ? null : allow.join(" ") };
}

/** A path as a word of an accepter or a connector. */
export function escaped(path: string): string {
  return path.replace(/[\\,()"' ]/g, "\\$&");
}
