/** Brokers that take few messages at a time (HiveMQ: 10) may end the connection of a client that sends more (MQTT 5, 4.9). */
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { generate, type Packet, parser } from "mqtt-packet";
import t, { type Test } from "tap";
import { Broker } from "../../service/fleet/broker.js";
import { systemClock } from "../../service/line/clock.js";
import { createLog } from "../../service/log/levels.js";
import { FakeClock } from "../support/fake-clock.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const VERSION = { protocolVersion: 5 };

/** A broker that confirms a message when it is told to. */
async function slowBroker(t: Test, receiveMaximum: number) {
  const unconfirmed: number[] = [];
  const topics: string[] = [];
  let socket: Socket | null = null;
  const send = (packet: Packet) => socket?.write(generate(packet, VERSION));
  const server = createServer(connection => {
    socket = connection;
    const packets = parser(VERSION);
    packets.on("packet", packet => {
      if (packet.cmd === "connect")
        send({ cmd: "connack", reasonCode: 0, sessionPresent: false, properties: { receiveMaximum } });
      if (packet.cmd !== "publish") return;
      topics.push(packet.topic);
      unconfirmed.push(packet.messageId ?? 0);
    });
    connection.on("data", bytes => packets.parse(bytes));
    connection.on("error", () => {});
  });
  t.teardown(() => {
    socket?.destroy();
    server.close();
  });
  const port = await (await portNumbers(t))();
  await once(server.listen(port, "127.0.0.1"), "listening");
  const confirm = () => send({ cmd: "puback", messageId: unconfirmed.shift() ?? 0, reasonCode: 0 });
  return { port, topics, unconfirmed, confirm };
}

t.test("no more messages wait for their confirmation than the broker takes", async t => {
  const remote = await slowBroker(t, 3);
  const config = { broker: `mqtt://127.0.0.1:${remote.port}`, tls: { ca: null, cert: null, key: null }, login: null };
  const events = { connected: () => {}, lost: () => {}, received: () => {} };
  const broker = new Broker(
    config,
    { clientId: "board" },
    createLog(() => {}),
    systemClock,
    events,
  );
  broker.start();
  await until("connected", () => broker.isConnected);
  const wanted = Array.from({ length: 20 }, (_, index) => `port/${index}`);
  const confirmed = wanted.map(topic => broker.publish({ topic, payload: "idle" }));
  const closed = broker.close();
  let most = 0;
  for (let count = 0; count < wanted.length; count++) {
    await until("a message", () => remote.unconfirmed.length > 0);
    await until("all that it sends", () => remote.topics.length >= Math.min(count + 3, wanted.length));
    most = Math.max(most, remote.unconfirmed.length);
    remote.confirm();
  }
  await closed;
  t.equal(most, 3);
  t.same(remote.topics, wanted, "all of them, in order, before the connection is closed");
  t.same(await Promise.all(confirmed.slice(0, 1)), [null]);
});

t.test("a connection on which nothing is confirmed is made anew, and does not hold up the end", async t => {
  const remote = await slowBroker(t, 3);
  const config = { broker: `mqtt://127.0.0.1:${remote.port}`, tls: { ca: null, cert: null, key: null }, login: null };
  const clock = new FakeClock();
  let connections = 0;
  const lines: string[] = [];
  const publishAll = () => {
    connections++;
    for (let at = 0; at < 20; at++) void broker.publish({ topic: `port/${at}`, payload: "idle", retain: true });
  };
  const events = { connected: publishAll, lost: () => {}, received: () => {} };
  const log = createLog((_, text) => lines.push(text));
  const broker = new Broker(config, { clientId: "board" }, log, clock, events);
  broker.start();
  await until("the first messages", () => remote.topics.length === 3);
  clock.pass(60_000);
  await until("it is lost", () => !broker.isConnected);
  await until("it is connected again", () => {
    clock.pass(1000);
    return connections === 2;
  });
  await until("the first messages again", () => remote.topics.length === 6);
  t.match(lines[1], /the broker has not confirmed a message for 60 s; it is tried again$/);
  const closed = broker.close();
  clock.pass(2000);
  await closed;
  t.same(remote.topics.slice(3), ["port/0", "port/1", "port/2"], "what was not confirmed is not waited for");
});
