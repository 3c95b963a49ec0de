/** The update of the daemon alone: the scripts of docs/ota.md with a service manager that only notes what it is told. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { installExamples, otaExample } from "../support/ota-examples.js";

const INSTALL = "/usr/lib/update/install-app";
const RUN = "/usr/lib/update/run-app";

/** A daemon that says its version and what it was called with. `starts` and `healthy` are read by the fakes below. */
const daemonOf = (version: string) => `#!/bin/sh\necho ${version} "$@"\n[ ${version} != broken ]\n`;
/** Two instances run. A restart fails with the daemon `dead`, a check with `ill`; `crashing` is started again. All are noted. */
const SYSTEMCTL = `#!/bin/sh
[ "$1" != list-units ] || { echo "ser2net@board-a.service loaded active running x"; echo "ser2net@b.2.service loaded active running x"; }
[ "$1" != show ] || case $(RUN) in crashing*) grep -c health NOTES;; *) echo 0;; esac
[ "$1" != restart ] || { echo "restart $2 $(RUN)" >>NOTES; case $(RUN) in dead*) exit 1;; esac; }
`;
const HEALTH = `#!/bin/sh\necho "health $1" >>NOTES\ncase $(RUN) in ill*) exit 1;; crashing*) exec /bin/sleep 60;; esac\n`;

function machine(t: Test) {
  const { root, put, env } = installExamples(t, [INSTALL, RUN]);
  const notes = join(root, "notes");
  const fake = (text: string) => text.replaceAll("RUN", join(root, RUN)).replaceAll("NOTES", notes);
  put("bin/systemctl", fake(SYSTEMCTL));
  put("bin/sleep", "#!/bin/sh\nexec /bin/sleep 0.05\n");
  put("usr/lib/ser2net/ser2net-health", fake(HEALTH));
  put("usr/lib/ser2net/ser2net.cjs", daemonOf("image"));
  const app = join(root, "data/app");
  mkdirSync(app, { recursive: true });
  const install = (...args: string[]) => spawnSync(join(root, INSTALL), args, { encoding: "utf8", env });
  return {
    app,
    link: () => (existsSync(join(app, "current")) ? readlinkSync(join(app, "current")) : null),
    runs: () => spawnSync(join(root, RUN), ["-n", "two words"], { encoding: "utf8" }).stdout,
    /** Installs a daemon of that version; gives the exit status and what was done. */
    update(version: string) {
      put("payload/ser2net.cjs", daemonOf(version));
      spawnSync("tar", ["-c", "-f", join(root, "payload.tar"), "-C", join(root, "payload"), "."]);
      rmSync(notes, { force: true });
      const { status } = install(join(root, "payload.tar"));
      return { status, done: existsSync(notes) ? readFileSync(notes, "utf8").trimEnd().split("\n") : [] };
    },
    install,
  };
}

t.test("the two folders take turns, and all instances are restarted and found healthy", async t => {
  const { update, runs, link, app } = machine(t);
  t.equal(runs(), "image -n two words\n");
  const done = (version: string) => [
    ...["board-a", "b.2"].map(name => `restart ser2net@${name}.service ${version}`),
    ...["health board-a", "health b.2"],
  ];
  for (const [version, folder] of [
    ["one", "a"],
    ["two", "b"],
    ["three", "a"],
  ] as const) {
    t.same(update(version), { status: 0, done: done(version) });
    t.equal(link(), folder);
    t.equal(runs(), `${version} -n two words\n`);
    t.notOk(existsSync(join(app, "trial")));
  }
});

t.test("a version that does not run, does not start or is not healthy is not kept", async t => {
  const { update, runs, link, app } = machine(t);
  for (const [before, folder] of [
    ["image", null],
    ["good", "a"],
  ] as const) {
    if (before !== "image") t.equal(update(before).status, 0);
    t.same(update("broken"), { status: 1, done: [] }, "not even restarted");
    const back = ["board-a", "b.2"].map(name => `restart ser2net@${name}.service ${before}`);
    t.same(update("dead"), { status: 1, done: ["restart ser2net@board-a.service dead", ...back] });
    const tried = ["board-a", "b.2"].map(name => `restart ser2net@${name}.service ill`);
    t.same(update("ill"), { status: 1, done: [...tried, "health board-a", ...back] });
    const crashed = ["board-a", "b.2"].map(name => `restart ser2net@${name}.service crashing`);
    t.same(
      update("crashing"),
      { status: 1, done: [...crashed, "health board-a", ...back] },
      "without waiting a minute",
    );
    t.equal(link(), folder);
    t.equal(runs(), `${before} -n two words\n`);
    t.notOk(existsSync(join(app, "trial")));
  }
});

t.test("after a power failure during the trial the version before is back", async t => {
  const { update, runs, install, app } = machine(t);
  update("one");
  update("two");
  writeFileSync(join(app, "trial"), "a\n");
  t.equal(install("--undo").status, 0);
  t.equal(runs(), "one -n two words\n");
  t.notOk(existsSync(join(app, "trial")));
  writeFileSync(join(app, "trial"), "image\n");
  install("--undo");
  t.equal(runs(), "image -n two words\n");
  t.match(otaExample("/etc/systemd/system/undo-app.service"), `ExecStart=${INSTALL} --undo\n`);
  t.match(otaExample("/etc/systemd/system/ser2net@.service.d/70-app.conf"), `ExecStart=${RUN} -n --board %i`);
});
