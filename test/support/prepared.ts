import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Test } from "tap";
import { temporaryFolder } from "./daemon.js";
import { portNumbers } from "./ports.js";
import { PtyDevice } from "./pty.js";

export async function prepare(t: Test) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const folder = temporaryFolder(t);
  const file = join(folder, "ser2net.conf");
  writeFileSync(file, `127.0.0.1,${port}:raw:0:${device.path}:9600\n`);
  return { controlPort, port, device, folder, file, pidFile: join(folder, "pid") };
}
