/** Where the configuration comes from: `-C` lines, then the file. */
import { readFileSync } from "node:fs";
import type { Options } from "./cli.js";
import type { Source } from "./config/logical-lines.js";

export type SourceSelection = Pick<Options, "configFile" | "configLines">;

/** Throws the system's error when the file cannot be read. */
export function readSources({ configFile, configLines }: SourceSelection): readonly Source[] {
  const lines = configLines.map(text => ({ file: null, text }));
  if (configFile === null) return lines;
  return [...lines, { file: configFile, text: readFileSync(Buffer.from(configFile, "latin1"), "latin1") }];
}
