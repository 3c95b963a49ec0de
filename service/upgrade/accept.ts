/** The trial, on the side of the new version: it does everything of a start that changes nothing on the machine. */
import { fstatSync, writeSync } from "node:fs";
import type { Configuration } from "../config/configuration.js";
import { type Diagnostic, errorsOf, formatDiagnostic } from "../config/diagnostic.js";
import { decodeUtf8 } from "../line/bytes.js";
import { readSealedFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";

/** The largest state that is read. */
const MOST_BYTES = 64 * 1024 * 1024;
const STATE_FD = 3;
/** The answer yes, on standard output. Exit status 0 alone is not enough: an empty script has it too. */
export const ACCEPTED = /^accepted (\S+)\n$/;

interface NewVersion {
  readonly version: string;
  /** Throws an Error where it cannot be read. */
  configuration(): { readonly configuration: Configuration; readonly diagnostics: readonly Diagnostic[] };
  readonly hasBus: boolean;
}

/** Returns the exit status; writes the reason of a refusal to standard error. */
export function acceptUpgrade(next: NewVersion): number {
  const problem = problemOf(next);
  if (problem === null) writeSync(1, `accepted ${next.version}\n`);
  else writeSync(2, `${decodeUtf8(problem)}\n`);
  return problem === null ? 0 : 1;
}

/** Why the new version cannot take over, one character a byte; null: it can. */
function problemOf({ configuration, hasBus }: NewVersion): string | null {
  try {
    const problem = stateProblem();
    if (problem !== null) return problem;
    const { configuration: read, diagnostics } = configuration();
    const { brokenFile, ports } = read;
    const [first] = errorsOf(diagnostics);
    const fault = brokenFile ?? (ports.length === 0 ? first : undefined);
    if (fault !== undefined) return `no valid port line in the configuration (${formatDiagnostic(fault)})`;
    if (hasBus) loadModule<unknown>("./dbus.cjs");
    if (ports.some(({ device }) => device.kind === "sol")) loadModule<unknown>("./sol.cjs");
    if (ports.some(({ networkPort }) => networkPort.transport === "udp")) loadModule<unknown>("./udp.cjs");
    if (ports.some(({ options }) => options.remctl)) loadModule<unknown>("./rfc2217.cjs");
    if (ports.some(({ options }) => options.holdSeconds > 0)) loadModule<unknown>("./hold.cjs");
    for (const file of ["./template.cjs", "./rotator.cjs", "./delay.cjs"] as const) loadModule<unknown>(file);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function stateProblem(): string | null {
  const { decodeState } = loadModule<typeof import("../handover/entry.js")>("./handover.cjs");
  if (!isOpen(STATE_FD)) return "there is no state: the daemon itself calls this";
  const bytes = readSealedFile(STATE_FD, MOST_BYTES);
  if (bytes === null) return "the state is not sealed, or too large";
  const { state, problems } = decodeState(bytes);
  const [problem] = problems;
  return problem ?? (state === null ? "the state cannot be read" : null);
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}
