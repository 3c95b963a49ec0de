/** The bundle sol.cjs: all of Serial over LAN that only boards with SOL devices need, down from the words of the configuration. */
import type { PortConfig } from "../config/configuration.js";
import { deviceIdentity } from "../device/open.js";
import { SolDevices } from "../device/open-sol.js";
import { SolSecrets } from "../device/sol-secrets.js";
import { createSession } from "../ipmi/entry.js";
import type { PortEnvironment } from "../port/environment.js";

export { readSolDevice } from "../config/sol-arguments.js";
export { checkSolCommand } from "./check-sol.js";
export { solWarnings } from "./sol-warnings.js";

/** Opens the devices of SOL ports. Rejects with DeviceError. */
export function createSolOpener(warn: (text: string) => void): PortEnvironment["openDevice"] {
  const devices = new SolDevices(createSession);
  const secrets = new SolSecrets(warn);
  return ({ device, line, options }: PortConfig, signal) => {
    const { path } = device;
    if (device.kind !== "sol" || options.sol === null) throw new Error(`${path} is not a SOL device`);
    const { target } = device;
    const sol = { ...options.sol, speed: line.speed };
    const readSecrets = () => secrets.read(target, path);
    return devices.open({ path, identity: deviceIdentity(path), target, sol, readSecrets, warn, signal });
  };
}
