/** The addon under AddressSanitizer and UndefinedBehaviorSanitizer: all tests of this folder run on it once more. */
import { execFile, execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { needs } from "../support/tools.js";

const COMPILER = process.env.CC ?? "cc";
const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const BUILD = fileURLToPath(new URL("../../service/native/build.sh", import.meta.url));
const REDIRECT = new URL("../support/other-addon.mjs", import.meta.url).href;
const RUN_ALL = fileURLToPath(new URL("../support/run-all.ts", import.meta.url));
const FUZZ = "fuzz.test.ts"; // in a process of its own: it watches descriptors behind the back of the others
const OTHERS = readdirSync(FOLDER).filter(
  name => name.endsWith(".test.ts") && !["sanitizers.test.ts", FUZZ].includes(name),
);

/** AddressSanitizer has to be in the process before all else; the compiler knows where it is. */
const LIBRARY =
  needs(COMPILER).skip === undefined
    ? execFileSync(COMPILER, ["-print-file-name=libasan.so"], { encoding: "utf8" }).trim()
    : "";
const NEEDS_SANITIZERS = isAbsolute(LIBRARY) ? {} : { skip: "the compiler has no AddressSanitizer" };

t.test("the tests of the addon find no fault in memory and no undefined behaviour", NEEDS_SANITIZERS, async t => {
  const sanitized = join(t.testdir({}), "native.node");
  const flags = "-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all";
  execFileSync(BUILD, [sanitized], { env: { ...process.env, CC: COMPILER, CFLAGS: flags } });
  const env = {
    LD_PRELOAD: LIBRARY,
    ADDON: sanitized,
    ASAN_OPTIONS: "detect_leaks=0", // Node frees little at its end
    UBSAN_OPTIONS: "print_stacktrace=1",
    FUZZ_SECONDS: "6",
  };
  for (const names of [OTHERS, [FUZZ]]) {
    const files = names.map(name => join(FOLDER, name)).join(":");
    const { code, said, errors } = await run([RUN_ALL], { ...env, FILES: files });
    const failures = said.split("\n").filter(line => /^ *not ok |FUZZ_SEED/.test(line));
    t.same({ code, errors }, { code: 0, errors: "" }, `${names.join(" ")} ${failures.join("; ")}`);
    t.ok((said.match(/^ok /gm) ?? []).length >= names.length, "they were run");
  }

  const maps = 'console.log(require("node:fs").readFileSync("/proc/self/maps", "latin1"))';
  const loaded = await run(["--eval", maps], env);
  t.match(loaded.said, LIBRARY.replace(/.*\//, ""), "the sanitizer was there");
});

/** Runs Node with the sanitized addon; as long as it takes, below the limit of the test: other tests run beside it. */
function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<{ code: unknown; said: string; errors: string }> {
  const options = { env: { ...process.env, ...env }, timeout: 280_000, maxBuffer: 1 << 26 };
  return new Promise(resolve => {
    execFile(process.execPath, [...process.execArgv, "--import", REDIRECT, ...args], options, (error, said, errors) =>
      resolve({ code: error === null ? 0 : (error.code ?? error.signal), said, errors }),
    );
  });
}
