/** The errors that a client may receive, each with a text. No other error is sent. */
import { WELL_KNOWN_NAME } from "./names.js";

const OURS = `${WELL_KNOWN_NAME}.Error`;
const STANDARD = "org.freedesktop.DBus.Error";

export const ERRORS = {
  /** No port of that name. */
  NoSuchPort: `${OURS}.NoSuchPort`,
  /** The port has no connection. */
  NotConnected: `${OURS}.NotConnected`,
  /** The device is not open, or is not a serial line. */
  DeviceClosed: `${OURS}.DeviceClosed`,
  /** The port goes when its last connection has gone, and takes no changes. */
  BeingDeleted: `${OURS}.BeingDeleted`,
  /** The port could not do it; the text says why. */
  Refused: `${OURS}.Refused`,
  /** This board has nothing to do it with. */
  NotSupported: `${OURS}.NotSupported`,
  /** The configuration cannot be read; the one in force stays. */
  ConfigurationUnreadable: `${OURS}.ConfigurationUnreadable`,
  InvalidArgs: `${STANDARD}.InvalidArgs`,
  UnknownObject: `${STANDARD}.UnknownObject`,
  UnknownInterface: `${STANDARD}.UnknownInterface`,
  UnknownMethod: `${STANDARD}.UnknownMethod`,
  UnknownProperty: `${STANDARD}.UnknownProperty`,
  PropertyReadOnly: `${STANDARD}.PropertyReadOnly`,
  /** The message is too long, or too many ask for all objects at once. */
  LimitsExceeded: `${STANDARD}.LimitsExceeded`,
  /** A fault of the service; the log says which. */
  Failed: `${STANDARD}.Failed`,
} as const;

export class BusError extends Error {
  override readonly name = "BusError";
  readonly code: keyof typeof ERRORS;

  constructor(code: keyof typeof ERRORS, text: string) {
    super(text);
    this.code = code;
  }
}
