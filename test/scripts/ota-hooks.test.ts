/** The hooks of docs/ota.md as they stand there, with a `ser2net` that only says what it was asked, and with real daemons. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, utimesSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { BUNDLE, runProgram } from "../support/daemon.js";
import { drainStage } from "../support/drain-stage.js";
import { installExamples, otaExample } from "../support/ota-examples.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const MAY_REBOOT = "/usr/lib/update/may-reboot";
const HOOKS = [
  MAY_REBOOT,
  "/usr/lib/rauc/pre-install",
  "/usr/lib/rauc/post-install",
  "/etc/mender/scripts/Download_Enter_10_ser2net",
  "ArtifactReboot_Enter_10_ser2net",
] as const;
type Hook = (typeof HOOKS)[number];

/** The hooks in a folder of the test: the paths that they name are below it. @param program what `ser2net` is there */
function installed(t: Test, program: string) {
  const { root, put, env } = installExamples(t, HOOKS);
  put("bin/ser2net", program);
  const led = join(root, "sys/class/leds/board:white:update/brightness");
  put(led.slice(root.length), "");
  return {
    env,
    file: (hook: Hook) => join(root, hook),
    led: () => readFileSync(led, "utf8"),
    since: join(root, "run/update-postponed"),
    asked: () =>
      existsSync(join(root, "asked")) ? readFileSync(join(root, "asked"), "utf8").split("\n").slice(0, -1) : [],
    /** @param status what `ser2net busy` and `drain` exit with */
    run(hook: Hook, args: readonly string[] = [], status = 0, also: NodeJS.ProcessEnv = {}) {
      rmSync(join(root, "asked"), { force: true });
      const asked = { ASKED: join(root, "asked"), STATUS: String(status) };
      return spawnSync(join(root, hook), args, { encoding: "utf8", env: { ...env, ...asked, ...also } });
    },
  };
}

/** Notes its words, and exits with $STATUS; `undrain` with 0. */
const FAKE = `#!/bin/sh
echo "$*" >>"$ASKED"
echo "the table"
[ "$1" = undrain ] || exit "$STATUS"
`;

t.test("an update is postponed where a connection exists, or may exist; where no daemon runs it is not", async t => {
  const hooks = installed(t, FAKE);
  for (const [status, postponed] of [0, 1, 1, 0].map((one, at) => [at, one])) {
    t.equal(hooks.run(MAY_REBOOT, ["busy"], status).status, postponed, `busy exits ${status}`);
    t.same(hooks.asked(), ["busy"]);
    const { status: drained, stdout, stderr } = hooks.run(MAY_REBOOT, ["drain"], status);
    t.equal(drained, postponed, `drain exits ${status}`);
    t.same(hooks.asked(), ["drain --max 600", ...(postponed === 1 ? ["undrain"] : [])], "what is postponed is served");
    t.match({ stdout, stderr }, { stdout: postponed === 1 ? "the table\n" : "", stderr: "the table\n" });
  }
  t.equal(hooks.run(MAY_REBOOT, ["nothing"]).status, 2);
});

t.test("it is not postponed for more than three days", async t => {
  const hooks = installed(t, FAKE);
  const begun = (daysAgo: number) => {
    const seconds = Date.now() / 1000 - daysAgo * 86_400;
    utimesSync(hooks.since, seconds, seconds);
  };
  t.equal(hooks.run(MAY_REBOOT, ["busy"], 1).status, 1);
  begun(2.9);
  t.equal(hooks.run(MAY_REBOOT, ["drain"], 1).status, 1);
  begun(3.1);
  t.equal(hooks.run(MAY_REBOOT, ["busy"], 1).status, 0);
  t.equal(hooks.run(MAY_REBOOT, ["drain"], 1).status, 0);
  t.same(hooks.asked(), ["drain --max 600"], "no new connection comes before the reboot");
  t.equal(hooks.run(MAY_REBOOT, ["busy"], 0).status, 0);
  t.notOk(existsSync(hooks.since), "the next update has its own three days");
});

t.test("each updater gets the status that it takes for not yet", async t => {
  const hooks = installed(t, FAKE);
  const cases = [
    ["/usr/lib/rauc/pre-install", 1, "busy"],
    ["/etc/mender/scripts/Download_Enter_10_ser2net", 21, "busy"],
    ["ArtifactReboot_Enter_10_ser2net", 21, "drain --max 600"],
  ] as const;
  for (const [hook, later, asked] of cases) {
    t.equal(hooks.run(hook, [], 1).status, later, hook);
    t.equal(hooks.asked()[0], asked);
    t.equal(hooks.led(), "");
  }
  for (const [hook] of cases) t.equal(hooks.run(hook, [], 0).status, 0, hook);
  t.equal(hooks.led(), "255\n", "RAUC's hook lights the LED");
  const app = { RAUC_IMAGE_CLASS_3: "app" };
  t.equal(hooks.run("/usr/lib/rauc/pre-install", [], 1, app).status, 0, "the daemon alone needs no reboot");
  t.same(hooks.asked(), []);
  const two = { ...app, RAUC_IMAGE_CLASS_1: "rootfs" };
  t.equal(hooks.run("/usr/lib/rauc/pre-install", [], 1, two).status, 1, "a system with it does");
  t.equal(hooks.run("/usr/lib/rauc/post-install").status, 0);
  t.equal(hooks.led(), "0\n");
  t.match(otaExample("/etc/swupdate.cfg"), `preupdatecmd = "${MAY_REBOOT} busy"`);
  t.match(otaExample("/etc/systemd/system/update-reboot.service"), `ExecStart=${MAY_REBOOT} drain\n`);
});

t.test("with two instances of the daemon, a user of either counts", needs("dbus-daemon", "busctl"), async t => {
  const stage = await drainStage(t);
  const [one, two] = [await stage.instance("one"), await stage.instance("two")];
  const hooks = installed(t, `#!/bin/sh\nexec ${process.execPath} ${BUNDLE} "$@"\n`);
  const env = { ...hooks.env, DBUS_SYSTEM_BUS_ADDRESS: stage.bus.address };
  const start = (hook: Hook, ...args: string[]) => runProgram(t, hooks.file(hook), args, env);
  const status = async (hook: Hook, ...args: string[]) => (await start(hook, ...args).exit()).code;
  for (const { port } of [one, two]) {
    const user = await Client.connect(t, port);
    await until("it is postponed", async () => (await status("/usr/lib/rauc/pre-install")) === 1);
    await user.close();
    await until("it is not", async () => (await status("/usr/lib/rauc/pre-install")) === 0);
  }
  const last = await Client.connect(t, two.port);
  const rebooting = start(MAY_REBOOT, "drain");
  await rebooting.errors.expect("Waiting for:\n");
  t.match(await (await Client.connect(t, one.port)).untilEnd(), /^Port is draining/);
  await last.close();
  t.equal((await rebooting.exit()).code, 0);
});
