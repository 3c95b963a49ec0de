/** A kill under a service manager with a descriptor store: what is kept beside the descriptors. */
import t from "tap";
import { askControlPort, Client } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

const [IAC, SB, SE, WILL, DO, COM_PORT] = [255, 250, 240, 251, 253, 44];

function text(...bytes: readonly number[]): string {
  return String.fromCharCode(...bytes);
}

t.test("telnet options, requests and operators' changes are known after a kill", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const name = `127.0.0.1,${port}`;
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    controlPort,
    config: [`${name}:telnet:0:${device.path}:9600 remctl max-connections=2`],
  });
  const operate = (command: string) => askControlPort(t, controlPort, command);
  const shown = async (): Promise<string> => (await operate(`showport ${name}`)).replace(/.*bytes.*/g, "");

  const client = await Client.connect(t, port);
  await client.expect(text(IAC, WILL, 0));
  client.send(Uint8Array.of(IAC, WILL, COM_PORT)); // and nothing of BINARY
  await client.expect(text(IAC, DO, COM_PORT));
  client.send(Uint8Array.of(IAC, SB, COM_PORT, 1, 0, 1, 194, 0, IAC, SE)); // 115200
  await client.expect(text(101, 0, 1, 194, 0, IAC, SE));
  await operate(`setporttimeout ${name} 77`);
  await operate(`setportconfig ${name} LOCAL`);
  client.send(Uint8Array.of(0x61, IAC, SB, COM_PORT, 1, 0, 0, 75));
  t.equal(await device.expect("a"), "a");
  const before = await shown();
  t.match(before, /timeout: 77/);

  for (const round of ["first", "second"]) {
    t.match(await manager.restart("SIGKILL"), /took over 1 connection, 1 device/, round);
    t.equal(await shown(), before, `${round} kill: showport has nothing else to say`);
  }
  client.send(Uint8Array.of(0, IAC, SE, 13, 0, IAC, IAC, 0x62)); // the rest of 19200
  t.equal(await client.expect(text(101, 0, 0, 75, 0, IAC, SE)), text(IAC, SB, COM_PORT, 101, 0, 0, 75, 0, IAC, SE));
  t.equal(await device.expect("b"), "\r\xffb", "what was not agreed to is not: no BINARY");
  await client.close();
});

t.test("more connections than a record has room for live on", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, {
    config: [`127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=120`],
  });
  const clients: Client[] = [];
  for (let count = 0; count < 110; count++) clients.push(await Client.connect(t, port));
  await clients.at(-1)?.send("x");
  await device.expect("x");
  const stored = async () => (await manager.stored()).filter(name => name.startsWith("c")).length;
  await until("all are stored", async () => (await stored()) === 110);
  t.match(await manager.restart("SIGKILL"), /took over 110 connections, 1 device/);
  device.send("to all");
  for (const client of clients) t.equal(await client.expect("to all"), "to all");
  for (const client of clients) await client.close();
});
