/** Programs of the machine that tests talk through. */
import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

/** Options for a test that needs these programs: it is skipped, with the reason, where one is missing. */
export function needs(...programs: string[]): { skip?: string } {
  const missing = programs.filter(program => !isInstalled(program));
  return missing.length > 0 ? { skip: `not installed: ${missing.join(" ")}` } : {};
}

/** Skips a test where the system's Python lacks a module. */
export function needsPython(module: string): { skip?: string } {
  const found = spawnSync("/usr/bin/python3", ["-c", `import ${module}`], { stdio: "ignore" }).status === 0;
  return found ? {} : { skip: `not installed: python3 module ${module}` };
}

function isInstalled(program: string): boolean {
  return (process.env.PATH ?? "").split(":").some(folder => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
