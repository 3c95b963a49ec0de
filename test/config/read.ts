/** Readers of configurations for the tests of this room. */
import type { Configuration, PortConfig } from "../../service/config/configuration.js";
import type { ServiceLookup } from "../../service/config/network-port.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { readTls } from "../../service/config/tls.js";
import { readPulse } from "../../service/pulse/steps.js";

/** The only services these tests know. */
export const serviceLookup: ServiceLookup = (name, transport) => {
  if (name === "echo") return 7;
  return name === "ntp" && transport === "udp" ? 123 : null;
};

export const environment = { serviceLookup, readSolDevice, readPulse, readTls };

export function readLines(...lines: readonly string[]): Configuration {
  return readText(lines.map(line => `${line}\n`).join(""));
}

export function readText(text: string): Configuration {
  return readConfiguration([{ file: "test.conf", text }], environment);
}

export function messages(configuration: Configuration): string[] {
  return configuration.diagnostics.map(({ message }) => message);
}

/** The only port of a configuration. */
export function onlyPort(configuration: Configuration): PortConfig {
  const [port] = configuration.ports;
  if (port === undefined || configuration.ports.length > 1) throw new Error(`${configuration.ports.length} ports`);
  return port;
}

/** The port that these options make, after these lines. */
export function portWith(options: string, ...before: readonly string[]): PortConfig {
  return onlyPort(readLines(...before, `3000:raw:0:/dev/ttyS0:${options}`));
}

/** One of each kind of name. */
export const NAMES = [
  "BANNER:hello:Hello \\p\\r\\n",
  "SIGNATURE:sign:A signature \\p",
  "OPENSTR:open:wake\\n",
  "CLOSESTR:bye:sleep\\n",
  "CLOSEON:end:END\\n",
  "DEVICE:modem:/dev/ttyS9",
  "TRACEFILE:log:/tmp/\\p",
  "TRACEFILE:log2:/tmp/2",
  "LED:rx:sysfs:device=rx0",
  "LED:tx:sysfs:device=tx0 duration=5",
  "RS485CONF:half:1:2:1:0",
];

/** The diagnostics of a port line with these options, after the names. */
export function optionFaults(options: string): string[] {
  return readLines(...NAMES, `3000:raw:0:/dev/ttyS0:${options}`).diagnostics.map(
    ({ message, expected }) => `${message} (${expected})`,
  );
}
