/** Reads the files of a TLS line, and checks them. */
import { constants, createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions } from "node:tls";
import type { TlsConfig } from "../config/tls-config.js";
import { decodeUtf8 } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { mayBeReadByOthers, readRegularFile } from "../native/read-file.js";

/** A key that is shared before: RFC 4279 asks for 16 bytes at least, this many are the most that OpenSSL takes. */
const [LEAST_KEY, MOST_KEY] = [16, 256];
const PSK_CIPHERS = "TLS_AES_128_GCM_SHA256:ECDHE-PSK-AES128-CBC-SHA256:PSK-AES128-GCM-SHA256";

export interface TlsFiles {
  readonly context: SecureContextOptions;
  /** Keys by identity. */
  readonly keys: ReadonlyMap<string, Buffer>;
  /** Equal for equal contents. */
  readonly mark: string;
  /** The certificate is not valid now; null: it is. */
  readonly outdated: string | null;
  /** Of less weight. */
  readonly warnings: readonly string[];
}

/** Throws an Error that says which file has which fault: `key=/etc/a.key: No such file or directory`. */
export function readTlsFiles(
  config: TlsConfig,
  nowMs: number,
  credentials = process.env.CREDENTIALS_DIRECTORY,
): TlsFiles {
  const read = (name: "cert" | "key" | "ca" | "psk"): Buffer | null => {
    const path = config[name];
    if (path === null) return null;
    return about(name, path, () => readRegularFile(expanded(path, credentials)));
  };
  const [cert, key, ca, psk] = [read("cert"), read("key"), read("ca"), read("psk")];
  const minVersion = config.min === "1.3" ? "TLSv1.3" : "TLSv1.2";
  const ciphers = config.ciphers ?? (psk === null ? undefined : PSK_CIPHERS);
  const context: SecureContextOptions = { minVersion, ...(ciphers === undefined ? {} : { ciphers }) };
  const dates = { outdated: null as string | null, warnings: [] as string[] };
  if (cert !== null && key !== null) {
    Object.assign(context, { cert, key });
    Object.assign(dates, checkPair(config, cert, key, nowMs));
  }
  if (ca !== null) {
    context.ca = ca;
    about("ca", config.ca, () => new X509Certificate(ca));
  }
  // A session of a ticket has no identity.
  if (psk !== null) context.secureOptions = constants.SSL_OP_NO_TICKET;
  const keys = psk === null ? new Map<string, Buffer>() : about("psk", config.psk, () => readKeys(psk));
  for (const secret of [config.key, config.psk]) {
    if (secret !== null && mayBeReadByOthers(expanded(secret, credentials))) {
      dates.warnings.push(`${secret} can be read by other users`);
    }
  }
  try {
    createSecureContext(context);
  } catch (error) {
    throw new Error(opensslReason(error));
  }
  const mark = JSON.stringify([config.text, ...[cert, key, ca, psk].map(bytes => bytes?.toString("base64") ?? null)]);
  return { context, keys, mark, ...dates };
}

function checkPair(
  config: TlsConfig,
  cert: Buffer,
  key: Buffer,
  nowMs: number,
): Pick<TlsFiles, "outdated" | "warnings"> {
  const certificate = about("cert", config.cert, () => new X509Certificate(cert));
  const secret = about("key", config.key, () => createPrivateKey(key));
  if (!certificate.checkPrivateKey(secret))
    throw new Error(`key=${config.key}: it is not the key of cert=${config.cert}`);
  const isOver = Date.parse(certificate.validTo) < nowMs;
  const isEarly = Date.parse(certificate.validFrom) > nowMs;
  return {
    outdated: isOver ? `cert=${config.cert}: it has expired on ${certificate.validTo}` : null,
    warnings: isEarly
      ? [`cert=${config.cert}: it is not valid before ${certificate.validFrom}; is the clock right?`]
      : [],
  };
}

/** A name of the configuration as TLS has it: Unicode, from UTF-8. A file that is in latin1 is read as such. */
export function peerName(text: string): string {
  const unicode = decodeUtf8(text);
  return unicode.includes("\ufffd") ? text : unicode;
}

/** Lines of `identity:key in hexadecimal`; empty ones and those with `#` mean nothing. Throws an Error that names the line. */
export function readKeys(bytes: Buffer): ReadonlyMap<string, Buffer> {
  const keys = new Map<string, Buffer>();
  for (const [at, line] of bytes.toString("latin1").split(/\r?\n/).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [, identity, hex = ""] = /^([^:]+):((?:[0-9a-fA-F]{2})+)$/.exec(line) ?? [];
    const key = Buffer.from(hex, "hex");
    if (identity === undefined) throw new Error(`line ${at + 1} is not identity:key, with the key in hexadecimal`);
    if (key.length < LEAST_KEY || key.length > MOST_KEY) {
      throw new Error(`the key on line ${at + 1} does not have ${LEAST_KEY} to ${MOST_KEY} bytes`);
    }
    keys.set(peerName(identity), key);
  }
  if (keys.size === 0) throw new Error("there is no key in it");
  return keys;
}

/** `%d` is the folder of the credentials of the unit, systemd.exec(5). */
function expanded(path: string, credentials: string | undefined): string {
  if (!path.startsWith("%d/")) return path;
  if (credentials === undefined) throw new Error("there are no credentials of systemd ($CREDENTIALS_DIRECTORY)");
  return credentials + path.slice(2);
}

function about<T>(word: string, path: string | null, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new Error(`${word}=${path}: ${opensslReason(error)}`);
  }
}

/** `error:0909006C:PEM routines:get_name:no start line` without its codes. */
function opensslReason(error: unknown): string {
  const reason = reasonOf(error);
  return /^error:[0-9A-F]+:.*:([^:]+)$/.exec(reason)?.[1] ?? reason;
}
