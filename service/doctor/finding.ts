/** What the doctor finds, and its texts. Pure. */

/** `ok`: as it should be. `note`: worth knowing. `fault`: does not work, or will not. */
type Level = "ok" | "note" | "fault";

/** The checks; these words are stable (docs/console.md, "When it does not work"). */
type Check =
  | "daemon"
  | "unit"
  | "configuration"
  | "profile"
  | "dbus"
  | "leds"
  | "clock"
  | "log"
  | "node"
  | "access"
  | "lock"
  | "users"
  | "modem"
  | "errors"
  | "network"
  | "state";

export interface Finding {
  readonly check: Check;
  readonly level: Level;
  readonly text: string;
  /** A command, or what is to be done by hand; null: nothing. */
  readonly cure: string | null;
}

/** The findings about one thing: a daemon, a port, the machine. */
export interface Section {
  readonly subject: string;
  readonly findings: readonly Finding[];
}

const MARKS: Readonly<Record<Level, string>> = { ok: "ok   ", note: "note ", fault: "FAULT" };

export function ok(check: Check, text: string): Finding {
  return { check, level: "ok", text, cure: null };
}

export function note(check: Check, text: string, cure: string | null = null): Finding {
  return { check, level: "note", text, cure };
}

export function fault(check: Check, text: string, cure: string): Finding {
  return { check, level: "fault", text, cure };
}

export function isFaulty(sections: readonly Section[]): boolean {
  return sections.some(({ findings }) => findings.some(({ level }) => level === "fault"));
}

export function formatSections(sections: readonly Section[]): string {
  return sections
    .map(({ subject, findings }) => `${shown(subject)}\n${findings.map(formatFinding).join("")}`)
    .join("\n");
}

function formatFinding({ check, level, text, cure }: Finding): string {
  const [first = "", ...more] = text.split("\n").map(shown);
  const rest = more.map(line => `          ${line}\n`).join("");
  return `  ${MARKS[level]} ${check}: ${first}\n${rest}${cure === null ? "" : `        cure: ${shown(cure)}\n`}`;
}

/** Names of devices and lines of logs may have characters that would control the terminal. */
function shown(text: string): string {
  return text.replace(/[\0-\x1f\x7f-\x9f]/g, "?");
}
