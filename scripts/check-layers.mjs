// Imports point down: the rank of each room, what is pure, no cycles, no time but that of the clock, short files and
// functions, and no unused exports.
// Usage: check-layers.mjs [folder [exports]]
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import ts from "typescript";

const RANKS = [
  ["line"],
  ["telnet", "ipmi", "config", "handover", "help", "native"],
  ["log", "access", "board", "device", "net", "led", "trace", "pulse", "replay", "systemd"],
  ["port"],
  ["control", "dbus", "metrics"],
  ["app", "client", "doctor", "drain", "fleet", "mdns", "migration", "upgrade"],
];
const TOP = RANKS.length - 1; // app, drain, fleet, mdns, migration, upgrade, and the files beside the rooms: they put the parts together
const MEET_WITHIN_RANK = [1, TOP];
const PURE_ROOMS = ["pulse", "line", "telnet", "ipmi", "config", "handover", "help"];
const PURE_FILES = [
  ...["log/one-line", "log/journal-entry", "trace/format"],
  ...["json", "schema", "profile", "merge", "validate", "compile", "enumerate", "sol-port"].map(
    file => `board/${file}`,
  ),
  ...["address", "remote-address", "request", "patterns", "options", "rules"].map(file => `access/${file}`),
  ...["arguments", "escape-keys", "port-rows", "prefixed-lines", "usage"].map(file => `client/${file}`),
  ...["doctor/archive", "doctor/finding"],
  ...["board-status", "config", "messages", "spool-format", "topics"].map(file => `fleet/${file}`),
  ...[
    "accepter",
    "class-defaults",
    "connection",
    "connector",
    "context",
    "export",
    "free-names",
    "mdns",
    "pattern",
    "port-options",
    "serial-words",
    "ssl",
    "stack",
    "substitution",
    "texts",
  ].map(file => `migration/${file}`),
  ...["port/phase", "metrics/exposition", "mdns/announcement", "control/command", "control/format", "cli"],
];
/** What ranks 3 and 4 may take from rank 2 besides types: the errors of the contracts. */
const ERRORS = { "device/device": ["DeviceError"], "net/link": ["LinkError"] };

/** A file that is longer has more than one subject. */
const LONGEST_FILE = 300; // lines
/** A function that is longer does more than one thing, or makes a class of closures. */
const LONGEST_FUNCTION = 40; // lines
/** Files beside the rooms. */
const ROOT_FILES = ["launch", "kept-code", "main", "cli", "daemonize", "pid-file"];

/** Words that have a standard one: docs/glossary.md. No file and no identifier of code or tests has them. */
const REJECTED = new Set(
  "door doors seat seats lobby taps desk face faces stay sound unsound outside wire turns announcer".split(" "),
);
const NAMED = ["test", "scripts"]; // folders beside the code whose names are checked too

/** What tells the time or waits; everything else takes a Clock. */
const CLOCK = "line/clock";
const TIMERS = new Set("setTimeout setInterval clearTimeout clearInterval performance hrtime".split(" "));
const TIMER_MODULES = ["node:timers", "node:timers/promises", "node:perf_hooks"];

const root = process.argv[2] ?? "service";
const problems = [];
const graph = new Map();
for (const path of readdirSync(root, { recursive: true })
  .filter(name => name.endsWith(".ts"))
  .sort()) {
  const file = path.slice(0, -".ts".length);
  const source = ts.createSourceFile(path, readFileSync(join(root, path), "utf8"), ts.ScriptTarget.Latest);
  const imports = readImports(source);
  if (file !== CLOCK)
    problems.push(...ownTimes(source).map(({ line, what }) => `${path}:${line}: use a Clock (${what})`));
  problems.push(...longFunctions(source).map(text => `${path}:${text}`));
  graph.set(
    file,
    imports.filter(one => one.target.startsWith(".")).map(one => resolveFrom(file, one.target)),
  );
  for (const one of imports) {
    const problem = judge(file, one);
    if (problem) problems.push(`${path}:${one.line}: ${problem} (${one.target})`);
  }
  if (!file.includes("/") && !ROOT_FILES.includes(file)) problems.push(`${path}: belongs into a room`);
  if (rankOf(file) < 0) problems.push(`${path}: the room "${roomOf(file)}" is not in the rank table`);
}
const folders = process.argv[2] === undefined ? [root, ...NAMED] : [root];
for (const folder of folders) {
  problems.push(...rejectedNames(folder), ...longFiles(folder));
}
if (process.argv[2] === undefined || process.argv[3] === "exports") problems.push(...unusedExports(folders));
problems.push(...findCycles().map(cycle => `import cycle: ${cycle.join(" -> ")}`));
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;

function judge(file, { target, names, dynamic }) {
  const pure = isPure(file);
  if (dynamic) return "import() hides a dependency: import at the top, or use loadModule";
  if (!target.startsWith(".")) {
    return pure && target !== "node:crypto" ? "a pure file takes no module but node:crypto" : null;
  }
  const to = resolveFrom(file, target);
  const [from, below] = [rankOf(file), rankOf(to)];
  if (!target.endsWith(".js") || below < 0) return "imports something outside the rooms";
  if (below > from) return `imports point down: rank ${from} takes from rank ${below}`;
  if (below === from && roomOf(to) !== roomOf(file) && !MEET_WITHIN_RANK.includes(from)) {
    return `rooms of rank ${from} do not import each other`;
  }
  if (from > 2 && from < TOP && below === 2 && !names.every(name => ERRORS[to]?.includes(name))) {
    return `rank ${from} takes only types from rank 2`;
  }
  return pure && names.length > 0 && !isPure(to) ? "a pure file takes only types from one that is not" : null;
}

/** Every module a file names, with the names it takes as values, and with all of them ("*" for every name). */
function readImports(source) {
  const found = [];
  const note = (node, names, dynamic = false, all = ["*"]) => {
    found.push({ target: node.text ?? "?", names, all, dynamic, line: lineOf(node, source) });
  };
  const visit = node => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      note(node.moduleSpecifier, valueNames(node), false, allNames(node));
    } else if (ts.isImportTypeNode(node)) note(node.argument.literal, []);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      note(node.arguments[0], ["*"], true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Where a file tells the time or waits by itself, or by a clock that it was not given. */
function ownTimes(source) {
  const found = [];
  const visit = node => {
    const isTimer = ts.isIdentifier(node) && TIMERS.has(node.text);
    const isModule = ts.isStringLiteral(node) && TIMER_MODULES.includes(node.text);
    const isNow = ts.isPropertyAccessExpression(node) && node.getText(source) === "Date.now";
    const isNewDate = ts.isNewExpression(node) && node.expression.getText(source) === "Date" && !node.arguments?.length;
    const isDirect = ts.isPropertyAccessExpression(node) && node.expression.getText(source) === "systemClock";
    if (isTimer || isModule || isNow || isNewDate || isDirect) {
      found.push({ line: lineOf(node, source), what: node.getText(source) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function lineOf(node, source) {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

function valueNames(node) {
  return clauseOf(node)?.isTypeOnly ? [] : namesIn(node, one => !one.isTypeOnly);
}

function allNames(node) {
  return namesIn(node, () => true);
}

function namesIn(node, isWanted) {
  const clause = clauseOf(node);
  const named = clause?.namedBindings ?? clause?.exportClause;
  if (clause?.name || !named?.elements) return ["*"];
  return named.elements.filter(isWanted).map(one => (one.propertyName ?? one.name).text);
}

function clauseOf(node) {
  return ts.isImportDeclaration(node) ? node.importClause : node;
}

/** File names and identifiers with a rejected word: each once a file. */
function rejectedNames(folder) {
  return readdirSync(folder, { recursive: true })
    .filter(name => name.endsWith(".ts"))
    .sort()
    .flatMap(path => {
      const source = ts.createSourceFile(path, readFileSync(join(folder, path), "utf8"), ts.ScriptTarget.Latest);
      const names = new Set([path.replace(/\.ts$/, "")]);
      const visit = node => {
        if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node)) names.add(node.text);
        ts.forEachChild(node, visit);
      };
      visit(source);
      return [...names]
        .filter(hasRejectedWord)
        .map(name => `${folder}/${path}: "${name}" is not a word of the glossary`);
    });
}

function longFiles(folder) {
  return readdirSync(folder, { recursive: true })
    .filter(name => /\.(ts|mjs|c|h)$/.test(name))
    .sort()
    .map(path => ({ path, lines: readFileSync(join(folder, path), "latin1").split("\n").length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${folder}/${path}: ${lines} lines, at most ${LONGEST_FILE} are allowed`);
}

/** Functions, methods and constructors. */
function longFunctions(source) {
  const found = [];
  const visit = node => {
    if (ts.isFunctionLike(node) && node.body) {
      const first = lineOf(node, source);
      const lines = source.getLineAndCharacterOfPosition(node.end).line + 2 - first;
      if (lines > LONGEST_FUNCTION)
        found.push(`${first}: a function of ${lines} lines, at most ${LONGEST_FUNCTION} are allowed`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Exports of the code that no other file imports, tests and scripts included. Entries of bundles are imported by none. */
function unusedExports(folders) {
  const [exported, used] = [[], new Set()];
  for (const folder of folders) {
    for (const path of readdirSync(folder, { recursive: true }).filter(name => /\.(ts|mjs)$/.test(name))) {
      const file = join(folder, path).replace(/\.ts$/, "");
      const source = ts.createSourceFile(path, readFileSync(join(folder, path), "utf8"), ts.ScriptTarget.Latest, true);
      for (const { target, all } of readImports(source)) {
        for (const name of all) used.add(`${resolveFrom(file, target)} ${name}`);
      }
      if (folder !== root || file.endsWith("/entry")) continue;
      for (const { name, line } of exportedNames(source)) exported.push({ file, path, name, line });
    }
  }
  return exported
    .filter(({ file, name }) => !used.has(`${file} ${name}`) && !used.has(`${file} *`))
    .map(({ path, name, line }) => `${path}:${line}: no other file imports "${name}": do not export it`);
}

function exportedNames(source) {
  return source.statements
    .filter(node => node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword))
    .flatMap(node => {
      const names = ts.isVariableStatement(node)
        ? node.declarationList.declarations.flatMap(({ name }) =>
            ts.isIdentifier(name) ? name : name.elements.map(one => one.name),
          )
        : [node.name];
      return names.map(name => ({ name: name.text, line: lineOf(node, source) }));
    });
}

function hasRejectedWord(name) {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return words.some(word => REJECTED.has(word));
}

/** One cycle for each import that leads back to where it came from. */
function findCycles() {
  const [done, trail, cycles] = [new Set(), [], []];
  const walk = file => {
    if (trail.includes(file)) cycles.push([...trail.slice(trail.indexOf(file)), file]);
    if (done.has(file) || trail.includes(file)) return;
    trail.push(file);
    for (const next of graph.get(file) ?? []) walk(next);
    trail.pop();
    done.add(file);
  };
  for (const file of graph.keys()) walk(file);
  return cycles;
}

function roomOf(file) {
  return file.split("/")[0];
}

function rankOf(file) {
  return file.includes("/") ? RANKS.findIndex(rooms => rooms.includes(roomOf(file))) : TOP;
}

function isPure(file) {
  return PURE_ROOMS.includes(roomOf(file)) || PURE_FILES.includes(file);
}

function resolveFrom(file, target) {
  return normalize(join(dirname(file), target)).replace(/\.js$/, "");
}
