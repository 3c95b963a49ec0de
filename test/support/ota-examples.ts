/** The examples of docs/ota.md, as they stand there. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Teardown } from "./client.js";
import { temporaryFolder } from "./daemon.js";

const PAGE = readFileSync("docs/ota.md", "utf8");

/** The example that has the name of the file in one of its first lines. */
export function otaExample(name: string): string {
  const blocks = Array.from(PAGE.matchAll(/^```\n(.*?)^```$/gms), ([, text = ""]) => text);
  const found = blocks.find(text => text.split("\n", 2).includes(`# ${name}`));
  if (found === undefined) throw new Error(`no example ${name}`);
  return found;
}

export interface InstalledExamples {
  readonly root: string;
  /** Makes an executable file below `root`. */
  put(name: string, text: string): void;
  /** Programs of `bin` come first. */
  readonly env: NodeJS.ProcessEnv;
}

/** Puts examples into a folder of the test; the paths that they name are below it. */
export function installExamples(t: Teardown, names: readonly string[]): InstalledExamples {
  const root = temporaryFolder(t);
  const put = (name: string, text: string): void => {
    const file = join(root, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, 0o755);
  };
  for (const name of names) {
    put(name, otaExample(name).replace(/(?<=^|[ =>])\/(?=(?:usr|run|sys|data)\/)/gm, `${root}/`));
  }
  mkdirSync(join(root, "run"));
  return { root, put, env: { ...process.env, PATH: `${join(root, "bin")}:${process.env.PATH}` } };
}
