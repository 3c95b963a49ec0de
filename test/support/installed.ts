/** The daemon in a folder of its own, where a test puts another version in its place. */
import { cpSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Teardown } from "./client.js";
import { BUNDLE, type Exit, runProgram, temporaryFolder } from "./daemon.js";

export class Installed {
  readonly program: readonly string[];
  readonly #file: string;

  constructor(t: Teardown) {
    const folder = join(temporaryFolder(t), "ser2net");
    cpSync(dirname(BUNDLE), folder, { recursive: true, filter: file => !file.includes("test-addon") });
    this.#file = join(folder, "ser2net.cjs");
    this.program = [process.execPath, this.#file];
  }

  /** As a package manager does it: the file of the version that runs is another one. */
  replace(change: (text: string) => string): void {
    const next = `${this.#file}.new`;
    writeFileSync(next, change(readFileSync(BUNDLE, "utf8")), { mode: 0o755 });
    renameSync(next, this.#file);
  }

  /** `ser2net --upgrade`, to its end. */
  async upgrade(t: Teardown, ...words: readonly string[]): Promise<Exit & { output: string; errors: string }> {
    const args = [BUNDLE, "--upgrade", ...words]; // one that works
    const running = runProgram(t, process.execPath, args);
    const [exit, output, errors] = [
      await running.exit(),
      await running.output.untilEnd(),
      await running.errors.untilEnd(),
    ];
    return { ...exit, output, errors };
  }
}
