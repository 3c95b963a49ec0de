import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import t from "tap";
import { lookUpInSystem, readText } from "../../service/access/system-lookups.js";
import { FakeClock } from "../support/fake-clock.js";
import { until } from "../support/wait.js";

t.test("the name of an address has to lead back to it", async t => {
  t.match(await lookUpInSystem({ kind: "name", address: "127.0.0.1" }), /localhost|unknown/);
  t.equal(await lookUpInSystem({ kind: "name", address: "unknown" }), "unknown");
});

t.test("a command counts as done when the shell ended well", async t => {
  t.equal(await lookUpInSystem({ kind: "command", command: "test 1 = 1" }), "0");
  t.equal(await lookUpInSystem({ kind: "command", command: "exit 3" }), "3");
  t.equal(await lookUpInSystem({ kind: "command", command: "kill -9 $$" }), "SIGKILL");
});

t.test("a command that goes on is ended after 30 s, with what it has started", async t => {
  const marker = join(t.testdir({}), "pid");
  const clock = new FakeClock();
  const result = lookUpInSystem({ kind: "command", command: `sleep 1000 & echo $! > ${marker}; wait` }, clock);
  const pidOf = () => (existsSync(marker) ? Number(readFileSync(marker, "latin1")) : 0);
  await until("it has started", () => pidOf() > 0);
  clock.pass(29_999);
  t.equal(clock.waiting, 1, "it is waited for");
  clock.pass(1);
  t.equal(await result, null);
  await until("it has ended", () => !isRunning(pidOf()));
});

t.test("accounts are found by their whole name", async t => {
  t.equal(lookUpInSystem({ kind: "account", of: "user", name: "root" }), "root");
  t.equal(lookUpInSystem({ kind: "account", of: "user", name: "roo" }), null);
  t.equal(lookUpInSystem({ kind: "account", of: "group", name: "" }), null);
});

t.test("a file that is not regular, or too large, is not read; a FIFO does not block", async t => {
  const directory = t.testdir({ large: "x".repeat(1024 * 1024 + 1), small: Buffer.from([0x61, 0xe9]) });
  spawnSync("mkfifo", [join(directory, "fifo")]);
  t.equal(readText(join(directory, "small")).text, "a\xe9");
  t.match(readText(join(directory, "large")).failed, { message: "it has more than 1048576 bytes" });
  t.match(readText(join(directory, "fifo")).failed, { message: "it is a FIFO, not a regular file" });
});

const identServer = createServer();
const canListen = await listen(identServer, 113);
t.teardown(() => identServer.close());

const rootOnly = canListen ? {} : { skip: "port 113 is not ours to take" };
t.test("ident: the user of the connection, unknown on anything else", rootOnly, async t => {
  const replies = new Map<number, string>([
    [4001, "4001 , 2000 : USERID : UNIX : joe\r\n"],
    [4002, "4002, 2000 : ERROR : NO-USER\r\n"],
    [4003, "4001 , 2000 : USERID : UNIX : joe\r\n"],
    [4004, "4004 , 2000 : USERID : UNIX : joe"],
    [4005, "x".repeat(5000)],
  ]);
  identServer.on("connection", socket => {
    socket.once("data", query => {
      const reply = replies.get(Number.parseInt(query.toString(), 10));
      if (reply === undefined) return; // never answers
      socket.end(reply);
    });
    socket.on("error", () => {});
  });
  const clock = new FakeClock();
  const ask = (port: number) => {
    const end = (port: number) => ({ address: "127.0.0.1", port });
    const request = { daemon: "ser2net", client: end(port), server: end(2000) };
    return lookUpInSystem({ kind: "user", request, limitSeconds: 10 }, clock);
  };
  t.equal(await ask(4001), "joe");
  for (const port of [4002, 4003, 4004, 4005]) t.equal(await ask(port), "unknown", String(port));
  const silent = ask(4006);
  await once(identServer, "connection");
  clock.pass(9999);
  t.equal(clock.waiting, 1, "it is waited for");
  clock.pass(1);
  t.equal(await silent, "unknown");
});

t.test("ident: no server is unknown, and so is a client without an address", async t => {
  const request = {
    daemon: "ser2net",
    client: { address: "127.0.0.2", port: 1 },
    server: { address: "127.0.0.1", port: 2 },
  };
  t.equal(await lookUpInSystem({ kind: "user", request, limitSeconds: 10 }), "unknown");
  const withoutClient = { ...request, client: { address: null, port: 0 } };
  t.equal(await lookUpInSystem({ kind: "user", request: withoutClient, limitSeconds: 10 }), "unknown");
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "latin1"));
  } catch {
    return false;
  }
}

function listen(server: Server, port: number): Promise<boolean> {
  return new Promise(resolve => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => resolve(true));
  });
}
