/** When the rules of the TCP wrappers are loaded. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type AccessRequest, createHostsAccess } from "../../service/access/hosts-files.js";
import { createWrappers } from "../../service/app/hosts-access.js";
import { temporaryFolder } from "../support/daemon.js";

const REQUEST: AccessRequest = {
  daemon: "ser2net",
  client: { address: "192.0.2.1", port: 5 },
  server: { address: "192.0.2.2", port: 2000 },
};

t.test(
  "without a table all are granted and no rules are loaded; a table counts from the next connection on",
  async t => {
    const folder = temporaryFolder(t);
    const files = { allow: join(folder, "allow"), deny: join(folder, "deny") };
    let loads = 0;
    const access = createWrappers(files, () => {
      loads++;
      return createHostsAccess;
    });
    t.match(access.check(REQUEST), { granted: true, warnings: [] });
    t.equal(loads, 0);
    writeFileSync(files.deny, "ALL: 192.0.2.1\n");
    t.match(access.check(REQUEST), { granted: false, matched: { file: files.deny, line: 1 } });
    t.match(access.check(REQUEST), { granted: false });
    t.equal(loads, 1);
  },
);

t.test("rules that cannot be loaded refuse the connection, and are loaded for the next one", async t => {
  const folder = temporaryFolder(t);
  const files = { allow: join(folder, "allow"), deny: join(folder, "deny") };
  writeFileSync(files.allow, "ALL: ALL\n");
  const failures = [new Error("Too many open files")];
  const access = createWrappers(files, () => {
    const failure = failures.pop();
    if (failure !== undefined) throw failure;
    return createHostsAccess;
  });
  t.match(access.check(REQUEST), {
    granted: false,
    warnings: ["error: access check failed: Too many open files"],
  });
  t.match(access.check(REQUEST), { granted: true, warnings: [] });
});
