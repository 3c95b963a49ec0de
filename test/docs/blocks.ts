/** The pages of the documents, and the blocks of code in them. */
import { readdirSync, readFileSync } from "node:fs";

/** A block of code in a document, and the comment before it that says how it is run. */
export interface Block {
  readonly page: string;
  readonly line: number;
  readonly text: string;
  /** `run: board`; null: no comment. */
  readonly marker: string | null;
}

export const PAGES = [".", "docs", "examples"].flatMap(folder =>
  readdirSync(folder)
    .filter(name => name.endsWith(".md") && name !== "CHANGELOG.md")
    .map(name => (folder === "." ? name : `${folder}/${name}`)),
);

/** The blocks whose marker begins with those words: `run: board`. */
export function blocksMarked(words: string): readonly Block[] {
  return PAGES.flatMap(blocksOf).filter(({ marker }) => marker === words || marker?.startsWith(`${words}; `));
}

/** The blocks of code of a page: fenced, or indented by four blanks behind an empty line. */
export function blocksOf(page: string): readonly Block[] {
  const lines = readFileSync(page, "utf8").split("\n");
  const blocks: Block[] = [];
  for (let at = 0; at < lines.length; at++) {
    const isFenced = /^```/.test(lines[at] ?? "");
    const isIndented =
      /^ {4}\S/.test(lines[at] ?? "") && (lines[at - 1] ?? "") === "" && !/^\s*[-*] /.test(lines[at - 2] ?? "");
    if (!isFenced && !isIndented) continue;
    const start = at;
    const body: string[] = [];
    if (isFenced) for (at++; at < lines.length && lines[at] !== "```"; at++) body.push(lines[at] ?? "");
    else for (; /^( {4}|$)/.test(lines[at] ?? "x"); at++) body.push((lines[at] ?? "").slice(4));
    const above =
      lines
        .slice(0, start)
        .filter(line => line !== "")
        .at(-1) ?? "";
    const marker = /^<!-- (.*) -->$/.exec(above)?.[1] ?? null;
    blocks.push({ page, line: start + 1, text: body.join("\n").trimEnd(), marker });
  }
  return blocks;
}
