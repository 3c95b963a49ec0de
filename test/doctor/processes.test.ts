/** Who has a device open, beside containers, which have a /dev of their own. */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, realpathSync, rmSync } from "node:fs";
import t from "tap";
import { OpenFiles } from "../../service/doctor/processes.js";
import { NEEDS_NAMESPACE } from "../support/namespace.js";
import { PtyDevice } from "../support/pty.js";

/** Opens all pseudo-terminals of a new devpts up to a number, and holds them. */
const CONTAINER = `
mount -t devpts devpts /dev/pts -o newinstance,ptmxmode=0666 && mount --bind /dev/pts/ptmx /dev/ptmx
exec python3 -c '
import os, sys
held = [os.openpty() for _ in range(int(sys.argv[1]) + 1)]
print(os.ttyname(held[-1][1]), flush=True)
sys.stdin.read()' "$1"`;

t.test("a pseudo-terminal of a container is another one, whatever its name", NEEDS_NAMESPACE, async t => {
  const device = new PtyDevice(() => {});
  t.teardown(() => device.close());
  const number = /^\/dev\/pts\/(\d+)$/.exec(realpathSync(device.path))?.[1] ?? "";
  const container = spawn("unshare", ["--mount", "sh", "-c", CONTAINER, "sh", number]);
  t.teardown(() => container.kill());
  const [told] = await once(container.stdout, "data");
  t.equal(String(told).trim(), `/dev/pts/${number}`);
  t.same(OpenFiles.read().holders(`/dev/pts/${number}`), [process.pid]);
});

t.test("a device is the same one by another name", NEEDS_NAMESPACE, async t => {
  const name = `/dev/ser2net-test-${process.pid}`;
  execFileSync("mknod", [name, "c", "1", "7"]); // /dev/full
  t.teardown(() => rmSync(name));
  const fd = openSync(name, "r");
  t.teardown(() => closeSync(fd));
  t.match(OpenFiles.read().holders("/dev/full"), [process.pid]);
});
