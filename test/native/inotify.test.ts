import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import t from "tap";
import { SystemError } from "../../service/native/errors.js";
import { type DirectoryChange, DirectoryWatch } from "../../service/native/inotify.js";
import { temporaryFolder } from "../support/daemon.js";
import { until } from "../support/wait.js";

t.test("names that come, go, move and change their owner are told, in order; reads and writes are not", async t => {
  const folder = temporaryFolder(t);
  const changes: DirectoryChange[] = [];
  const watch = new DirectoryWatch(news => changes.push(...news));
  t.teardown(() => watch.close());
  const directory = watch.add(folder);
  t.equal(watch.add(`${folder}/.`), directory, "one number for one directory");
  writeFileSync(`${folder}/\xe9`, "", "latin1");
  writeFileSync(`${folder}/a`, "");
  writeFileSync(`${folder}/a`, "more");
  readFileSync(`${folder}/a`);
  chmodSync(`${folder}/a`, 0o600);
  renameSync(`${folder}/a`, `${folder}/b`);
  rmSync(`${folder}/b`);
  mkdirSync(`${folder}/c`);
  const names = () => changes.map(({ name }) => name);
  await until("the last one", () => names().includes("c"));
  t.same(names(), ["\xc3\xa9", "a", "a", "a", "b", "b", "c"], "one character a byte");
  t.ok(changes.every(change => change.directory === directory));
});

t.test("a directory that goes away is told as such", async t => {
  const folder = temporaryFolder(t);
  mkdirSync(`${folder}/a`);
  const changes: DirectoryChange[] = [];
  const watch = new DirectoryWatch(news => changes.push(...news));
  t.teardown(() => watch.close());
  const directory = watch.add(`${folder}/a`);
  rmSync(`${folder}/a`, { recursive: true });
  await until("it is told", () => changes.length > 0);
  t.same(changes, [{ directory, name: null }]);
  watch.remove(directory);
});

t.test("only a directory can be watched", async t => {
  const folder = temporaryFolder(t);
  writeFileSync(`${folder}/file`, "");
  const watch = new DirectoryWatch(() => {});
  t.teardown(() => watch.close());
  for (const [path, code] of [
    ["missing", "ENOENT"],
    ["file", "ENOTDIR"],
  ] as const) {
    t.throws(() => watch.add(`${folder}/${path}`), { code }, path);
    t.throws(() => watch.add(`${folder}/${path}`), SystemError);
  }
});
