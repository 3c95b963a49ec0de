/** Commands of the client for several daemons, of which some do not answer. */
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import t, { type Test } from "tap";
import { consoleStage } from "../support/console-stage.js";
import { runToEnd, temporaryFolder } from "../support/daemon.js";

const RAW = "raw:0:DEVICE:9600 NONE";
const ALL = ["ports", "who", "status", "metrics", "reload"];

/** A socket at which no daemon is, and one that takes connections and ends them without a word. */
async function silentSockets(t: Test) {
  const folder = temporaryFolder(t);
  const [absent, mute] = [join(folder, "absent"), join(folder, "mute")];
  const server = createServer(socket => void socket.resume().end()).listen(mute);
  t.teardown(() => void server.close());
  await once(server, "listening");
  return { absent, mute };
}

function ask(t: Test, command: readonly string[], ...sockets: readonly string[]) {
  return runToEnd(t, [...command, ...sockets.flatMap(socket => ["--socket", socket])]);
}

t.test("a daemon that does not answer does not keep the others from being asked", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { absent, mute } = await silentSockets(t);
  const shown: Readonly<Record<string, RegExp>> = {
    ports: new RegExp(`^PORT.*\n${stage.names[0]} `),
    who: /^Port +Id +Peer/,
    status: /: 1 port: 1 idle\n/,
    metrics: /: ser2net_/,
    reload: /: 2 ports: /,
  };
  appendFileSync(stage.daemon.configFile, "127.0.0.1,1:off:0:/dev/ser2net-none:9600\n");
  for (const command of ALL) {
    const { code, output, errors } = await ask(t, [command], absent, mute, stage.socket);
    t.equal(code, 1, command);
    t.match(output, shown[command], command);
    t.equal(errors, `ser2net: ${absent}: no daemon runs there\nser2net: ${mute}: it has ended\n`, command);
  }
});

t.test("the exit status is 3 only where no daemon is there", async t => {
  const { absent, mute } = await silentSockets(t);
  const other = `${absent}-too`;
  for (const command of [...ALL.map(name => [name]), ["break", "2001"], ["who", "2001"]]) {
    const none = await ask(t, command, absent, other);
    t.match(none, { code: 3, output: "" }, command.join(" "));
    for (const path of [absent, other]) t.match(none.errors, `${path}: no daemon runs there`, command.join(" "));
    const failed = await ask(t, command, absent, mute);
    t.match(failed, { code: 1, output: "" }, command.join(" "));
    t.match(failed.errors, `${mute}: it has ended`, command.join(" "));
  }
});

t.test("a port that is not found may be that of a daemon that does not answer", async t => {
  const stage = await consoleStage(t, []);
  const { absent } = await silentSockets(t);
  t.match(await ask(t, ["who", "console"], absent, stage.socket), {
    code: 1,
    errors: `ser2net: no port is called console; ${absent}: no daemon runs there\n`,
  });
  t.match(await ask(t, ["ports", "--json"], absent, stage.socket), {
    code: 1,
    output: /^\[\]\n$/,
    errors: `ser2net: ${absent}: no daemon runs there\n`,
  });
});

t.test("log tells of a daemon that does not answer, where no other one has the port", async t => {
  const stage = await consoleStage(t, [RAW]);
  const { absent } = await silentSockets(t);
  const missing = "ser2net: journalctl is not installed: the log is where syslog puts it\n";
  for (const [name, told] of [
    ["console", `ser2net: ${absent}: no daemon runs there\n`],
    [stage.names[0] ?? "", ""],
  ] as const) {
    const words = ["log", "--socket", absent, "--socket", stage.socket, name];
    const { code, errors } = await runToEnd(t, words, { env: { PATH: "/none" } });
    t.same([code, errors], [1, `${told}${missing}`], name);
  }
});

t.test("a daemon that ends while the doctor asks it is one of the findings", async t => {
  const socket = join(temporaryFolder(t), "ending");
  const row = JSON.stringify({ port: "2001", label: "console", condition: "idle" });
  const server = createServer(session => {
    session.write("-> ");
    session.on("data", command => {
      if (command.includes("ports json")) session.write(`${row}\r\nser2net version 1.0.0\r\n-> `);
      else session.end();
    });
  }).listen(socket);
  t.teardown(() => void server.close());
  await once(server, "listening");
  for (const words of [
    ["doctor", "--json"],
    ["doctor", "--json", "console"],
  ]) {
    const { code, output } = await ask(t, words, socket);
    t.equal(code, 1, words.join(" "));
    const [machine] = JSON.parse(output);
    t.match(machine.findings[0], { check: "daemon", level: "fault", text: `${socket}: it has ended` }, words.join(" "));
  }
});
