/** A secret that is configured does not come out of the daemon, by no channel; the ports work all the same. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { PrivateBus } from "../dbus/private-bus.js";
import { Client } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { FakeBmc } from "../support/fake-bmc.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const USER = "sixteen_letters_";
/** The fake BMC's password of that user, its key, and texts that are not its password. */
const [PASSWORD, KEY, WRONG, FAULTY] = [
  "01234567890123456789",
  "the-key-of-the-bmc",
  "not-the-password",
  "cut-at-the-colon",
];
const SECRETS = [PASSWORD, KEY, WRONG, FAULTY];

t.test("no output shows a secret", needs("dbus-daemon", "busctl"), async t => {
  const folder = temporaryFolder(t);
  const bmcs = await Promise.all([{ bmcKey: KEY }, {}, {}].map(options => FakeBmc.start(options)));
  for (const bmc of bmcs) t.teardown(() => bmc.stop());
  const [keyed, filed, credited] = bmcs.map(({ port }) => `-p ${port} 127.0.0.1`);
  const [passwordFile, trace] = [join(folder, "password"), join(folder, "trace")];
  writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o644 });
  writeFileSync(join(folder, "rack7"), "test\n", { mode: 0o600 });
  const next = await portNumbers(t);
  const controlPort = await next();
  const [inline = 0, file = 0, credential = 0, wrong = 0] = [await next(), await next(), await next(), await next()];
  const config = [
    `DEVICE:named:sol.lan -U ${USER} -P ${PASSWORD} -Rk '${KEY}' ${keyed}`,
    "BANNER:hello:device \\d, \\o, line \\B|\\r\\n",
    `TRACEFILE:all:${trace}`,
    `127.0.0.1,${inline}:telnet:0:named:115200 hello tb=all timestamp`,
    `127.0.0.1,${file}:raw:0:sol.lan -U ${USER} -Pf ${passwordFile} ${filed}:9600`,
    `127.0.0.1,${credential}:raw:0:sol.lan -U ipmiusr -Pc rack7 ${credited}:9600 hello`,
    `127.0.0.1,${wrong}:raw:0:sol.lan -U ${USER} -P ${WRONG} ${credited} :9600`,
    `127.0.0.1,${await next()}:raw:0:sol.lan -U ${USER} -P ${FAULTY}:${FAULTY} ${credited}:9600`,
  ];
  const bus = await PrivateBus.start(t);
  const daemon = await Daemon.start(t, {
    ...{ controlPort, config, foreground: "-d", args: ["--dbus", bus.address] },
    env: { CREDENTIALS_DIRECTORY: folder },
  });
  const log = daemon.running.errors;
  let logged = log.text;
  daemon.running.process.stderr?.on("data", chunk => {
    logged += chunk;
  });
  const channels = new Map<string, string>();

  const consoles = await Promise.all([inline, file, credential].map(port => Client.connect(t, port)));
  const banners = await Promise.all([consoles[0]?.expect("|\r\n"), consoles[2]?.expect("|\r\n")]);
  t.match(banners[0], `device sol.lan -U ${USER} -P *** -Rk *** ${keyed}, named, line 115200|\r\n`);
  for (const [index, console] of consoles.entries()) {
    console.send("hello sol\r");
    await console.expect("HELLO SOL");
    channels.set(`peer ${index}`, console.text + banners.join(""));
  }
  const refused = await Client.connect(t, wrong);
  channels.set("refused peer", await refused.untilEnd());
  t.match(channels.get("refused peer"), "wrong password");

  for (const command of ["showport", "showshortport", `setportconfig 127.0.0.1,${inline} ${FAULTY.slice(0, 3)}`]) {
    channels.set(command, await daemon.ask(command));
  }
  t.match(
    channels.get("showport"),
    `  device: sol.lan -U ${USER} -P *** -Rk *** ${keyed} (named)\r\n  device config: 115200\r\n`,
  );
  const tree = await until("D-Bus has the ports", async () => {
    const { output } = await bus.busctl("tree", "--list", "org.ser2net.Ser2net1");
    return output.includes("/port/") ? output : null;
  });
  for (const path of tree.split("\n").filter(one => one.includes("/org/ser2net/Ser2net1"))) {
    channels.set(path, (await bus.busctl("introspect", "org.ser2net.Ser2net1", path)).output);
  }
  t.match([...channels.values()].join(""), '"sol.lan -U ipmiusr -Pc rack7 ');

  daemon.hup(config.map(line => line.replace(WRONG, PASSWORD)).concat(`3:raw:0:sol,lan -P ${FAULTY} h`));
  await log.expect("re-reading configuration");
  await log.expect("expected sol.lan before the options");
  // The port whose password was mended works, although its printed form is the same.
  await consoles[2]?.close();
  await until("the new password counts", async () => {
    const client = await Client.connect(t, wrong);
    client.send("x\r");
    const works = await Promise.race([client.expect("X"), client.untilEnd()]).catch(() => "");
    await client.close();
    return works.includes("X");
  });
  for (const action of ["--check", "--print-config"]) {
    const { output, errors } = await runToEnd(t, [action, "-c", daemon.configFile]);
    channels.set(action, output + errors);
    t.match(output + errors, "device configuration invalid");
  }
  t.match(channels.get("--print-config"), "# *** stands for a secret of a SOL device");
  t.same(await daemon.stop(), { code: 0, signal: null });

  channels.set("log", logged);
  t.match(logged, "Invalid SOL arguments");
  t.equal(logged.split(`The password file ${passwordFile} can be read by other users`).length, 2, "warned of once");
  for (const name of readdirSync(folder).filter(one => one.startsWith("trace"))) {
    channels.set(name, readFileSync(join(folder, name), "latin1"));
    t.match(channels.get(name), "HELLO SOL");
  }
  for (const [channel, text] of channels) {
    t.ok(text.length > 0, `${channel} has text`);
    for (const secret of SECRETS) t.notMatch(text, secret, channel);
  }
});

t.test("an argument -C is taken out of the list of processes", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const args = ["-C", `127.0.0.1,${port}:raw:0:sol.lan -U x -P ${PASSWORD} 127.0.0.1:9600`, "-P", "/dev/null"];
  const daemon = await Daemon.start(t, { controlPort, config: [], foreground: "-d", args });
  const shown = readFileSync(`/proc/${daemon.pid}/cmdline`, "latin1");
  t.notMatch(shown, PASSWORD);
  t.match(shown, `-C 127.0.0.1,${port}:raw:0:sol.lan -U x -P *** -P /dev/null`);
  await daemon.running.errors.expect("A password in an argument -C is shown to other users while the program starts");
});
