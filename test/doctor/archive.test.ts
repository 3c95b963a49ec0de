import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { tarArchive } from "../../service/doctor/archive.js";
import { temporaryFolder } from "../support/daemon.js";

t.test("tar unpacks it, with every byte", async t => {
  const folder = temporaryFolder(t);
  const texts = ["", "x", "y".repeat(512), "\xff\0z".repeat(3000)];
  const entries = texts.map((text, at) => ({ name: `doctor/${at}.txt`, text }));
  writeFileSync(join(folder, "all.tar"), tarArchive(entries, 1_764_000_000));
  execFileSync("tar", ["-xf", "all.tar"], { cwd: folder });
  t.same(
    texts.map((_, at) => readFileSync(join(folder, `doctor/${at}.txt`), "latin1")),
    texts,
  );
});
