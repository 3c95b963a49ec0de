/** Reads the secrets of a SOL device, anew at each login. */
import type { SolSecret, SolTarget } from "../config/sol-target.js";
import { type LoginSecrets, SECRET_BYTES } from "../ipmi/settings.js";
import { readRegularFile } from "../native/read-file.js";
import { reasonOf } from "../native/reason.js";
import { DeviceError } from "./device.js";

/**
 * The session overwrites the bytes after the login. Throws DeviceError "open-failed" with the name of the file or of
 * the credential, never with a secret.
 * @param device the public form of the device, for the error
 */
export function readLoginSecrets({ password, bmcKey }: SolTarget, device: string): LoginSecrets {
  return {
    password: readSecret(password, device) ?? new Uint8Array(SECRET_BYTES),
    bmcKey: readSecret(bmcKey, device),
  };
}

function readSecret(secret: SolSecret, device: string): Uint8Array | null {
  switch (secret.kind) {
    case "none":
      return null;
    case "text":
      return padded(Buffer.from(secret.value, "latin1"));
    case "file":
      return readSecretFile(secret.path, `password file ${secret.path}`, device);
    case "credential":
      return readCredential(secret.name, device);
    default:
      return secret satisfies never;
  }
}

function readCredential(name: string, device: string): Uint8Array {
  const folder = process.env.CREDENTIALS_DIRECTORY;
  if (folder === undefined) {
    throw new DeviceError("open-failed", device, `credential ${name}: CREDENTIALS_DIRECTORY is not set`);
  }
  return readSecretFile(`${folder}/${name}`, `credential ${name}`, device);
}

function readSecretFile(path: string, what: string, device: string): Uint8Array {
  let bytes: Buffer;
  try {
    bytes = readRegularFile(path);
  } catch (error) {
    throw new DeviceError("open-failed", device, `${what}: ${reasonOf(error)}`, { cause: error });
  }
  try {
    return padded(withoutLineEnd(bytes));
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

function padded(bytes: Uint8Array): Uint8Array {
  const secret = new Uint8Array(SECRET_BYTES);
  secret.set(bytes.subarray(0, SECRET_BYTES));
  return secret;
}
