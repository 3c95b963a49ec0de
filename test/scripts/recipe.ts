/** Reads a recipe as far as ours goes: assignments, functions in shell and Python, `inherit`. Anything else is refused. */
import { readFileSync } from "node:fs";

/** The variables of bitbake.conf and the classes for an image with systemd. */
const STANDARD = {
  sysconfdir: "/etc",
  bindir: "/usr/bin",
  datadir: "/usr/share",
  docdir: "/usr/share/doc",
  mandir: "/usr/share/man",
  nonarch_libdir: "/usr/lib",
  systemd_unitdir: "/usr/lib/systemd",
  systemd_system_unitdir: "/usr/lib/systemd/system",
};

export interface Recipe {
  /** The value of a variable, empty if it has none. */
  value(name: string): string;
  /** The commands of a task, as the shell gets them. */
  task(name: string): string;
  /** The statements of a function in Python, indented; its variables are not expanded. */
  python(name: string): string;
  /** The package that a file of the image goes to: the first whose FILES has it. */
  packageOf(file: string): string | undefined;
}

/** `settings` are those of local.conf, and the folders of the build. */
export function readRecipe(file: string, settings: Readonly<Record<string, string>>): Recipe {
  const [, name = "", version = ""] = /([^/_]+)_([^/]+)\.bb$/.exec(file) ?? [];
  const variables = new Map<string, string>(Object.entries({ ...STANDARD, PN: name, PV: version, ...settings }));
  variables.set("BP", `${name}-${version}`);
  variables.set(`FILES:${name}-doc`, `${STANDARD.docdir} ${STANDARD.mandir}`);
  variables.set(`FILES:${name}`, `${STANDARD.bindir}/* ${STANDARD.sysconfdir} /usr/lib/udev`);
  variables.set("PACKAGES", `${name}-doc ${name}`);
  const tasks = new Map<string, string>();
  const python = new Map<string, string>();

  const text = readFileSync(file, "utf8").replace(/^#.*\n/gm, "");
  let rest = text.replace(/^(\w+)\(\) \{\n((?: {4}.*\n)+)\}\n/gm, (_, task: string, commands: string) => {
    tasks.set(task, commands);
    return "";
  });
  rest = rest.replace(/^python ([\w:]+)\(\) \{\n((?: {4}.*\n)+)\}\n/gm, (_, task: string, commands: string) => {
    python.set(task, commands);
    return "";
  });
  rest = rest.replaceAll("\\\n", "");
  for (const line of rest.split("\n").filter(one => one !== "" && !one.startsWith("inherit "))) {
    const [, target, operator, value = ""] = /^([\w:${}-]+) (=|\?\?=|\+=|=\+|:=) "([^"]*)"$/.exec(line) ?? [];
    if (target === undefined) throw new Error(`${file}: not understood: ${line}`);
    assign(expand(target), operator ?? "", value);
  }
  return {
    value: key => expand(variables.get(key) ?? ""),
    task: key => expand(tasks.get(key) ?? ""),
    python: key => python.get(key) ?? "",
    packageOf,
  };

  function assign(key: string, operator: string, value: string): void {
    const old = variables.get(key);
    if (operator === "??=") variables.set(key, old ?? value);
    else if (operator === "+=") variables.set(key, `${old ?? ""} ${value}`);
    else if (operator === "=+") variables.set(key, `${value} ${old ?? ""}`);
    else variables.set(key, value);
  }

  function expand(value: string): string {
    const expanded = value.replace(/\$\{([\w:]+)\}/g, (whole, key: string) => variables.get(key) ?? whole);
    return expanded === value ? value : expand(expanded);
  }

  function packageOf(path: string): string | undefined {
    return words("PACKAGES").find(pkg => words(`FILES:${pkg}`).some(pattern => holds(pattern, path)));
  }

  function words(key: string): string[] {
    return expand(variables.get(key) ?? "")
      .split(/\s+/)
      .filter(Boolean);
  }
}

/** A folder stands for all that is below it. */
function holds(pattern: string, path: string): boolean {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
  return new RegExp(`^${literal}(/.*)?$`).test(path);
}
