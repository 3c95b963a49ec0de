import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Incoming } from "../support/incoming.js";

const SCRIPT = fileURLToPath(new URL("../support/stdio-process.ts", import.meta.url));

interface Started {
  readonly child: ChildProcess;
  readonly output: Incoming;
  readonly errors: Incoming;
  /** Its exit status. */
  readonly ended: Promise<unknown>;
}

function start(t: Test, input: Socket | number): Started {
  const child = spawn(process.execPath, [...process.execArgv, SCRIPT], { stdio: [input, "pipe", "pipe"] });
  const [output, errors] = [new Incoming(), new Incoming()];
  child.stdout?.on("data", chunk => output.push(chunk)).on("close", () => output.end());
  child.stderr?.on("data", chunk => errors.push(chunk)).on("close", () => errors.end());
  t.teardown(() => child.kill("SIGKILL"));
  return { child, output, errors, ended: once(child, "exit").then(([code]) => code) };
}

t.test("a connection on descriptor 0 is served both ways, standard output is left alone", async t => {
  const server = createServer({ pauseOnConnect: true }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => server.close());
  const client = new Client(connect((server.address() as AddressInfo).port, "127.0.0.1"));
  const [socket] = (await once(server, "connection")) as [Socket];
  const { output, ended } = start(t, socket);
  socket.destroy(); // the child has its own
  await client.expect(`stdio 127.0.0.1 ${client.socket.localPort}\n`);
  client.send("hello");
  await client.expect("HELLO");
  client.finish();
  t.equal(await client.untilEnd(), "bye, ended: true\n", "as any TCP peer: it does not hold a full device for ever");
  t.equal(await ended, 0);
  t.equal(await output.untilEnd(), "");
});

t.test("a descriptor that cannot be polled is not accepted as standard input", async t => {
  const fd = openSync("/dev/null", "r+");
  t.teardown(() => closeSync(fd));
  const { errors, ended } = start(t, fd);
  t.match(await errors.untilEnd(), /Operation not permitted/);
  t.equal(await ended, 1);
});
