/** What devices said while no peer was connected, over restarts and crashes. */
import { connect } from "node:net";
import t, { type Test } from "tap";
import { askControlPort, Client } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

/** A daemon with a device that is always open, below a service manager. */
async function serve(t: Test, options: string, directives: readonly string[] = []) {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const config = [...directives, `127.0.0.1,${port}:raw:0:${device.path}:${options}`];
  return { controlPort, port, device, manager: await ServiceManager.start(t, { controlPort, config }) };
}

async function untilUnconnected(t: Test, controlPort: number): Promise<void> {
  await until(
    "the connection ends",
    async () => !(await askControlPort(t, controlPort, "showport")).includes("connected to"),
  );
}

t.test("an open device and what it said outlive restarts and crashes", async t => {
  const options = "9600 o always-open replay=64k max-connections=2";
  const { controlPort, port, device, manager } = await serve(t, options, ["OPENSTR:o:wake"]);
  t.equal(await device.expect("wake"), "wake");
  let said = "";
  const say = async (text: string): Promise<void> => {
    device.send(text);
    said += text;
    const client = await Client.connect(t, port);
    t.equal(await client.expect(text), said, "a connection is shown all of it");
    await client.close(); // the record for a crash is written then, and the replay with it
    await untilUnconnected(t, controlPort);
  };
  await say("booting\r\n");
  for (const [at, signal] of (["SIGTERM", "SIGKILL", "SIGTERM"] as const).entries()) {
    await manager.end(signal);
    device.send(`away ${at}\r\n`);
    said += `away ${at}\r\n`;
    await manager.again();
    await say(`after ${at}\r\n`);
  }
  t.equal(device.text, "", "the device was opened once");
});

t.test("a connection in the middle of a replay goes on in it after a restart, and then live", async t => {
  const { controlPort, port, device, manager } = await serve(t, "4000000 always-open replay=8m");
  const lines = 400_000;
  let text = "";
  for (let at = 0; at < lines; at++) text += `${at.toString(36).padStart(9, "0")}\n`;
  device.send(text);
  await until("the device is read", async () =>
    (await askControlPort(t, controlPort, "showport")).includes(`device: ${text.length}`),
  );
  const socket = connect(port, "127.0.0.1"); // it is not read: the kernel takes some megabytes
  t.teardown(() => socket.destroy());
  await until("the connection", async () =>
    (await askControlPort(t, controlPort, "showport")).includes("connected to"),
  );
  await manager.end("SIGTERM");
  device.send("live");
  t.match(await manager.again(), /took over 1 connection/);
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of socket) {
    pieces.push(piece);
    length += piece.length;
    if (length >= text.length + 4) break;
  }
  t.ok(Buffer.concat(pieces).toString() === `${text}live`, "no byte is doubled or missing");
});

t.test("attach shows a replay that is longer than what a session keeps, and go on", async t => {
  const { controlPort, port, device } = await serve(t, "4000000 always-open replay=64k");
  let text = "";
  for (let at = 0; at < 5000; at++) text += `line ${at}\r\n`;
  device.send(text);
  await until("the device is read", async () =>
    (await askControlPort(t, controlPort, "showport")).includes(`device: ${text.length}`),
  );
  for (const word of ["", " watch"]) {
    const session = await Client.connect(t, controlPort);
    await session.expect("-> ");
    session.send(`attach 127.0.0.1,${port}${word}\r`);
    await session.expect("line 4999\r\n");
    device.send(`live${word}\r\n`);
    await session.expect(`live${word}\r\n`);
    await session.close();
  }
});

t.test("a crash in the middle of output costs 4096 bytes of a replay at most, and none in its middle", async t => {
  const { controlPort, port, device, manager } = await serve(t, "4000000 always-open replay=64k");
  let sent = "";
  const bytesRead = async (): Promise<number> =>
    Number(/from device: (\d+)/.exec(await askControlPort(t, controlPort, "showport"))?.[1]);
  for (let round = 0; round < 3; round++) {
    const before = await bytesRead();
    const part = Array.from({ length: 20_000 }, (_, at) => `${round}.${at}\n`).join("");
    device.send(part);
    sent += part;
    // What the kernel still has would be behind a gap.
    await until("the device is read", async () => (await bytesRead()) === before + part.length);
    await manager.end("SIGKILL");
    const kept = await manager.again();
    t.match(kept, /took over .*1 device/);
    device.send("<end>");
    const client = await Client.connect(t, port);
    const shown = (await client.expect("<end>")).slice(0, -"<end>".length);
    const missing = sent.length - (sent.lastIndexOf(shown.slice(-100)) + 100);
    sent = `${sent.slice(0, sent.length - missing)}`;
    t.ok(sent.endsWith(shown) && shown.length > 50_000, `${shown.length} bytes, as they were sent`);
    t.ok(missing <= 4096, `${missing} bytes are missing`);
    sent += "<end>";
    await client.close();
    await untilUnconnected(t, controlPort);
  }
});
