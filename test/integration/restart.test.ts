/** A restart under a service manager with a descriptor store: the peers notice nothing. */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { askControlPort, Client, isRefused } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

t.test("raw connections and their devices go on over restarts, and over kills", async t => {
  const next = await portNumbers(t);
  const [controlPort, port, idle] = [await next(), await next(), await next()];
  const [device, other] = [PtyDevice.open(t), PtyDevice.open(t)];
  const manager = await ServiceManager.start(t, {
    controlPort,
    config: [
      "OPENSTR:o:<open>",
      "BANNER:b:<banner>",
      `127.0.0.1,${port}:raw:0:${device.path}:9600 o b max-connections=2`,
      `127.0.0.1,${idle}:raw:0:${other.path}:9600`,
    ],
  });
  const [one, two] = [await Client.connect(t, port), await Client.connect(t, port)];
  for (const client of [one, two]) t.equal(await client.expect("<banner>"), "<banner>");
  one.send("first");
  t.equal(await device.expect("first"), "<open>first");
  for (const signal of ["SIGTERM", "SIGKILL", "SIGTERM", "SIGKILL", "SIGKILL"] as const) {
    const stored = (await manager.stored()).length;
    await manager.end(signal);
    one.send("while away");
    device.send("from the device");
    const status = await manager.again();
    t.match(status, /; took over 2 connections, 1 device, 0 bytes/, signal);
    t.equal(await device.expect("away"), "while away");
    for (const client of [one, two]) t.equal(await client.expect("device"), "from the device");
    t.equal((await manager.stored()).length, stored, "the store has what is open, and no more");
  }
  await one.close();
  await two.close();
});

const [IAC, SB, SE, WILL, DO, COM_PORT] = [255, 250, 240, 251, 253, 44];

t.test("a telnet connection goes on in the middle of a request, with its line", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    controlPort,
    config: [`127.0.0.1,${port}:telnet:0:${device.path}:9600 remctl`],
  });
  const client = await Client.connect(t, port);
  const text = (...bytes: readonly number[]) => String.fromCharCode(...bytes);
  const bytes = (...values: readonly number[]) => Uint8Array.from(values);
  await client.expect(text(IAC, WILL, 0));
  client.send(bytes(IAC, WILL, COM_PORT, IAC, DO, 0, IAC, WILL, 0));
  await client.expect(text(IAC, DO, COM_PORT));
  client.send(bytes(IAC, SB, COM_PORT, 1, 0, 1, 194, 0, IAC, SE)); // 115200
  const told = text(IAC, SB, COM_PORT, 101, 0, 1, 194, 0, IAC, SE);
  await client.expect(told);
  const speed = () => askControlPort(t, controlPort, `showport 127.0.0.1,${port}`);
  const shown = await speed();
  client.send(bytes(0x61, IAC, SB, COM_PORT, 1, 0, 0, 75));
  t.equal(await device.expect("a"), "a");
  t.match(await manager.restart(), /took over 1 connection, 1 device/);
  const without = (status: string) => status.replace(/.*bytes.*/g, "");
  t.equal(without(await speed()), without(shown), "showport has nothing else to say");
  client.send(bytes(0, IAC, SE, 13, 0, IAC, IAC, 0x62)); // 19200
  t.equal(await client.expect(text(101, 0, 0, 75, 0, IAC, SE)), text(IAC, SB, COM_PORT, 101, 0, 0, 75, 0, IAC, SE));
  t.equal(await device.expect("b"), "\r\0\xffb", "what is agreed to stays: BINARY");
  await manager.restart("SIGKILL");
  client.send(bytes(13, 0, IAC, IAC, 0x63));
  t.equal(await device.expect("c"), "\r\0\xffc");
  device.send("\xff!");
  t.equal(await client.expect("!"), "\xff\xff!", "it is telnet still");
  await client.close();
});

t.test("bytes that wait for a full device or for a slow peer are neither lost nor doubled", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    config: [`127.0.0.1,${port}:telnet:0:${device.path}:115200`],
  });
  const client = await Client.connect(t, port);
  await client.expect("\xff\xfb\0");
  const sent = Array.from({ length: 100_000 }, (_, at) => `${at}\r\n`).join("");
  client.send(sent);
  let got = "";
  const carried: string[] = [];
  for (let round = 0; round < 3; round++) {
    got += await device.expectBytes(20_000);
    device.pause();
    await manager.stored();
    carried.push(/device, (\d+) bytes/.exec(await manager.restart())?.[1] ?? "");
    device.resume();
  }
  t.ok(
    carried.some(bytes => Number(bytes) > 0),
    `bytes that the device had not taken: ${carried}`,
  );
  got += await device.expectBytes(sent.length - got.length);
  t.ok(got === sent, `${got.length} bytes`);
  await client.close();
});

t.test(
  "words of operators have the names and defaults of the file after a restart; a port that comes again has none",
  async t => {
    const next = await portNumbers(t);
    const [controlPort, port] = [await next(), await next()];
    const lines = [
      "DEFAULT:speed:115200",
      "BANNER:hello:<hello>",
      `127.0.0.1,${port}:raw:0:${PtyDevice.open(t).path}:9600`,
    ];
    const manager = await ServiceManager.start(t, { controlPort, config: lines });
    const ask = (command: string) => askControlPort(t, controlPort, command);
    await ask(`setportconfig 127.0.0.1,${port} EVEN hello`);
    const config = async () => /device config: (.*)\r/.exec(await ask(`showport 127.0.0.1,${port}`))?.[1];
    t.equal(await config(), "115200 1STOPBIT 8DATABITS EVEN");
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await manager.end(signal);
      await manager.again();
      t.equal(await config(), "115200 1STOPBIT 8DATABITS EVEN", signal);
      const client = await Client.connect(t, port);
      t.equal(await client.expect("<hello>"), "<hello>");
      await client.close();
    }
    for (const isServed of [false, true]) {
      writeFileSync(manager.configFile, lines.slice(0, isServed ? 3 : 2).join("\n"));
      process.kill(manager.pid, "SIGHUP");
      await until("it is read", async () => (await ask("showshortport")).includes(String(port)) === isServed);
    }
    t.equal(await config(), "9600 1STOPBIT 8DATABITS NONE");
    await manager.restart("SIGKILL");
    t.equal(await config(), "9600 1STOPBIT 8DATABITS NONE", "nor after a crash");
  },
);

t.test("UDP peers, traces and what operators changed go on too", async t => {
  const next = await portNumbers(t);
  const [controlPort, udp, port] = [await next(), await next(), await next()];
  const [device, other] = [PtyDevice.open(t), PtyDevice.open(t)];
  const folder = t.testdir({});
  const config = [
    `TRACEFILE:t:${folder}/\\s.\\U.trace`,
    `udp,127.0.0.1,${udp}:raw:0:${device.path}:9600`,
    `127.0.0.1,${port}:raw:0:${other.path}:9600 tb=t`,
  ];
  const manager = await ServiceManager.start(t, { controlPort, config });
  const ask = (command: string) => askControlPort(t, controlPort, command);
  await ask(`setporttimeout 127.0.0.1,${port} 777`);
  await ask(`setportconfig 127.0.0.1,${port} 19200`);
  await ask(`setportenable 127.0.0.1,${port} telnet`);
  const peer = createSocket("udp4");
  t.teardown(() => peer.close());
  peer.send("up", udp, "127.0.0.1");
  t.equal(await device.expect("up"), "up");
  await ask(`setportenable 127.0.0.1,${port} off`);
  await ask(`setportenable 127.0.0.1,${port} raw`);
  const client = await Client.connect(t, port);
  client.send("traced");
  await other.expect("traced");
  const before = await ask(`showport 127.0.0.1,${port}`);
  await ask(`setportenable 127.0.0.1,${port} off`);
  for (const round of [1, 2]) {
    await manager.restart();
    const answer = once(peer, "message");
    device.send(`answer ${round}`);
    t.equal(String((await answer)[0]), `answer ${round}`, "the UDP peer need not speak first");
    other.send(` ${round}`);
    t.equal(await client.expect(` ${round}`), ` ${round}`, "a port that is off goes on with its connection");
    t.ok(await isRefused(port), "and takes no other");
  }
  const after = await ask(`showport 127.0.0.1,${port}`);
  const settings = (shown: string) => shown.match(/timeout: .*|device config: .*/g);
  t.same(settings(after), settings(before));
  t.match(after, "19200");
  await ask(`disconnect 127.0.0.1,${port}`);
  await client.untilEnd();
  const files = readdirSync(folder);
  t.equal(files.length, 1, "the trace goes on in its file");
  await until("the trace is complete", () => readFileSync(join(folder, files[0] ?? ""), "latin1") === "traced 1 2");
});

t.test(
  "a stop is a stop: it ends connections with the closing string, and so does SIGTERM without a store",
  async t => {
    for (const { limit, signal } of [
      { limit: 4096, signal: "SIGINT" },
      { limit: 0, signal: "SIGTERM" },
    ] as const) {
      const next = await portNumbers(t);
      const port = await next();
      const device = PtyDevice.open(t);
      const config = ["CLOSESTR:c:<closed>", `127.0.0.1,${port}:raw:0:${device.path}:9600 c`];
      const manager = await ServiceManager.start(t, { config, limit });
      const client = await Client.connect(t, port);
      client.send("x");
      await device.expect("x");
      t.equal(await manager.end(signal), 0, `${signal}, FileDescriptorStoreMax=${limit}`);
      t.equal(await client.untilEnd(), "");
      t.equal(await device.expect("<closed>"), "<closed>");
      t.same(await manager.stored(), []);
    }
  },
);

t.test("control sessions go on with the line being typed and their monitor", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    controlPort,
    config: [`127.0.0.1,${port}:raw:0:${device.path}:9600`],
  });
  const [watcher, typist] = [await Client.connect(t, controlPort), await Client.connect(t, controlPort)];
  for (const session of [watcher, typist]) await session.expect("-> ");
  await watcher.ask(`monitor term 127.0.0.1,${port}`);
  typist.send("vers");
  await typist.expect("vers");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  await manager.restart();
  device.send("seen");
  t.equal(await client.expect("seen"), "seen");
  t.equal(await watcher.expect("seen"), "seen");
  typist.send("ion\r");
  t.match(await typist.expect("-> "), /^ion\r\n.*version/, "the line goes on");
  await manager.restart("SIGKILL");
  t.equal(await typist.expect("-> "), "\r\n-> ");
  t.match(await typist.ask("version"), "version");
  await client.close();
});
