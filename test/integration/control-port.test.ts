import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

async function serve(t: Test) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const name = `127.0.0.1,${port}`;
  const daemon = await Daemon.start(t, { controlPort, config: [`${name}:raw:30:${device.path}:19200 EVEN`] });
  return { daemon, port, name, device };
}

t.test("an operator looks at an idle port and at a port in use", async t => {
  const { daemon, port, name, device } = await serve(t);
  const session = await daemon.control();
  const idle = [
    `TCP Port ${name}`,
    "  enable state: raw",
    "  timeout: 30",
    "  unconnected",
    `  device: ${device.path}`,
    "  device config: 19200 1STOPBIT 8DATABITS EVEN",
    "  device controls: not currently connected",
    "  tcp to device state: unconnected",
    "  device to tcp state: unconnected",
    "  bytes read from device: 0",
    "  bytes written to device: 0",
    "",
  ].join("\r\n");
  t.equal(await session.ask(`showport ${name}`), idle);
  t.equal(await session.ask("showport"), idle, "without a name: all ports");

  const client = await Client.connect(t, port);
  client.send("hello");
  await device.expect("hello");
  device.send("answers");
  await client.expect("answers");
  const shown = await session.ask(`showport ${name}`);
  t.match(shown, `  connected to: 127.0.0.1,${client.socket.localPort}\r\n`);
  t.match(shown, "    bytes read from TCP: 5\r\n    bytes written to TCP: 7\r\n");
  t.match(shown, "  tcp to device state: waiting input\r\n  device to tcp state: waiting input\r\n");
  t.match(shown, "  bytes read from device: 7\r\n  bytes written to device: 5\r\n");
  const row = (await session.ask("showshortport")).split("\r\n")[1] ?? "";
  t.match(
    row,
    new RegExp(`^${name} +raw +30 127\\.0\\.0\\.1,${client.socket.localPort} +${device.path} +waiting input`),
  );
});

t.test("disconnect ends the connection and the port is free again", async t => {
  const { daemon, port, name, device } = await serve(t);
  const session = await daemon.control();
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  t.equal(await session.ask(`disconnect ${name}`), "");
  t.equal(await client.untilEnd(), "");
  await until("the port is free", async () => (await session.ask(`showport ${name}`)).includes("  unconnected\r\n"));
  t.equal(await session.ask(`disconnect ${name}`), `Port not connected: ${name}\r\n`);
  const again = await Client.connect(t, port);
  again.send("y");
  await device.expect("y");
});

t.test("a monitor copies one direction of a port, to one operator at a time", async t => {
  const { daemon, port, name, device } = await serve(t);
  const [session, other] = [await daemon.control(), await daemon.control()];
  t.equal(await session.ask(`monitor tcp ${name}`), "");
  t.equal(await other.ask(`monitor term ${name}`), "Port is already being monitored\r\n");
  t.equal(await session.ask(`monitor term ${name}`), "Already monitoring a port\r\n");
  const client = await Client.connect(t, port);
  const talk = async () => {
    client.send("question");
    await device.expect("question");
    device.send("answer");
    await client.expect("answer");
  };
  await talk();
  t.equal(await session.expect("question"), "question");
  t.equal(await session.ask("monitor stop"), "", "nothing of the other direction came");

  t.equal(await other.ask(`monitor term ${name}`), "");
  await talk();
  t.equal(await other.expect("answer"), "answer");
  t.equal(await other.ask("monitor stop"), "");
  await talk();
  t.equal(await other.ask(""), "", "nothing comes after the stop");
});

t.test("a stream of the output leaves a port its monitor", async t => {
  const { daemon, port, name, device } = await serve(t);
  const [fleet, second, technician] = [await daemon.control(), await daemon.control(), await daemon.control()];
  t.equal(await fleet.ask(`events ${name}`), "");
  t.equal(await technician.ask(`monitor term ${name}`), "");
  t.equal(await second.ask(`events ${name}`), `The output of the port is streamed already: ${name}\r\n`);
  await Client.connect(t, port);
  device.send("login: ");
  t.equal(await technician.expect("login: "), "login: ");
  t.match(await fleet.expect('"output"'), '"output"');
  t.match(await fleet.expect(`"${Buffer.from("login: ").toString("base64")}"`), name);
  t.equal(await technician.ask("monitor stop"), "");
  device.send("more");
  t.match(await fleet.expect(`"${Buffer.from("more").toString("base64")}"`), "output", "the stream goes on");
});

t.test("a timeout that an operator sets ends an idle connection", async t => {
  const { daemon, port, name, device } = await serve(t);
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  t.equal(await daemon.ask(`setporttimeout ${name} 1`), "");
  t.equal(await client.untilEnd(), "");
  t.match(await daemon.ask(`showport ${name}`), "  timeout: 1\r\n");
});

t.test("a port that is switched off refuses, one that is switched on serves", async t => {
  const { daemon, port, name, device } = await serve(t);
  t.equal(await daemon.ask(`setportenable ${name} off`), "");
  await t.rejects(Client.connect(t, port), { code: "ECONNREFUSED" });
  t.equal(await daemon.ask(`setportenable ${name} raw`), "");
  const client = await Client.connect(t, port);
  client.send("back");
  t.equal(await device.expect("back"), "back");
});

t.test("wrong commands are answered and change nothing", async t => {
  const { daemon, name } = await serve(t);
  const session = await daemon.control();
  const before = await session.ask("showport");
  const answers = {
    "": "",
    bogus: "Unknown command: bogus\r\n",
    "showport 1": "Invalid port number: 1\r\n",
    setporttimeout: "No port given\r\n",
    [`setporttimeout ${name}`]: "No timeout given\r\n",
    [`setporttimeout ${name} x`]: "Invalid timeout: x\r\n",
    [`setportenable ${name} maybe`]: "Invalid enable: maybe\r\n",
    [`setportcontrol ${name} DTRHI`]: `Port is not currently connected: ${name}\r\n`,
    "monitor both 1": "Invalid port number: 1\r\n",
  };
  for (const [command, answer] of Object.entries(answers)) t.equal(await session.ask(command), answer, command);
  t.equal(await session.ask("showport"), before);
});

t.test("a fifth session is turned away, and served when another has left", async t => {
  const { daemon } = await serve(t);
  const sessions = [await daemon.control(), await daemon.control(), await daemon.control(), await daemon.control()];
  const fifth = await Client.connect(t, daemon.controlPort);
  t.equal(await fifth.untilEnd(), "Too many controller ports\r\n");
  sessions[0]?.send("exit\r");
  await sessions[0]?.untilEnd();
  t.match(await daemon.ask("version"), /^ser2net version /);
});
