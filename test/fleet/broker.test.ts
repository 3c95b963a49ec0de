/** The fleet process between a real daemon and a real broker: status, will, events, output, commands. */
import t from "tap";
import { Client } from "../support/client.js";
import { BUNDLE, runProgram } from "../support/daemon.js";
import { BOARD, fleetStage, spooled, streamOf } from "../support/fleet-stage.js";
import { until } from "../support/wait.js";

const BLOCKS = 80;

t.test("birth, ports, events, a device that goes and comes, and the will", async t => {
  const stage = await fleetStage(t);
  await stage.broker.start();
  const seen = await stage.subscribe();
  const fleet = stage.start();
  const [port = ""] = stage.daemon.names;
  const status = stage.topic("status");
  await seen.expect("the board is online", one => one.topic === status && /"daemon":"running"/.test(one.text));
  await seen.expect("its port", one => one.topic === stage.topic(`port/${port}/status`));
  const later = await stage.subscribe(status);
  t.ok((await later.expect("retained", () => true)).retain);

  const events = (name: string) => seen.objects(stage.topic("event")).find(({ event }) => event === name);
  const client = await Client.connect(t, stage.daemon.ports[0] ?? 0);
  t.match(await until("connect", () => events("connect")), { board: BOARD, port, peer: /^127/ });
  await client.close();
  t.match(await until("disconnect", () => events("disconnect")), { port, duration: Number });
  stage.daemon.devices[0]?.close();
  t.match(await until("device-lost", () => events("device-lost")), { port });

  fleet.process.kill("SIGKILL");
  t.match(await until("the will", () => seen.objects(status).find(({ state }) => state === "offline")), {
    reason: "lost",
  });
  stage.start();
  await until("online again", () => seen.objects(status).at(-1)?.state === "online");
  const numbers = [...new Set(seen.objects(stage.topic("event")).map(({ seq }) => seq))];
  t.same(
    numbers,
    Array.from(numbers, (_, at) => at + 1),
    "the events are numbered, over the kill too",
  );
});

t.test("the output of a console, while the broker is away and after it", async t => {
  const stage = await fleetStage(t, ["OUTPUT:PORT", "SPOOL:256K"]);
  const [port = ""] = stage.daemon.names;
  const [device] = stage.daemon.devices;
  await stage.broker.start();
  const output = stage.topic(`port/${port}/output`);
  const seen = await stage.subscribe(output);
  const technician = runProgram(t, process.execPath, [
    ...[BUNDLE, "fleet", "console", `${BOARD}/${port}`, "--broker", `mqtt://127.0.0.1:${stage.broker.port}`],
  ]);
  stage.start();
  await technician.errors.expect("follows");
  let printed = "";
  const print = (text: string) => {
    printed += text;
    device?.send(text);
  };
  print("before\r\n");
  await technician.output.expect("before");
  await stage.broker.kill();
  for (let line = 0; line < 50; line++) print(`away ${line}\r\n`);
  await until("it is in the spool", () => spooled(stage.state).includes("away 49"));
  await stage.broker.start();
  await technician.errors.expect("follows");
  print("after\r\n");
  await technician.output.expect("after");
  await until(
    "all of it",
    () =>
      streamOf(seen.received, output)
        .map(({ text }) => text)
        .join("") === printed,
  );
  const numbers = streamOf(seen.received, output).map(({ seq }) => seq);
  t.same(
    numbers,
    Array.from(numbers, (_, at) => at + 1),
    "numbered without a gap",
  );
  technician.process.kill("SIGINT");
  t.equal((await technician.exit()).code, 0);
});

t.test("what the spool cannot hold is dropped, the oldest first, and counted", async t => {
  const stage = await fleetStage(t, ["OUTPUT:*", "SPOOL:64K"], Array(2).fill("raw:0:DEVICE:115200 always-open"));
  const [port = ""] = stage.daemon.names;
  await stage.broker.start();
  const early = await stage.subscribe();
  stage.start();
  await early.expect("the port", one => one.topic === stage.topic(`port/${port}/status`));
  await stage.broker.kill();
  for (let block = 0; block < BLOCKS; block++) {
    stage.daemon.devices[0]?.send(`${block} `.padEnd(4096, "x"));
    await until("the daemon has read it", () => stage.daemon.devices[0]?.unsent === 0);
    if (block !== BLOCKS / 2) continue;
    stage.daemon.devices[1]?.close();
    await until("the ports were looked at since some were dropped", () => spooled(stage.state).includes("device-lost"));
  }
  stage.daemon.devices[0]?.send("last\r\n");
  await until("the last one is in the spool", () => spooled(stage.state).includes("last"));
  t.ok(spooled(stage.state).length <= 65_536 + 8192, "its bound");
  await stage.broker.start();
  const seen = await stage.subscribe();
  const dropped = await until("it is told", () =>
    seen.objects(stage.topic("event")).find(({ event }) => event === "dropped"),
  );
  const output = await until("what was kept", () => {
    const all = streamOf(seen.received, stage.topic(`port/${port}/output`));
    return all.some(({ text }) => text.endsWith("last\r\n")) ? all : null;
  });
  const counts = dropped.streams as Record<string, number>;
  t.equal(counts[`output/${port}`], (output[0]?.seq ?? 0) - 1, "as many as the numbers say");
  const [first = 0, ...others] = output.map(({ seq }) => seq);
  t.same(
    others,
    others.map((_, at) => first + 1 + at),
    "in order, without a gap",
  );
  const kept = output.map(({ text }) => text).join("");
  const blocks = Array.from(kept.matchAll(/(\d+) x+/g), ([, number]) => Number(number));
  t.ok(blocks.length >= 10);
  t.same(
    blocks,
    blocks.map((_, at) => BLOCKS - blocks.length + at),
    "the newest of all",
  );
});

t.test("commands: what is allowed, what is not, and the answers", async t => {
  const stage = await fleetStage(t, ["ALLOW:disconnect PORT", "ALLOW:set", "ALLOW:break"]);
  const [port = ""] = stage.daemon.names;
  await stage.broker.start();
  const seen = await stage.subscribe();
  stage.start();
  await seen.expect("the port", one => one.topic === stage.topic(`port/${port}/status`));
  const client = await Client.connect(t, stage.daemon.ports[0] ?? 0);
  await seen.expect("the connection", one => one.topic.endsWith("/event") && one.text.includes('"connect"'));
  let count = 0;
  const ask = async (command: string, words: object) => {
    const correlationData = Buffer.from(String(++count));
    seen.client.publish(stage.topic(`command/${command}`), JSON.stringify(words), {
      ...{ qos: 1, properties: { responseTopic: "answers", correlationData } },
    });
    const answer = await seen.expect(command, one => {
      return one.topic === "answers" && one.properties?.correlationData?.toString() === String(count);
    });
    return JSON.parse(answer.text);
  };
  t.match(await ask("disconnect", { port }), { ok: true, board: BOARD, port });
  await client.untilEnd();
  t.match(await ask("pulse", { port, name: "esp-reset" }), { ok: false, error: /not allowed/ });
  t.match(await ask("set", { port, state: "off" }), { ok: true });
  await until("it is off", () => seen.objects(stage.topic(`port/${port}/status`)).some(({ state }) => state === "off"));
  t.match(await ask("set", { port, state: "loud" }), { ok: false, error: /"state"/ });
  t.match(await ask("set", { state: "off" }), { ok: false, error: /port/ });
  t.match(await ask("disconnect", { port: "127.0.0.1,1" }), { ok: false });
  t.match(await ask("reboot", {}), { ok: false, error: /not a command/ });
  t.match(await ask("wäsche", {}), { ok: false, error: "not a command: wäsche" });
  t.match(await ask("drain", {}), { ok: false, error: /not allowed/ });
});
