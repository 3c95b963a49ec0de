// Builds the addon and the bundle: into dist/ for this machine, or with --target into dist/<target>/ for another.
// Beside them: the licences of what they hold, and SHA256SUMS. The same sources and compiler give the same files.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const COMPILERS = {
  "linux-x64": "x86_64-linux-gnu-gcc",
  "linux-arm64": "aarch64-linux-gnu-gcc",
  "linux-arm": "arm-linux-gnueabihf-gcc",
};

// Relative paths everywhere: what is built does not depend on where the checkout lies.
const checkout = fileURLToPath(new URL(".", import.meta.url));
process.chdir(checkout);

const ENTRIES = [
  { entry: "service/main.ts", outfile: "ser2net.cjs", program: true }, // behind service/launch.ts
  { entry: "service/control/server.ts", outfile: "control.cjs", part: true }, // where there is a control port
  { entry: "service/access/hosts-files.ts", outfile: "access.cjs", part: true }, // loaded where there is a hosts table
  { entry: "service/board/entry.ts", outfile: "board.cjs" }, // loaded for --board and the command `board`
  { entry: "service/client/entry.ts", outfile: "client.cjs" }, // loaded in place of the daemon, see below
  { entry: "service/dbus/entry.ts", outfile: "dbus.cjs" }, // loaded only where D-Bus is on
  { entry: "service/doctor/entry.ts", outfile: "doctor.cjs" }, // loaded for the command `doctor`
  { entry: "service/mdns/entry.ts", outfile: "mdns.cjs", part: true }, // loaded where a port or the control port has mdns
  { entry: "service/app/metrics.ts", outfile: "metrics.cjs", part: true }, // loaded for METRICS and `metrics`
  { entry: "service/drain/entry.ts", outfile: "drain.cjs" }, // loaded in place of the daemon, see below
  { entry: "service/fleet/entry.ts", outfile: "fleet.cjs" }, // loaded for the command `fleet`
  { entry: "service/help/entry.ts", outfile: "help.cjs" }, // loaded for --help and for wrong words
  { entry: "service/log/journal-entry.ts", outfile: "journal.cjs" }, // loaded where systemd has started the daemon
  { entry: "service/pulse/entry.ts", outfile: "pulse.cjs" }, // loaded for PULSE lines, pulses and esp-auto-reset
  { entry: "service/app/background.ts", outfile: "background.cjs", part: true }, // loaded without -n and -d, by the first process
  { entry: "service/app/report.ts", outfile: "report.cjs", part: true }, // loaded for --check and the like
  { entry: "service/app/open-ports.ts", outfile: "open-ports.cjs", part: true }, // loaded where a port may be open to every address
  { entry: "service/migration/entry.ts", outfile: "migration.cjs" }, // loaded in place of the daemon, see below
  { entry: "service/app/board-leds.ts", outfile: "leds.cjs", part: true }, // loaded for LED lines and boards
  { entry: "service/replay/replay.ts", outfile: "replay.cjs", part: true }, // loaded where a port has replay=
  { entry: "service/trace/traces.ts", outfile: "trace.cjs", part: true }, // loaded where a port is traced
  { entry: "service/app/udp-entry.ts", outfile: "udp.cjs", part: true }, // loaded with the first UDP port
  { entry: "service/config/template.ts", outfile: "template.cjs", part: true }, // loaded where a port has a text or a trace
  { entry: "service/port/rotator.ts", outfile: "rotator.cjs", part: true }, // loaded where there is a rotator
  { entry: "service/port/transfer/character-delay.ts", outfile: "delay.cjs", part: true }, // loaded where a port sets chardelay
  { entry: "service/port/reconnecting-device.ts", outfile: "hold.cjs", part: true }, // loaded where a port has hold=
  { entry: "service/port/com-port-control.ts", outfile: "rfc2217.cjs", part: true }, // loaded where a telnet port has remctl
  { entry: "service/app/tls.ts", outfile: "tls.cjs", part: true }, // loaded when a TLS line is configured first
  { entry: "service/app/sol.ts", outfile: "sol.cjs", part: true }, // loaded when a SOL device is configured first
  { entry: "service/app/systemd-entry.ts", outfile: "systemd.cjs", part: true }, // loaded where NOTIFY_SOCKET says whom to tell
  { entry: "service/app/handover-entry.ts", outfile: "handover.cjs", part: true }, // loaded where a state is handed over
  { entry: "service/upgrade/entry.ts", outfile: "upgrade.cjs" }, // loaded for an upgrade in place
];

/** What parts share with the daemon: by source file the names that service/app/shared.ts passes on. */
const SHARED = new Map(
  [...readFileSync("service/app/shared.ts", "utf8").matchAll(/^export \{([^}]+)\} from "(.+)\.js";$/gm)].map(
    ([, names, file]) => [
      join("service/app", `${file}.ts`),
      names
        .split(",")
        .map(name => name.trim())
        .filter(Boolean),
    ],
  ),
);

const TEST_ADDON = "test/support/test-addon.c"; // not in the release archive

/** In bytes, all bundles together: what they take in the flash. */
const MAX_BUNDLED = 1_000_000;
/** Of these, the daemon, without its launcher: where no code is kept, it is parsed at every start. */
const MAX_DAEMON = 170_000;
const MAX_NATIVE = 300_000;

const BUNDLING = {
  absWorkingDir: checkout,
  bundle: true,
  platform: "node",
  target: "node20",
  minify: true,
  legalComments: "none", // LICENSES.txt has the whole texts
  lineLimit: 1200, // Node prints the whole line in which an error was thrown
};

/** Packages that are loaded always and never used here, or that Node has: something else stands for them. */
const ALIASES = {
  jsbi: "node:buffer", // of dbus-next: BigInt for engines without it
  "readable-stream": "node:stream", // of mqtt, as those below: copies of what Node has
  string_decoder: "node:string_decoder",
  "worker-timers": "node:timers", // for browsers
  ws: "node:http", // WebSockets
  socks: "node:net", // proxies
  debug: "./scripts/debuglog.cjs",
};

/** For parts: an import of what the daemon shares is that of the running daemon, so a class and a state exist once. */
const fromDaemon = {
  name: "from-daemon",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
      const file = relative(checkout, join(resolveDir, path.replace(/\.js$/, ".ts")));
      return SHARED.has(file) ? { path: file, namespace: "daemon", sideEffects: false } : undefined;
    });
    onLoad({ filter: /^/, namespace: "daemon" }, ({ path }) => ({
      contents: `export const { ${SHARED.get(path).join(", ")} } = require.main.exports;`,
    }));
  },
};

const { target } = parseArgs({ options: { target: { type: "string" } } }).values;
if (target !== undefined && !Object.hasOwn(COMPILERS, target)) {
  console.error(`build: unknown target ${target}, known are ${Object.keys(COMPILERS).join(", ")}`);
  process.exit(2);
}
const out = target === undefined ? "dist" : `dist/${target}`;
mkdirSync(out, { recursive: true });
// What is installed is every bundle there is: none of an older build may be left.
for (const name of readdirSync(out).filter(name => name.endsWith(".cjs"))) {
  if (!ENTRIES.some(({ outfile }) => outfile === name)) rmSync(`${out}/${name}`);
}

compile(`${out}/native.node`);

const built = ["native.node"];
const sources = new Set();
for (const { entry, outfile, program, part } of ENTRIES) {
  const { metafile } = await build({
    ...BUNDLING,
    entryPoints: [entry],
    outfile: `${out}/${outfile}`,
    format: "cjs",
    metafile: true,
    external: ["x11", "usocket"], // optional parts of dbus-next, never used
    alias: ALIASES,
    logOverride: { "empty-import-meta": "silent" }, // addon.ts looks at it only when it runs from source
    plugins: part ? [fromDaemon] : [],
  });
  if (program) {
    keepTo("daemon", statSync(`${out}/${outfile}`).size, MAX_DAEMON);
    await writeProgram(`${out}/${outfile}`);
  }
  for (const [file, { bytesInOutput }] of Object.entries(Object.values(metafile.outputs)[0].inputs)) {
    if (bytesInOutput === 0) continue;
    sources.add(file);
    if (part && file.startsWith("service/native/"))
      throw new Error(`${outfile} has its own ${file}: service/app/shared.ts`);
  }
  built.push(outfile);
}

const packages = [...sources].map(file => /.*node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]).filter(Boolean);
const licences = [["ser2net-edge", "LICENSE"], ...[...new Set(packages)].sort().map(licenceOf)];
const texts = licences.map(([title, file]) => `${title}\n${"=".repeat(title.length)}\n\n${readFileSync(file, "utf8")}`);
writeFileSync(`${out}/LICENSES.txt`, texts.join("\n\n"));

const sums = [...built, "LICENSES.txt"].sort().map(name => `${sha256(readFileSync(`${out}/${name}`))}  ${name}\n`);
writeFileSync(`${out}/SHA256SUMS`, sums.join(""));

// For the builder of an image and for the tests, on this machine; not a part of the daemon.
if (target === undefined) {
  if (existsSync(TEST_ADDON)) compile("dist/test-addon.node", TEST_ADDON);
  await build({ ...BUNDLING, entryPoints: ["scripts/board-units.ts"], outfile: "dist/board-units.mjs", format: "esm" });
  await writeSchema();
}

await writeManual();
await writeCompletion();

keepTo("bundles", sizeOf(".cjs"), MAX_BUNDLED);
keepTo("native files", sizeOf(".node"), MAX_NATIVE);

/** The launcher with the daemon behind it, each of its lines as a comment: one file, so that an update replaces both at once. */
async function writeProgram(file) {
  const daemon = readFileSync(file, "latin1").trimEnd();
  const options = { ...BUNDLING, entryPoints: ["service/launch.ts"], format: "cjs", write: false };
  const { outputFiles } = await build({ ...options, logOverride: { "empty-import-meta": "silent" } });
  const lines = daemon.split("\n").map(line => `//${line}`);
  writeFileSync(file, ["#!/usr/bin/env node", outputFiles[0].text.trimEnd(), "//daemon", ...lines].join("\n"));
  chmodSync(file, 0o755);
}

/** Compiles the addon of the daemon, or one of these sources. */
function compile(output, ...sources) {
  execFileSync("service/native/build.sh", [output, ...sources], {
    env: {
      ...process.env,
      CC: process.env.CC || (target === undefined ? "cc" : COMPILERS[target]),
      CFLAGS: "-Os -Wall -Wextra -Werror",
      // The linker's page alignment stays, 64 KB on arm64 (a sparse file): kernels with 16 KB pages refuse a smaller one.
      LDFLAGS: "-s -Wl,--build-id=none",
    },
    stdio: "inherit",
  });
}

/** The schema of board profiles to dist/schema.json. Its committed copy must be the same. */
async function writeSchema() {
  const { profileSchema } = await fromSource("scripts/board-schema.ts");
  writeFileSync("dist/schema.json", profileSchema());
  if (readFileSync("board-profiles/schema.json", "utf8") === profileSchema()) return;
  console.error("build: board-profiles/schema.json is not what the code says: cp dist/schema.json board-profiles/");
  process.exit(1);
}

/** The manual pages of man/ to dist/man, for every target. */
async function writeManual() {
  const { manualPage } = await fromSource("scripts/man.ts");
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  rmSync("dist/man", { recursive: true, force: true });
  mkdirSync("dist/man");
  try {
    for (const file of readdirSync("man")) {
      const name = file.replace(/\.md$/, "");
      writeFileSync(`dist/man/${name}`, manualPage(name, readFileSync(`man/${file}`, "utf8"), version));
    }
  } catch (error) {
    console.error(`build: ${error.message}`); // a word without a text
    process.exit(1);
  }
}

/** The completion of completion/ to dist/completion, for every target. */
async function writeCompletion() {
  const { completion } = await fromSource("scripts/completion.ts");
  mkdirSync("dist/completion", { recursive: true });
  const words = readFileSync("completion/words.sh", "utf8");
  for (const file of ["ser2net.bash", "_ser2net"]) {
    writeFileSync(`dist/completion/${file}`, completion(readFileSync(`completion/${file}`, "utf8"), words));
  }
}

/** What a TypeScript file exports. */
async function fromSource(file) {
  const { outputFiles } = await build({ ...BUNDLING, entryPoints: [file], format: "esm", write: false });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString("base64")}`);
}

function licenceOf(folder) {
  const { name, version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  const file = readdirSync(folder).find(one => /^licen[cs]e/i.test(one));
  if (file === undefined) throw new Error(`${folder} has no licence text`);
  return [`${name} ${version}`, `${folder}/${file}`];
}

function sha256(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Of all files that end so. */
function sizeOf(ending) {
  const sizes = built.filter(name => name.endsWith(ending)).map(name => statSync(`${out}/${name}`).size);
  return sizes.reduce((sum, one) => sum + one, 0);
}

function keepTo(what, size, most) {
  if (size <= most) return;
  console.error(`build: the size of the ${what} is ${size} bytes, at most ${most} are allowed`);
  process.exit(1);
}
