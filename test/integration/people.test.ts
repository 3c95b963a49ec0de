/** Several people at one port: who writes, who watches, and what they are told. */
import t, { type Test } from "tap";
import { askControlPort, Client } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const WATCHING = "[You are watching: what you type is dropped]";

/** Of `ports json`. */
interface ConnectionRow {
  readonly id: number;
  readonly writer: boolean;
  readonly dropped: number;
}

async function started(t: Test, words: string, state = "raw") {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:${state}:0:${device.path}:9600 ${words}`];
  const daemon = await Daemon.start(t, { controlPort, config });
  const connections = async (): Promise<readonly ConnectionRow[]> =>
    JSON.parse((await daemon.ask("ports json")).trim()).connections;
  const writers = async (): Promise<readonly boolean[]> => (await connections()).map(({ writer }) => writer);
  /** Until that connection, a watcher, has had so many bytes dropped. */
  const dropped = (index: number, bytes: number): Promise<unknown> =>
    until("it is dropped", async () => (await connections())[index]?.dropped === bytes);
  /** A connection, when the daemon has it. */
  const join = async (from?: string): Promise<Client> => {
    const before = (await writers()).length;
    const client = await Client.connect(t, port, "127.0.0.1", from);
    await until("it is there", async () => (await writers()).length > before);
    return client;
  };
  return { daemon, device, port, name: `127.0.0.1,${port}`, connections, writers, dropped, join };
}

t.test("writer=first: the first one writes, then the next in turn; raw peers are told nothing", async t => {
  const { device, daemon, port, connections, writers, dropped, join } = await started(
    t,
    "max-connections=3 writer=first",
  );
  const [one, two, three] = [await join(), await join("127.0.0.2"), await join("127.0.0.3")];
  t.same(await writers(), [true, false, false]);
  two.send("dropped");
  await dropped(1, 7);
  t.match(await daemon.ask(`who ${port}`), /watching .* 7 +\d+\r\n/);
  one.send("written");
  t.equal(await device.expect("written"), "written");
  device.send("to all");
  for (const client of [one, two, three]) t.equal(await client.expect("all"), "to all", "and nothing before it");
  await one.close();
  await until("the next one writes", async () => (await writers())[0] === true);
  t.same(await writers(), [true, false]);
  two.send("second");
  t.equal(await device.expect("second"), "second");

  t.equal(await daemon.ask(`take ${port} 99`), `No connection 99 on 127.0.0.1,${port}: see who 127.0.0.1,${port}\r\n`);
  const third = (await connections())[1]?.id;
  t.equal(await daemon.ask(`take ${port} ${third}`), "127.0.0.3 writes on 127.0.0.1,".concat(`${port}\r\n`));
  t.same(await writers(), [false, true]);
  three.send("third");
  t.equal(await device.expect("third"), "third");
  await three.close();
  await until("the other one writes again", async () => (await writers())[0] === true);
});

t.test("writer=last: who comes takes over; RFC 2217 requests of a watcher change nothing", async t => {
  const { device, daemon, port, join, writers, dropped } = await started(
    t,
    "max-connections=3 writer=last remctl",
    "telnet",
  );
  const one = await join();
  one.send("\xff\xfb\x2c"); // WILL COM-PORT: a program
  await one.expect("\xff\xfd\x2c");
  const two = await join();
  await two.expect("\xff\xfb\x01"); // its negotiation
  const setSpeed = "\xff\xfa\x2c\x01\x00\x00\x4b\x00\xff\xf0"; // 19200
  one.send(`x${setSpeed}`);
  t.ok((await one.expect("\x65\x00\x00\x25\x80\xff\xf0")).endsWith("\x25\x80\xff\xf0"), "9600 is in force");
  const three = await join();
  t.match(await two.expect("dropped]"), /\r\n\[127\.0\.0\.1 has taken over: what you type is dropped\]/);
  two.send("dropped");
  await dropped(1, 7);
  three.send("written");
  t.equal(await device.expect("written"), "written");
  t.same(await writers(), [false, false, true]);
  await three.close();
  t.match(await two.expect("now]"), "\r\n[You write now]", "and it was told of its dropped input once");
  await until("it writes", async () => (await writers())[1] === true);
  t.match(await daemon.ask(`who ${port}`), /watching[\s\S]*writer/);
  await one.close();
});

t.test("a refused telnet client is told who has the port, where the line says so", async t => {
  const { daemon, port, join, name } = await started(t, "tell-user", "telnet");
  await join();
  const refused = async (): Promise<string> => (await Client.connect(t, port)).untilEnd();
  t.equal(await refused(), "Port already in use by 127.0.0.1 for less than a minute\r\n");
  t.equal(await daemon.ask(`setportconfig ${name} -tell-user`), "");
  t.equal(await refused(), "Port already in use\r\n");
  t.match(
    await daemon.ask(`attach ${port}`).catch(String),
    /Port already in use by 127\.0\.0\.1 for less/,
    "an operator is",
  );
});

t.test("stock telnet: one notice for the watcher, and it takes over", needs("telnet"), async t => {
  const { device, daemon, port, writers, dropped } = await started(t, "max-connections=2 writer=first", "telnet");
  const terminals = [];
  for (const count of [1, 2]) {
    const terminal = new Terminal(t, "telnet", ["127.0.0.1", String(port)]);
    await terminal.screen.expect("Escape character is");
    await until("it is there", async () => (await writers()).length === count);
    terminals.push(terminal.screen);
  }
  const [one, two] = terminals;
  two?.send("aaa");
  t.match(await two?.expect("dropped]"), WATCHING);
  two?.send("bbb");
  await dropped(1, 6);
  one?.send("ccc");
  t.equal(await device.expect("ccc"), "ccc");
  t.equal(await daemon.ask(`take ${port}`), `127.0.0.1 writes on 127.0.0.1,${port}\r\n`);
  t.match(await one?.expect("dropped]"), /\[127\.0\.0\.1 has taken over: what you type is dropped\]/);
  two?.send("ddd");
  t.equal(await device.expect("ddd"), "ddd");
  device.send("end");
  t.notMatch(await two?.expect("end"), WATCHING);
});

t.test("each keeps its role over a restart", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=2 writer=first`];
  const manager = await ServiceManager.start(t, { controlPort, config });
  const clients = [];
  for (const text of ["a", "b"]) {
    const client = await Client.connect(t, port);
    await until("it is there", async () => {
      const people = await askControlPort(t, controlPort, `who ${port}`);
      return people.split("\r\n").length === clients.length + 3;
    });
    device.send(text);
    await client.expect(text);
    clients.push(client);
  }
  const [one, two] = clients;
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    await manager.end(signal);
    two?.send("dropped");
    one?.send("kept");
    await manager.again();
    t.equal(await device.expect("kept"), "kept", signal);
  }
});
