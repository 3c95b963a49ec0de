/** The bundle sol.cjs: all of Serial over LAN that only boards with SOL devices need, down from the words of the configuration. */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError } from "../device/device.js";
import { deviceIdentity } from "../device/open.js";
import { SolDevices } from "../device/open-sol.js";
import { SolConsole, type SolConsoleOptions } from "../device/sol.js";
import { SolRecord } from "../device/sol-record.js";
import { SolSecrets } from "../device/sol-secrets.js";
import type { DeviceState } from "../handover/state.js";
import { createSession } from "../ipmi/entry.js";
import { claimDescriptor, endDescriptor } from "../native/stored-descriptors.js";
import type { PortEnvironment } from "../port/environment.js";

export { readSolDevice } from "../config/sol-arguments.js";
export { checkSolCommand } from "./check-sol.js";
export { solWarnings } from "./sol-warnings.js";

/** Opens the devices of SOL ports. Rejects with DeviceError. */
export function createSolOpener(warn: (text: string) => void): PortEnvironment["openDevice"] {
  const devices = new SolDevices(createSession);
  const secrets = new SolSecrets(warn);
  return ({ device, line, options }: PortConfig, wanted) => {
    const { path } = device;
    if (device.kind !== "sol" || options.sol === null) throw new Error(`${path} is not a SOL device`);
    const { target } = device;
    const sol = { ...options.sol, speed: line.speed };
    const readSecrets = () => secrets.read(target, path);
    return devices.open({ path, identity: deviceIdentity(path), target, sol, readSecrets, warn, signal: wanted() });
  };
}

/**
 * The console that the process before this one had open: its session goes on, without a login. Null: nothing is known of the
 * session, which is logged. Throws DeviceError.
 * @param fd its UDP socket, which is ended where null is returned
 */
export function adoptConsole(
  fd: number,
  before: DeviceState,
  { device, line: { speed }, options }: PortConfig,
  warn: (text: string) => void,
): Device | null {
  const { path } = device;
  if (device.kind !== "sol" || options.sol === null) throw new Error(`${path} is not a SOL device`);
  const { target } = device;
  const readSecrets = () => new SolSecrets(warn).read(target, path);
  const console = resumeConsole(fd, before, {
    ...{ login: target.login, sol: { ...options.sol, speed }, readSecrets, warn },
  });
  if (console === null) warn(`${path}: nothing is known of the session of the last run: logs in anew`);
  return console;
}

/** Logs out of the sessions that no port has taken: a BMC would keep them for a minute. */
export function endConsoles(left: readonly DeviceState[]): void {
  for (const before of left) {
    const fd = claimDescriptor(before.name);
    if (fd !== null) void resumeConsole(fd, before, ENDING)?.close(0);
  }
}

/** Of a session that only ends. */
const ENDING: Pick<SolConsoleOptions, "login" | "sol" | "readSecrets" | "warn"> = {
  login: {
    ...{ userName: new Uint8Array(0), privilege: "user", lookupByPrivilege: false, proposals: [] },
    ...{ rakp3PrivilegeOnly: false, integrityBySik: false },
  },
  sol: {
    ...{ speed: 9600, authenticated: true, encrypted: true, sharedSerialAlert: "fail", deassertOnConnect: false },
    ...{ ackTimeoutUs: 1_000_000, ackRetries: 1 },
  },
  readSecrets: () => {
    throw new DeviceError("lost", "", "the session ends");
  },
  warn: () => {},
};

/** Null: nothing is known of the session, and its socket is ended. */
function resumeConsole(
  fd: number,
  { path, secondName, sol: state, line }: DeviceState,
  options: typeof ENDING,
): SolConsole | null {
  const kept = SolRecord.resume(secondName, text => options.warn(`${path}: ${text}`));
  const last = state ?? kept?.state ?? null;
  if (last === null) {
    endDescriptor(fd);
    return null;
  }
  return new SolConsole({
    ...{ ...options, path, address: last.bmc, createSession, connected: () => {}, refused: () => {} },
    before: { fd, state: last, record: kept?.record ?? null, line },
  });
}
