// Builds the addon and the bundle: into dist/ for this machine, or with --target into dist/<target>/ for another.
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { build } from "esbuild";

const COMPILERS = {
  "linux-x64": "x86_64-linux-gnu-gcc",
  "linux-arm64": "aarch64-linux-gnu-gcc",
  "linux-arm": "arm-linux-gnueabihf-gcc",
};

const ENTRIES = [
  { entry: "service/main.ts", outfile: "ser2net.cjs", program: true },
  { entry: "service/dbus/entry.ts", outfile: "dbus.cjs", program: false }, // loaded only where D-Bus is on
];

const ADDON = ["kernel.c", "tty.c", "socket.c", "unix.c", "poll.c"].map(name => `service/kernel/${name}`);

// Relative paths everywhere below: what is built does not depend on where the checkout lies.
const checkout = fileURLToPath(new URL(".", import.meta.url));
process.chdir(checkout);

const { target } = parseArgs({ options: { target: { type: "string" } } }).values;
if (target !== undefined && !Object.hasOwn(COMPILERS, target)) {
  console.error(`build: unknown target ${target}, known are ${Object.keys(COMPILERS).join(", ")}`);
  process.exit(2);
}
const [compiler, ...options] = (process.env.CC || (target === undefined ? "cc" : COMPILERS[target])).split(" ");
const out = target === undefined ? "dist" : `dist/${target}`;
mkdirSync(out, { recursive: true });

const flags = ["-shared", "-fPIC", "-Os", "-std=c11", "-D_GNU_SOURCE", "-fvisibility=hidden"];
const warnings = ["-Wall", "-Wextra", "-Werror"];
const nodeApi = ["-DNAPI_VERSION=8", "-isystem", "node_modules/node-api-headers/include"];
// The linker's page alignment stays, 64 KB on arm64 (a sparse file): kernels with 16 KB pages refuse a smaller one.
const link = ["-s", "-Wl,--build-id=none"];
execFileSync(compiler, [...options, ...flags, ...warnings, ...nodeApi, ...link, ...ADDON, "-o", `${out}/kernel.node`], {
  stdio: "inherit",
});

for (const { entry, outfile, program } of ENTRIES) {
  if (!existsSync(entry)) {
    console.error(`build: ${entry} does not exist, ${outfile} is left out`);
    continue;
  }
  await build({
    absWorkingDir: checkout,
    entryPoints: [entry],
    outfile: `${out}/${outfile}`,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    minify: true,
    legalComments: "external",
    external: ["x11", "usocket"], // optional parts of dbus-next, never used
    logOverride: { "empty-import-meta": "silent" }, // addon.ts looks at it only when it runs from source
    ...(program ? { banner: { js: "#!/usr/bin/env node" } } : {}),
  });
  if (program) chmodSync(`${out}/${outfile}`, 0o755);
}
