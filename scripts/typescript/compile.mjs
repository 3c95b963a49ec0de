// The JavaScript of a TypeScript file, kept in .tap/compiled until the file changes: the test processes share it.
// Run by itself: compiles all that changed, before tests start.
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, ".tap/compiled");
const FOLDERS = ["service", "test", "scripts"];

/** The JavaScript of the TypeScript file with this absolute path. */
export async function compiled(path) {
  const { cache, stamp } = describe(path);
  return fresh(cache, stamp) ?? compile(await import("esbuild"), path, cache, stamp);
}

function describe(path) {
  const { mtimeMs, size } = statSync(path);
  return { cache: join(CACHE, `${relative(ROOT, path)}.mjs`), stamp: `\n// ${mtimeMs} ${size}\n` };
}

/** @return {string | undefined} */
function fresh(cache, stamp) {
  try {
    const text = readFileSync(cache, "utf8");
    return text.endsWith(stamp) ? text : undefined;
  } catch {
    return undefined;
  }
}

async function compile(esbuild, path, cache, stamp) {
  const { code } = await esbuild.transform(readFileSync(path, "utf8"), {
    loader: "ts",
    format: "esm",
    target: "node20",
    sourcefile: path,
    sourcemap: "inline",
    sourcesContent: false,
  });
  mkdirSync(dirname(cache), { recursive: true });
  const draft = `${cache}.${process.pid}`; // several runs may compile the same file
  writeFileSync(draft, code + stamp);
  renameSync(draft, cache);
  return code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = FOLDERS.flatMap(folder =>
    readdirSync(join(ROOT, folder), { recursive: true })
      .filter(name => name.endsWith(".ts"))
      .map(name => join(ROOT, folder, name)),
  );
  await Promise.all(files.map(compiled));
}
