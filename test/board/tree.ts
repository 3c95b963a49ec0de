/** Trees of small files under fixtures/, one entry a line: `path/`, `path -> target`, `path = "text"`; # begins a remark. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Test } from "tap";
import type { BoardFolders } from "../../service/board/load.js";

export const HERE = import.meta.dirname;
export const SHIPPED = join(HERE, "../../board-profiles");

/** A folder of its own, gone after the test. */
export function folder(t: Test): string {
  const path = mkdtempSync(join(tmpdir(), "board-"));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** Lays `fixtures/<name>.tree` out in a folder: `sys/...`, `dev/...` and whatever else it has. */
export function plant(t: Test, name: string): string {
  const root = folder(t);
  for (const line of readFileSync(join(HERE, "fixtures", `${name}.tree`), "utf8").split("\n")) {
    if (line !== "" && !line.startsWith("#")) plantEntry(root, line);
  }
  return root;
}

export function machineOf(root: string, roots: readonly string[] = [SHIPPED]): BoardFolders {
  return { roots, sys: join(root, "sys"), dev: join(root, "dev") };
}

/** Files by name, in a folder of their own. */
export function boards(t: Test, documents: Readonly<Record<string, unknown>>): string {
  const path = folder(t);
  for (const [name, document] of Object.entries(documents)) {
    const text = typeof document === "string" ? document : JSON.stringify(document, null, 2);
    writeFileSync(join(path, `${name}.json`), text);
  }
  return path;
}

function plantEntry(root: string, line: string): void {
  const [, path = "", , how, rest = ""] = /^(.*?)(\/$| (->|=) (.*)$)/.exec(line) ?? [];
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  if (how === "->") symlinkSync(rest, full);
  else if (how === "=") writeFileSync(full, JSON.parse(rest) as string);
  else mkdirSync(full, { recursive: true });
}
