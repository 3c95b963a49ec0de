/** `ser2net doctor`: looks for what is wrong with the daemons of this machine and their ports (dist/doctor.cjs). */
import { writeFileSync } from "node:fs";
import { hideSecrets } from "../config/sol-words.js";
import { encodeUtf8, toBytes } from "../line/bytes.js";
import { reasonOf } from "../native/errors.js";
import { tarArchive } from "./archive.js";
import {
  checkBus,
  checkClock,
  checkConfiguration,
  checkLeds,
  checkLog,
  checkProfile,
  checkUnit,
  machineText,
  printedConfiguration,
} from "./daemon-checks.js";
import { checkDevice } from "./device-checks.js";
import { type Finding, fault, formatSections, isFaulty, note, ok, type Section } from "./finding.js";
import { checkNetwork } from "./network-checks.js";
import { daemons, identityOf, nameOf, OpenFiles, type Process } from "./processes.js";
import { ask } from "./programs.js";

/** A port, as its daemon tells. */
export interface DoctorPort {
  readonly instance: string;
  readonly port: string;
  readonly label: string;
  readonly device: string;
  readonly condition: string;
  /** The lines of `showport`. */
  readonly shown: readonly string[];
  /** What `ports json` says. */
  readonly whole: Readonly<Record<string, unknown>>;
}

export interface DoctorCase {
  readonly ports: readonly DoctorPort[];
  /** The daemons that were asked. */
  readonly instances: readonly string[];
  /** Those that did not answer, and why. */
  readonly failures: readonly string[];
  /** Without the sections of the machine and its daemons. */
  readonly isOnePort: boolean;
  readonly json: boolean;
  readonly open: boolean;
  readonly archive: string | null;
  readonly now: Date;
  out(text: string): void;
  err(text: string): void;
}

const [HEALTHY, FAULTY] = [0, 1];
const JOURNAL_LINES = "500";

/** Resolves to the exit status. */
export async function runDoctor(found: DoctorCase): Promise<number> {
  const running = daemons();
  const isWhole = !found.isOnePort || found.archive !== null;
  const printed = isWhole ? await Promise.all(running.map(async one => (await printedConfiguration(one)) ?? "")) : [];
  const board = isWhole ? await boardSections(found, running, printed) : [];
  const sections = [...board, ...portSections(found, running)];
  found.out(found.json ? `${encodeUtf8(JSON.stringify(sections, null, 1))}\n` : encodeUtf8(formatSections(sections)));
  if (found.archive !== null) {
    const problem = await writeArchive(found.archive, sections, printed, found);
    if (problem !== null) {
      found.err(`ser2net: ${found.archive}: ${problem}\n`);
      return FAULTY;
    }
    found.err(`ser2net: wrote ${found.archive}\n`);
  }
  return isFaulty(sections) ? FAULTY : HEALTHY;
}

async function boardSections(
  found: DoctorCase,
  running: readonly Process[],
  printed: readonly string[],
): Promise<readonly Section[]> {
  return [
    await machineSection(found, running),
    ...(await Promise.all(found.instances.map(name => instanceSection(name, found)))),
    ...(await Promise.all(running.map((one, at) => daemonSection(one, printed[at] ?? "")))),
  ];
}

async function machineSection({ now, failures }: DoctorCase, running: readonly Process[]): Promise<Section> {
  const findings: Finding[] = failures.map(text =>
    fault("daemon", text, "systemctl status ser2net.service 'ser2net@*'"),
  );
  if (running.length === 0) {
    findings.push(
      fault("daemon", "no daemon runs", "systemctl enable --now ser2net@generic, or: ser2net -c /etc/ser2net.conf"),
    );
  }
  return { subject: "this machine", findings: [...findings, ...(await checkClock(now))] };
}

async function instanceSection(name: string, { failures }: DoctorCase): Promise<Section> {
  const isAnswering = !failures.some(text => text.startsWith(`${name}:`));
  return { subject: `instance ${name}`, findings: await checkUnit(name, isAnswering) };
}

async function daemonSection(one: Process, printed: string): Promise<Section> {
  const user = nameOf(identityOf(one.pid)?.uid ?? 0, "/etc/passwd");
  const checks = [checkConfiguration(one), checkProfile(one), checkBus(one), checkLog(one.pid)];
  const findings = (await Promise.all(checks)).flat();
  const isRunning = ok("daemon", `process ${one.pid}, user ${user}`);
  return { subject: `daemon ${one.pid}`, findings: [isRunning, ...findings, ...checkLeds(printed)] };
}

function portSections({ ports, open }: DoctorCase, running: readonly Process[]): readonly Section[] {
  const files = OpenFiles.read();
  const pids = running.map(({ pid }) => pid);
  const [first] = pids;
  const identity = first === undefined ? null : identityOf(first);
  return ports.map(one => {
    const label = one.label === "" ? "" : ` (${one.label})`;
    const question = { path: one.device, daemons: pids, identity, files, open };
    return {
      subject: `port ${one.port}${label}`,
      findings: [checkState(one), ...checkNetwork(one.port, pids, files), ...checkDevice(question), ...controls(one)],
    };
  });
}

/** What the daemon says of the port. */
function checkState({ port, condition, shown }: DoctorPort): Finding {
  const reason = shown.find(line => line.startsWith("  not served: "))?.slice("  not served: ".length);
  switch (condition) {
    case "not served":
      return fault("state", `not served: ${reason ?? "the network port is not free"}`, "see network below");
    case "waiting for device":
      return fault("state", "waiting for its device", "see node below");
    case "disabled":
      return note("state", "disabled", `on the control port: setportenable ${port} telnet`);
    default:
      return ok("state", condition);
  }
}

/** The lines that an open device drives, without touching them. */
function controls({ shown }: DoctorPort): readonly Finding[] {
  const line =
    shown
      .find(one => one.startsWith("  device controls: "))
      ?.slice("  device controls: ".length)
      .trim() ?? "";
  return /HI|LO/.test(line) ? [ok("modem", `driven by the daemon: ${line}`)] : [];
}

/** Null, or why not. An existing file is not replaced. */
async function writeArchive(
  path: string,
  sections: readonly Section[],
  printed: readonly string[],
  found: DoctorCase,
): Promise<string | null> {
  const entries = [
    ...(await archiveTexts(sections, found)),
    ...printed.map((text, at) => ({ name: `configuration-${at + 1}.conf`, text })),
  ].map(({ name, text }) => ({ name: `ser2net-doctor/${name}`, text: redact(text) }));
  try {
    writeFileSync(toBytes(path), tarArchive(entries, found.now.getTime() / 1000), { mode: 0o600, flag: "wx" });
    return null;
  } catch (error) {
    return reasonOf(error);
  }
}

async function archiveTexts(sections: readonly Section[], { ports }: DoctorCase) {
  const units = ["ser2net.service", "ser2net@*"].flatMap(unit => ["-u", unit]);
  const words = [...units, "-n", JOURNAL_LINES, "-q", "--no-pager", "-o", "short-iso-precise"];
  const journal = await ask("journalctl", words);
  const json = (value: unknown) => encodeUtf8(JSON.stringify(value, null, 1));
  return [
    { name: "machine.txt", text: machineText() },
    { name: "doctor.txt", text: encodeUtf8(formatSections(sections)) },
    { name: "doctor.json", text: json(sections) },
    { name: "ports.json", text: json(ports.map(({ whole }) => whole)) },
    { name: "showport.txt", text: ports.flatMap(({ shown }) => shown).join("\n") },
    { name: "journal.txt", text: journal?.output ?? "" },
  ];
}

/** No line keeps a password or a key, whatever program wrote it. */
function redact(text: string): string {
  return text.split("\n").map(hideSecrets).join("\n");
}
