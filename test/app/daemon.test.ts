import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";

const MAIN = fileURLToPath(new URL("../service/main.ts", import.meta.url));

/** The daemon with these configuration lines and nothing on standard input: its exit status. */
async function status(t: Test, ...lines: readonly string[]): Promise<unknown> {
  const words = ["-n", "-u", ...lines.flatMap(line => ["-C", line])];
  const child = spawn(process.execPath, [...process.execArgv, MAIN, ...words], { stdio: "ignore" });
  t.teardown(() => child.kill("SIGKILL"));
  const [code] = await once(child, "exit");
  return code;
}

t.test("an inetd-style service without a connection fails, it does not wait for ever (BUG-27)", async t => {
  t.equal(await status(t, "0:raw:0:/dev/nowhere:9600"), 1);
});
