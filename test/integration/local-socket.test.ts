/** The local socket of the control port, and sessions that attach to a port. */
import { chmodSync, existsSync, lstatSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { askControlPort, Client, type Teardown } from "../support/client.js";
import { Daemon, runProgram, temporaryFolder } from "../support/daemon.js";
import type { Incoming } from "../support/incoming.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

const isRoot = process.getuid?.() === 0;
/** Groups that every Debian has, in place of ser2net and ser2net-admin. */
const GROUPS = "group=daemon admin=dialout";

const local = Client.connectLocal;

/** A session as another user, with those groups: what it types, and what comes. */
function sessionAs(t: Teardown, path: string, groups: readonly string[]) {
  const relay = `const s = require("net").connect(${JSON.stringify(path)}); process.stdin.pipe(s).pipe(process.stdout);
    s.on("error", e => console.log(e.code)).on("close", () => process.exit())`;
  const ids = [
    "--reuid=65534",
    "--regid=65534",
    groups.length === 0 ? "--clear-groups" : `--groups=${groups.join(",")}`,
  ];
  const running = runProgram(t, "setpriv", [...ids, process.execPath, "-e", relay]);
  return { said: running.output, type: (text: string) => void running.process.stdin?.write(text) };
}

async function answer(session: { said: Incoming; type(text: string): void }, command: string): Promise<string> {
  session.type(`${command}\n`);
  return (await session.said.expect("-> ")).slice(0, -"\r\n-> ".length);
}

async function started(t: Teardown, words = "max-connections=3") {
  const next = await portNumbers(t as never);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t as never);
  const folder = temporaryFolder(t);
  chmodSync(folder, 0o755);
  const path = join(folder, "control");
  const daemon = await Daemon.start(t, {
    controlPort,
    config: [
      `CONTROLSOCKET:${path}:${GROUPS}`,
      `DEVICE:router:${device.path}`,
      `127.0.0.1,${port}:telnet:0:router:9600 ${words}`,
    ],
  });
  return { daemon, device, path, port, name: `127.0.0.1,${port}` };
}

t.test("the groups of a user decide what it may do", { skip: !isRoot && "needs other users" }, async t => {
  const { path, port, name, device } = await started(t);
  t.match(await sessionAs(t, path, []).said.untilEnd(), /^Access denied\r\n$/);

  const reader = sessionAs(t, path, ["1"]);
  await reader.said.expect("-> ");
  for (const command of ["disconnect", "setporttimeout", "setportenable", "setportconfig", "setportcontrol"]) {
    t.equal(await answer(reader, `${command} ${port} 1`), `Permission denied: ${command} needs the group dialout`);
  }
  for (const command of ["drain", "undrain", `take ${port}`, `say ${port} hi`, `break ${port}`]) {
    t.match(await answer(reader, command), /^Permission denied: \w+ needs the group dialout$/);
  }
  t.match(await answer(reader, `attach ${port}`), /^Permission denied: attach needs the group dialout/);
  t.match(await answer(reader, `attach ${port} watch force`), /^Permission denied: attach/);
  t.match(await answer(reader, `showport ${name}`), new RegExp(`TCP Port ${name}`));
  t.match(await answer(reader, "ports json"), /"condition":"idle"/);
  reader.type(`attach ${port} watch\ndropped`);
  t.equal(await reader.said.expect("watching\r\n"), `attached ${name}, watching\r\n`);
  t.equal(await reader.said.expect("dropped]\r\n"), "\r\n[You are watching: what you type is dropped]\r\n");

  reader.type("\x1dtnot taken over\x1db");
  for (const key of ["t", "b"])
    t.match(await reader.said.expect("^]]\r\n"), "t: take over", `${key}: it gets the list of keys`);

  const admin = sessionAs(t, path, ["20"]);
  await admin.said.expect("-> ");
  const watching = JSON.parse((await answer(admin, "ports json")).trim()).connections[0].id;
  t.match(await answer(admin, `take ${port} ${watching}`), /^\S+ may only watch 127\.0\.0\.1,\d+$/);
  admin.type(`attach router\nwritten`);
  t.equal(await admin.said.expect("writer\r\n"), `attached ${name}, writer\r\n`);
  t.equal(await device.expect("written"), "written");
  device.send("to both");
  for (const { said } of [reader, admin]) t.equal(await said.expect("both"), "to both");
});

t.test("a session attaches by the socket and by TCP, leaves, and takes over", async t => {
  const { daemon, device, path, port, name } = await started(t);
  const one = await local(t, path);
  await one.expect("-> ");
  one.send(`attach ${port} watch\r\n`);
  await one.expect("watching\r\n");
  const two = await daemon.control();
  two.send(`attach ${device.path}\r\0\xff\xfa\x18\x00\xff\xf0a\r\0\xff\xffb`);
  await two.expect("writer\r\n");
  t.equal(await device.expect("b"), "a\r\xffb", "telnet is decoded");
  device.send("\xff.");
  t.equal(await one.expect("."), "\xff.");
  t.equal(await two.expect("."), "\xff\xff.");
  one.send("lost");
  await one.expect("dropped]\r\n");
  one.send("\x1d\x1dlost too\x1dt\x1d\x1dmine");
  t.equal(await device.expect("mine"), "\x1dmine", "it has taken over");

  const asker = await local(t, path);
  await asker.expect("-> ");
  asker.send("who\nports json\n");
  const people = await asker.expect("-> ");
  t.match(people, /local:\S+ +writer .*\r\n.*127\.0\.0\.1,\d+ +writer/);
  const listed = JSON.parse((await asker.expect("\r\n")).trim());
  t.match(listed, { port: name, state: "telnet", condition: "connected", deviceName: "router", mode: "all" });
  t.match(listed.connections, [
    { writer: true, in: 18 },
    { user: null, writer: true },
  ]);
  await asker.expect("-> ");
  asker.send(`say ${port} reboot in \x075 min\n`);
  for (const client of [one, two]) t.match(await client.expect("min]\r\n"), /^\r\n\[\S+: reboot in 5 min\]\r\n$/);

  one.send("\x1d.who\n");
  t.match(await one.expect("-> "), `\r\n[left ${name}]\r\n-> `);
  t.match(await one.expect("-> "), /127\.0\.0\.1/);
  asker.send(`disconnect ${name}\n`);
  t.equal(await two.expect("-> "), `\r\n[${name} has ended the connection]\r\n-> `);
  t.equal(await two.ask("version"), "ser2net version 1.0.0\r\n");
});

t.test("the command replay shows the last output, as text of the session", async t => {
  const { daemon, device, path, port, name } = await started(t, "always-open replay=64k");
  const one = await local(t, path);
  await one.expect("-> ");
  const two = await daemon.control();
  t.equal(await two.ask(`replay ${port}`), "", "nothing yet");
  device.send("first\r\nse\xffcond\nhal");
  const shown = async (bytes: string): Promise<string> => {
    one.send(`replay ${name} ${bytes}\n`);
    return one.expect("-> ");
  };
  await until("the device is read", async () => (await shown("")).includes("hal"));
  t.equal(await two.ask(`replay ${port}`), "first\r\nse\xff\xffcond\r\nhal\r\n", "telnet doubles 0xFF");
  t.equal(await shown(""), "first\r\nse\xffcond\r\nhal\r\n-> ", "the local socket does not");
  t.equal(await shown("9"), "hal\r\n-> ", "from the start of a line on");
  t.equal(await shown("0"), "-> ");
  t.equal(await shown("x"), "Not a number of bytes: x\r\n-> ");
  t.equal(await two.ask("replay"), "No port given\r\n");
  const other = await started(t);
  t.equal(await other.daemon.ask(`replay ${other.port}`), "no replay on this port\r\n");
});

t.test("a session of -8 passes every byte, and ends with the connection", async t => {
  const { daemon, device, path, port, name } = await started(t);
  const every = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
  const client = await local(t, path);
  await client.expect("-> ");
  client.send(`attach ${port} -8\n${every}.`);
  await client.expect("writer\r\n");
  t.equal(await device.expect(`${every}.`), `${every}.`);
  device.send(`${every}.`);
  t.equal(await client.expect(`${every}.`), `${every}.`);
  t.equal(await daemon.ask(`say ${port} not for a program`), "");
  device.send("last");
  await client.expect("last");
  t.equal(await daemon.ask(`disconnect ${name}`), "");
  t.equal(await client.untilEnd(), "");
});

t.test("a full port refuses a session, force makes room", async t => {
  const { path, port, name } = await started(t, "");
  const [one, two] = [await local(t, path), await local(t, path)];
  for (const client of [one, two]) await client.expect("-> ");
  one.send(`attach ${port}\n`);
  await one.expect("writer\r\n");
  two.send(`attach ${port}\n`);
  t.match(await two.expect("-> "), /^Port already in use by \S+ for less than a minute\r\n-> $/);
  two.send(`attach ${port} force\n`);
  t.equal(await two.expect("writer\r\n"), `attached ${name}, writer\r\n`);
  t.match(await one.expect("-> "), /kicked off, new user is coming/);
  one.send("attach nothing\nattach\nattach 127.0.0.1,1 loud\n");
  for (const text of ["Invalid port number: nothing", "No port given", "Invalid port number: 127.0.0.1,1"]) {
    t.equal(await one.expect("-> "), `${text}\r\n-> `);
  }
});

t.test("the file of a dead daemon is replaced; a live one, a link and another file are not", async t => {
  const { daemon, path } = await started(t);
  t.equal(lstatSync(path).mode & 0o7777, 0o666);
  await daemon.stop("SIGKILL");
  t.ok(lstatSync(path).isSocket(), "left behind");
  const next = await portNumbers(t);
  const start = async (at: string) =>
    Daemon.start(t, {
      controlPort: await next(),
      config: [`CONTROLSOCKET:${at}:${GROUPS} mode=0600`],
      foreground: "-d",
    });
  const second = await start(path);
  t.equal(await (await local(t, path)).expect("-> "), "-> ");
  t.equal(lstatSync(path).mode & 0o7777, 0o600);

  const third = await start(path);
  t.match(await third.running.errors.expect("listens there"), `Unable to open control socket ${path}: another program`);
  await third.stop();
  t.ok(lstatSync(path).isSocket(), "it has not removed the file of another");
  const [link, file] = [`${path}-link`, `${path}-file`];
  symlinkSync(`${path}-new`, link);
  writeFileSync(file, "kept");
  const fourth = await start(link);
  await fourth.running.errors.expect(`Unable to open control socket ${link}: there is a symbolic link`);
  t.notOk(existsSync(`${path}-new`));
  fourth.hup([`CONTROLSOCKET:${file}`]);
  await fourth.running.errors.expect(`Unable to open control socket ${file}: there is another file`);
  fourth.hup([`CONTROLSOCKET:${path}-moved`]);
  t.equal(await (await until("the socket", () => local(t, `${path}-moved`).catch(() => null)))?.expect("-> "), "-> ");
  fourth.hup(["CONTROLSOCKET:off"]);
  await until("the file is gone", () => !existsSync(`${path}-moved`));
  await second.stop();
  t.notOk(existsSync(path), "removed at the end");
});

/** A port for three connections, and a control socket, below a service manager. */
async function underManager(t: Test) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const path = join(temporaryFolder(t), "control");
  const config = [`CONTROLSOCKET:${path}`, `127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=3`];
  return { controlPort, port, device, path, manager: await ServiceManager.start(t, { controlPort, config }) };
}

t.test("sessions, attached ones and the socket itself go on over a restart", async t => {
  const { port, device, path, manager } = await underManager(t);
  const [idle, attached, watching] = [await local(t, path), await local(t, path), await local(t, path)];
  for (const client of [idle, attached, watching]) await client.expect("-> ");
  idle.send("vers");
  attached.send(`attach ${port}\n`);
  watching.send(`attach ${port} watch\n`);
  await attached.expect("writer\r\n");
  await watching.expect("watching\r\n");
  attached.send("\x1d");
  device.send("before");
  for (const client of [attached, watching]) await client.expect("before");
  await until("the escape is read", async () => (await local(t, path).then(c => c.expect("-> "))) === "-> ");
  for (const signal of ["SIGTERM", "SIGTERM"] as const) {
    await manager.end(signal);
    const waiting = await local(t, path); // the socket listens still
    attached.send("\x1dmore\x1d");
    watching.send("not");
    device.send("between");
    await manager.again();
    t.equal(await device.expect("more"), "\x1dmore");
    for (const client of [attached, watching]) await client.expect("between");
    t.equal(await waiting.expect("-> "), "-> ");
  }
  idle.send("ion\n");
  t.equal(await idle.expect("-> "), "ser2net version 1.0.0\r\n-> ");
  attached.send(".");
  t.match(await attached.expect("-> "), /\[left /);
});

t.test("attached sessions and the socket live on after a kill, and a session has a new prompt", async t => {
  const { controlPort, port, device, path, manager } = await underManager(t);
  const [idle, attached, watching] = [await local(t, path), await local(t, path), await local(t, path)];
  const binary = await Client.connect(t, controlPort);
  for (const client of [idle, attached, binary, watching]) await client.expect("-> ");
  idle.send("vers");
  for (const [client, words] of [
    [attached, ""],
    [binary, "-8"],
    [watching, "watch"],
  ] as const) {
    client.send(`attach ${port} ${words}\r\n`);
    await client.expect(words === "watch" ? "watching\r\n" : "writer\r\n");
  }
  const people = async () => (await askControlPort(t, controlPort, `who ${port}`)).replace(/ +\d+ +\d+(?=\r)/g, "");
  const before = await people();
  for (const round of [1, 2]) {
    device.send(`before ${round}`);
    for (const client of [attached, binary, watching]) await client.expect(`before ${round}`);
    t.match(await manager.restart("SIGKILL"), /took over 3 connections, 1 device/);
    attached.send(`one ${round}`);
    t.equal(await device.expect(`one ${round}`), `one ${round}`);
    binary.send(`\x1d.two ${round}`);
    t.equal(await device.expect(`two ${round}`), `\x1d.two ${round}`, "without keys");
    device.send(`after ${round}`);
    for (const client of [attached, binary, watching])
      t.equal(await client.expect(`after ${round}`), `after ${round}`, "and nothing else");
    watching.send("x");
    t.equal(await watching.expect("dropped]\r\n"), "\r\n[You are watching: what you type is dropped]\r\n");
    t.equal(await people(), before, "the same people");
    t.equal(await idle.expect("-> "), "\r\n-> ", "the line being typed is lost, and the prompt shows that");
  }
  idle.send("version\n");
  t.match(await idle.expect("-> "), "ser2net version");
  attached.send("\x1d.");
  t.match(await attached.expect("-> "), /\[left /);
  t.match(await (await local(t, path)).expect("-> "), "-> ");
});
