/** Debian's conserver in front of a telnet and a raw port, with the configuration of examples/. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isRefused, type Teardown } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

t.test("examples/conserver.cf: consoles by telnet and raw, and their logs", needs("conserver", "console"), async t => {
  const next = await portNumbers(t);
  const [controlPort, telnet, raw, master] = [await next(), await next(), await next(), await next()];
  const [switch1, router1] = [PtyDevice.open(t), PtyDevice.open(t)];
  const daemon = await Daemon.start(t, {
    controlPort,
    config: [
      `127.0.0.1,${telnet}:telnet:0:${switch1.path}:9600 LOCAL`,
      `127.0.0.1,${raw}:raw:0:${router1.path}:9600 LOCAL`,
    ],
  });
  const folder = temporaryFolder(t);
  const configuration = readFileSync("examples/conserver.cf", "utf8")
    .replace("port 2001;", `port ${telnet};`)
    .replace("port 2002;", `port ${raw};`)
    .replace("/var/log/conserver", folder);
  writeFileSync(join(folder, "conserver.cf"), configuration);
  const words = ["-C", join(folder, "conserver.cf"), "-p", String(master), "-M", "127.0.0.1", "-v"];
  const conserver = spawn("/usr/sbin/conserver", words, { stdio: "ignore" });
  t.teardown(async () => {
    const ended = once(conserver, "exit");
    conserver.kill("SIGTERM"); // it ends its own processes
    await ended;
  });
  await until("it has both consoles", async () => {
    const list = await daemon.ask("showshortport");
    return list.split("\n").filter(line => /\b(telnet|raw)\b.*127\.0\.0\.1,\d+/.test(line)).length === 2;
  });
  await until("it takes clients", async () => !(await isRefused(master)));
  for (const [name, device] of [
    ["switch1", switch1],
    ["router1", router1],
  ] as const) {
    const user = await attach(t, name, master);
    user.type("show version\r");
    await device.expect("show version");
    device.send(`IOS of ${name}\r\n`);
    await user.see(`IOS of ${name}`);
    await until("it is logged", () => readFileSync(join(folder, `${name}.log`), "latin1").includes(`IOS of ${name}`));
    user.type("\x05c."); // ^Ec. leaves
    await user.see("disconnect");
    t.pass(name);
  }
});

async function attach(t: Teardown, name: string, master: number): Promise<Terminal> {
  const user = new Terminal(t, "console", ["-M", "127.0.0.1", "-p", String(master), name]);
  await user.see("help");
  return user;
}
