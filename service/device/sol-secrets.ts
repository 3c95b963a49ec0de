/** Reads the secrets of SOL devices, anew at each login. */
import type { SolSecret, SolTarget } from "../config/sol-target.js";
import { type LoginSecrets, padSecret, SECRET_BYTES } from "../ipmi/settings.js";
import { toBytes } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { mayBeReadByOthers, readRegularFile } from "../native/read-file.js";
import { DeviceError } from "./device.js";

export class SolSecrets {
  readonly #warn: (text: string) => void;
  /** The files that `warn` was called for: once each. */
  readonly #warned = new Set<string>();

  constructor(warn: (text: string) => void) {
    this.#warn = warn;
  }

  /**
   * Copies, padded to 20 bytes; the session overwrites them after the login. Throws DeviceError "open-failed" with the name
   * of the file or of the credential, never with a secret.
   * @param device the public form of the device, for the error
   */
  read({ password, bmcKey }: SolTarget, device: string): LoginSecrets {
    return {
      password: this.#secret(password, device) ?? new Uint8Array(SECRET_BYTES),
      bmcKey: this.#secret(bmcKey, device),
    };
  }

  #secret(secret: SolSecret, device: string): Uint8Array | null {
    switch (secret.kind) {
      case "none":
        return null;
      case "text":
        return padSecret(toBytes(secret.value));
      case "file":
        this.#checkMode(secret.path);
        return readSecret(secret.path, `password file ${secret.path}`, device);
      case "credential": {
        const folder = process.env.CREDENTIALS_DIRECTORY;
        const what = `credential ${secret.name}`;
        if (folder === undefined) throw failed(device, `${what}: CREDENTIALS_DIRECTORY is not set`);
        return readSecret(`${folder}/${secret.name}`, what, device);
      }
      default:
        return secret satisfies never;
    }
  }

  #checkMode(path: string): void {
    if (this.#warned.has(path) || !mayBeReadByOthers(path)) return;
    this.#warned.add(path);
    this.#warn(`The password file ${path} can be read by other users`);
  }
}

function readSecret(path: string, what: string, device: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path);
  } catch (error) {
    throw failed(device, `${what}: ${reasonOf(error)}`, error);
  }
  try {
    const secret = withoutLineEnd(bytes);
    if (secret.length > SECRET_BYTES) throw failed(device, `${what}: longer than the ${SECRET_BYTES} bytes of IPMI`);
    return padSecret(secret);
  } finally {
    bytes.fill(0);
  }
}

/** One line end, which an editor adds. */
function withoutLineEnd(bytes: Buffer): Buffer {
  let { length } = bytes;
  if (length > 0 && bytes[length - 1] === 0x0a) length--;
  if (length > 0 && bytes[length - 1] === 0x0d) length--;
  return bytes.subarray(0, length);
}

function failed(device: string, reason: string, cause?: unknown): DeviceError {
  return new DeviceError("open-failed", device, reason, { cause });
}
