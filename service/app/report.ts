/**
 * The bundle report.cjs, what the program only tells: the diagnostics of the configuration, the configuration itself, and whether
 * it would take the place of another version.
 */
import { writeSync } from "node:fs";
import { type Options, VERSION } from "../cli.js";
import type { Configuration } from "../config/configuration.js";
import { errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import { controlPortParts, parseNetworkPort, type ServiceLookup } from "../config/network-port.js";
import { isOnEveryAddress, isOpenToAll } from "../config/open-ports.js";
import { printConfiguration } from "../config/print.js";
import { controlPortProblem } from "../config/served-port.js";
import { toBytes, toText } from "../line/bytes.js";
import { loadModule } from "../native/load-module.js";
import { readRegularFile } from "../native/read-file.js";
import { createServiceLookup } from "../net/services.js";
import { ConfigurationError, type LoadedConfiguration, loadConfiguration } from "./load-configuration.js";
import { loadHelp } from "./load-help.js";

const FAILED = 1;
/** Ports that one line names. */
const NAMED_PORTS = 8;

/** --check, --print-config and --try-upgrade: the exit status. */
export function report(options: Options): number {
  const { controlPort: given } = options;
  const serviceLookup = createServiceLookup();
  if (given !== null && controlPortProblem(given, serviceLookup) !== null) {
    print(2, `Invalid control port specified: ${given}\n${loadHelp().hintOf("daemon", null)}`);
    return FAILED;
  }
  if (options.report === "try-upgrade") {
    const configuration = () => loadConfiguration(options, serviceLookup);
    return loadModule<typeof import("../upgrade/entry.js")>("./upgrade.cjs").acceptUpgrade({
      version: VERSION,
      configuration,
      hasBus: options.dbus !== null,
    });
  }
  let effective: LoadedConfiguration;
  try {
    effective = loadConfiguration(options, serviceLookup);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    print(2, `${error.message}\n`);
    return FAILED;
  }
  const { configuration, diagnostics: faults } = effective;
  if (options.report === "print-config") {
    const chosen =
      given === null ? configuration : { ...configuration, controlPort: given, controlPortDiagnostic: null };
    print(1, printConfiguration(chosen));
  }
  const out = options.report === "check" ? 1 : 2;
  for (const fault of faults) print(out, `${formatDiagnostic(fault)}\n`);
  if (errorsOf(faults).length > 0) return FAILED;
  if (options.report === "check" && !hasAccessRules()) print(1, openPortsWarning(configuration, given, serviceLookup));
  return 0;
}

/** The TCP wrappers may refuse somebody: a table has more than comments, or cannot be read. */
function hasAccessRules(): boolean {
  return ["/etc/hosts.allow", "/etc/hosts.deny"].some(file => {
    try {
      return /^[ \t]*[^#\s]/m.test(toText(readRegularFile(file)));
    } catch (error) {
      return !(error instanceof Error && "code" in error && error.code === "ENOENT");
    }
  });
}

/** One line for all ports that every address can use in clear text; empty: there are none. */
function openPortsWarning({ ports, controlPort }: Configuration, given: string | null, lookup: ServiceLookup): string {
  const control = given ?? controlPort;
  const { tls, networkPort } = controlPortParts(control ?? "");
  const controlled = tls === null ? parseNetworkPort(networkPort, lookup) : "";
  const open = [
    ...ports.filter(isOpenToAll).map(({ name }) => name),
    ...(typeof controlled !== "string" && isOnEveryAddress(controlled) ? [`the control port ${control}`] : []),
  ];
  if (open.length === 0) return "";
  const named =
    open.slice(0, NAMED_PORTS).join(" ") + (open.length > NAMED_PORTS ? ` and ${open.length - NAMED_PORTS} more` : "");
  return `warning: every address can connect, in clear text, to ${named} (an address before the number, remaddr=, tls= or hosts.deny limits that)\n`;
}

function print(fd: 1 | 2, text: string): void {
  writeSync(fd, toBytes(text));
}
