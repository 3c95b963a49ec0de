/**
 * The bundle report.cjs, what the program only tells: the diagnostics of the configuration, the configuration itself, and whether
 * it would take the place of another version.
 */
import { writeSync } from "node:fs";
import { type Options, VERSION } from "../cli.js";
import { errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import { printConfiguration } from "../config/print.js";
import { controlPortProblem } from "../config/served-port.js";
import { toBytes } from "../line/bytes.js";
import { loadModule } from "../native/load-module.js";
import { createServiceLookup } from "../net/services.js";
import { ConfigurationError, type LoadedConfiguration, loadConfiguration } from "./load-configuration.js";
import { loadHelp } from "./load-help.js";
import { openPortsWarning } from "./open-ports.js";

const FAILED = 1;

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
  const warning = openPortsWarning(configuration.ports, given ?? configuration.controlPort);
  if (options.report === "check" && warning !== null) print(1, `${warning}\n`);
  return 0;
}

function print(fd: 1 | 2, text: string): void {
  writeSync(fd, toBytes(text));
}
