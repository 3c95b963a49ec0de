/** The keys of a port of a board profile whose device is a SOL device, and their option words. */
import { readSolDevice } from "../config/sol-arguments.js";
import { isSolDevice } from "../config/sol-target.js";
import { holdsSecret } from "../config/sol-words.js";
import { BIT_RATES } from "../ipmi/settings.js";
import type { BoardPort } from "./profile.js";

type Draft<T> = { -readonly [Key in keyof T]: T[Key] };
type Line = NonNullable<BoardPort["line"]>;
/** @param place the object and its key that is wrong */
type Report = (place: readonly [object, string], message: string, expected: string) => void;

/** The error in a SOL device and what was expected; null without an error, and for other devices. */
export function solDeviceProblem(device: string): readonly [message: string, expected: string] | null {
  if (holdsSecret(device)) return ["a board profile must not have a password or a key", "expected -Pf or -Pc"];
  if (!isSolDevice(device)) return null;
  const read = readSolDevice({ text: device, offset: 0 }, () => null);
  return "message" in read ? [read.message, read.expected ?? ""] : null;
}

/** Leaves out the keys that belong to the other kind of device. */
export function leaveOutOtherKind(port: Draft<BoardPort>, written: BoardPort, report: Report): void {
  if (!isSolDevice(port.device)) {
    if (port.sol !== undefined) report([written, "sol"], "the device is not a SOL device", "expected sol.lan");
    delete port.sol;
    return;
  }
  for (const key of ["lines", "rs485"] as const) {
    if (port[key] === undefined) continue;
    report([written, key], `a SOL device has no ${key}`, "this key is left out");
    delete port[key];
  }
  if (port.line !== undefined && written.line !== undefined) port.line = solLine(port.line, written.line, report);
}

function solLine({ comment, speed, ...others }: Line, written: Line, report: Report): Line {
  for (const key of Object.keys(others)) report([written, key], `a SOL device has no ${key}`, "expected only speed");
  const line: Draft<Line> = comment === undefined ? {} : { comment };
  if (speed === undefined) return line;
  if (BIT_RATES.has(speed)) line.speed = speed;
  else
    report(
      [written, "speed"],
      `a SOL device does not have the rate ${speed}`,
      `expected one of ${[...BIT_RATES.keys()].join(", ")}`,
    );
  return line;
}

/** The option words of the key `sol`. */
export function solWords({ sol = {} }: BoardPort): string[] {
  const { authenticated, encrypted, sharedSerialAlert, deassertOnConnect, ackTimeoutUs, ackRetries } = sol;
  const words: (string | false)[] = [
    authenticated === false && "-authenticated",
    encrypted === false && "-encrypted",
    sharedSerialAlert !== undefined && `shared_serial_alert_${sharedSerialAlert}`,
    deassertOnConnect === true && "deassert_CTS_DCD_DSR_on_connect",
    ackTimeoutUs !== undefined && `ack-timeout=${ackTimeoutUs}`,
    ackRetries !== undefined && `ack-retries=${ackRetries}`,
  ];
  return words.filter(word => word !== false);
}
