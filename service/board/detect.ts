/** Detects the board. */
import { join } from "node:path";
import { readRegularFile } from "../native/read-file.js";
import { refuseShortage } from "./error.js";
import type { BoardMatch } from "./profile.js";

/** The sources of the evidence. */
export interface Evidence {
  /** From `--board` or the unit's instance; null when none was named. */
  readonly named: string | null;
  readonly sys: string; // /sys
  readonly cmdline: string; // /proc/cmdline
  readonly etc: string; // /etc/ser2net
}

export interface Candidate {
  readonly name: string;
  readonly match: readonly BoardMatch[];
}

export interface Detection {
  readonly name: string;
  /** The deciding source, for one line of the log. */
  readonly because: string;
  /** The sources in order, each with its text. */
  readonly explanation: readonly string[];
}

export const STANDARD_EVIDENCE: Evidence = { named: null, sys: "/sys", cmdline: "/proc/cmdline", etc: "/etc/ser2net" };

/** The profile for a machine without one of its own. */
const LAST_RESORT = "generic";
const DMI_FIELDS = ["sys_vendor", "product_name", "board_name"] as const;
/** Bytes read of one source; all real ones are shorter. */
const LONGEST_TEXT = 4096;

/** Named, kernel command line, /etc/ser2net/board, device tree, DMI, generic: the first that names a known board. */
export function detectBoard(evidence: Evidence, candidates: readonly Candidate[]): Detection {
  const explanation: string[] = [];
  for (const { where, name } of namesGiven(evidence)) {
    if (name === null) {
      explanation.push(`${where}: names none`);
      continue;
    }
    const known = candidates.some(candidate => candidate.name === name);
    explanation.push(`${where}: ${name}${known ? "" : ", but there is no such profile"}`);
    if (known) return { name, because: where, explanation };
  }
  const hardware = readHardware(evidence.sys);
  explanation.push(...describeHardware(hardware));
  const fits = candidates.flatMap(({ name, match }) => match.flatMap((one, index) => fit(name, index, one, hardware)));
  fits.sort((one, other) => one.rank - other.rank || other.weight - one.weight);
  explanation.push(...fits.map(({ name, index, what }) => `${name}: match[${index}] fits, ${what}`));
  const [best] = fits;
  if (best !== undefined) return { name: best.name, because: best.what, explanation };
  explanation.push("no profile fits this hardware");
  return { name: LAST_RESORT, because: "nothing else fits", explanation };
}

function namesGiven({ named, cmdline, etc }: Evidence): { where: string; name: string | null }[] {
  const argument = /(?:^|\s)ser2net\.board=([^\s"]+)/.exec(readText(cmdline))?.[1] ?? null;
  const file = join(etc, "board");
  const line = readText(file)
    .split("\n")
    .map(one => one.trim())
    .find(one => one !== "" && !one.startsWith("#"));
  return [
    { where: "--board", name: named === "auto" ? null : named },
    { where: "kernel command line, ser2net.board=", name: argument },
    { where: file, name: line ?? null },
  ];
}

export interface Hardware {
  /** Most specific first. */
  readonly compatible: readonly string[];
  readonly model: string;
  readonly dmi: Readonly<Record<(typeof DMI_FIELDS)[number], string>>;
}

export function readHardware(sys: string): Hardware {
  const tree = join(sys, "firmware/devicetree/base");
  const dmi = (field: string) => readText(join(sys, "class/dmi/id", field)).trim();
  return {
    compatible: readText(join(tree, "compatible"))
      .split("\0")
      .filter(text => text !== ""),
    model: readText(join(tree, "model")).replace(/\0.*$/s, ""),
    dmi: { sys_vendor: dmi("sys_vendor"), product_name: dmi("product_name"), board_name: dmi("board_name") },
  };
}

function describeHardware({ compatible, model, dmi }: Hardware): string[] {
  const fields = DMI_FIELDS.filter(field => dmi[field] !== "").map(field => `${field} ${JSON.stringify(dmi[field])}`);
  return [
    `device tree compatible: ${compatible.join(" ") || "none"}`,
    `device tree model: ${model === "" ? "none" : JSON.stringify(model)}`,
    `DMI: ${fields.join(", ") || "none"}`,
  ];
}

interface Fit {
  readonly name: string;
  readonly index: number;
  readonly what: string;
  /** The lower the better: the place in the compatible list, then any model, then DMI. */
  readonly rank: number;
  /** The number of conditions: more is more specific. */
  readonly weight: number;
}

const RANK_OF_MODEL = 1_000_000;

/** How well the match fits; empty when one of its conditions does not hold. */
function fit(name: string, index: number, match: BoardMatch, hardware: Hardware): Fit[] {
  const asked: (readonly [what: string, pattern: string | undefined, found: string])[] = [
    ["model", match.model, hardware.model],
    ...DMI_FIELDS.map(field => [field, match.dmi?.[field], hardware.dmi[field]] as const),
  ];
  const held: string[] = [];
  let rank = match.model === undefined ? RANK_OF_MODEL + 1 : RANK_OF_MODEL;
  if (match.compatible !== undefined) {
    const pattern = match.compatible;
    rank = hardware.compatible.findIndex(one => fitsPattern(one, pattern));
    if (rank < 0) return [];
    held.push(`compatible ${hardware.compatible[rank]}`);
  }
  for (const [what, pattern, found] of asked) {
    if (pattern === undefined) continue;
    if (!fitsPattern(found, pattern)) return [];
    held.push(`${what} ${JSON.stringify(found)}`);
  }
  return [{ name, index, what: held.join(", "), rank, weight: held.length }];
}

/** `*` matches any text. An empty text matches nothing. */
function fitsPattern(text: string, pattern: string): boolean {
  const [start = "", ...others] = pattern.split("*");
  const end = others.pop();
  if (text === "" || end === undefined) return text !== "" && text === pattern;
  if (!text.startsWith(start)) return false;
  let at = start.length;
  for (const part of others) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return text.endsWith(end) && text.length - end.length >= at;
}

function readText(path: string): string {
  try {
    return readRegularFile(path).toString("utf8").slice(0, LONGEST_TEXT);
  } catch (error) {
    refuseShortage(error);
    return ""; // not on this machine
  }
}
