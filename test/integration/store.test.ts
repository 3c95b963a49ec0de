/** With a descriptor store ends are ends: nothing outlives its connection because the service manager holds a copy. */
import { createSocket } from "node:dgram";
import t from "tap";
import { askControlPort, Client, isRefused } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

t.test("the store has what is open, and each end is seen by the peer while a copy is held", async t => {
  const next = await portNumbers(t);
  const [controlPort, port, udp] = [await next(), await next(), await next()];
  const [device, other] = [PtyDevice.open(t), PtyDevice.open(t)];
  const manager = await ServiceManager.start(t, {
    controlPort,
    config: [
      `127.0.0.1,${port}:raw:0:${device.path}:9600 max-connections=2`,
      `udp,127.0.0.1,${udp}:raw:0:${other.path}:9600`,
    ],
  });
  const kinds = async () =>
    (await manager.stored())
      .map(name => name[0])
      .filter(kind => kind !== "j") // what is kept for a crash
      .sort()
      .join("");
  t.equal(await kinds(), "llu", "the sockets that listen");

  const [one, two] = [await Client.connect(t, port), await Client.connect(t, port)];
  one.send("a");
  await device.expect("a");
  await until("both connections and the device are stored", async () => (await kinds()) === "ccdllu");

  const third = await Client.connect(t, port);
  t.equal(await third.untilEnd(), "Port already in use\r\n", "the refused peer sees the end");
  const operator = await Client.connect(t, controlPort);
  await operator.expect("-> ");
  await until("the control session is stored", async () => (await kinds()) === "ccdllmu");
  operator.send("exit\r");
  await operator.untilEnd();

  await two.close();
  await until("a peer that left is not stored any more", async () => (await kinds()) === "cdllu");
  const ask = (command: string) => askControlPort(t, controlPort, command);
  await ask(`disconnect 127.0.0.1,${port}`);
  t.equal(await one.untilEnd(), "", "a peer that is disconnected sees the end");
  await until("the device is not stored either", async () => (await kinds()) === "llu");

  for (const [name, state] of [
    [`127.0.0.1,${port}`, "raw"],
    [`udp,127.0.0.1,${udp}`, "raw"],
  ]) {
    await ask(`setportenable ${name} off`);
    if (name?.startsWith("udp") !== true) t.ok(await isRefused(port), "a port that is off refuses");
    await ask(`setportenable ${name} ${state}`);
  }
  const socket = createSocket("udp4");
  t.teardown(() => socket.close());
  socket.send("datagram", udp, "127.0.0.1");
  t.equal(await other.expect("datagram"), "datagram", "a UDP port is served again at once");
  (await Client.connect(t, port)).send("back");
  t.equal(await device.expect("back"), "back");
});
