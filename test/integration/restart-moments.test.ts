/** A restart at an unlucky moment: something has begun in one process, and ends in the next. */
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";
import { until } from "../support/wait.js";

/** A port of that state. */
async function serve(t: Test, state: string, words: string, lines: readonly string[] = []) {
  const port = await (await portNumbers(t))();
  const device = PtyDevice.open(t);
  const config = [...lines, `127.0.0.1,${port}:${state}:${device.path}:9600 ${words}`];
  return { port, device, manager: await ServiceManager.start(t, { config }) };
}

const SIGNALS = ["SIGTERM", "SIGKILL"] as const;

/**
 * Resolves when the daemon has read what was sent before, and has ended that turn: a crash within the turn may lose it. What
 * was sent is read in the turn of the first refusal at the latest.
 */
async function laterTurn(t: Test, port: number): Promise<void> {
  for (let refusal = 0; refusal < 2; refusal++) {
    const refused = await Client.connect(t, port);
    t.match(await refused.untilEnd(), "in use");
  }
}

t.test("RFC 2217: a break that is on, a suspended flow, half a command", async t => {
  const { port, device, manager } = await serve(t, "telnet:0", "remctl");
  const { com } = await ComPort.agree(t, port);
  t.equal(await com.ask("05 05"), "6905", "break on");
  com.send("fffa2c 08 fff0 ff"); // suspend, and the begin of a command
  com.send("fd63");
  await com.until("fffc63");
  for (const signal of SIGNALS) {
    com.send("ff");
    await laterTurn(t, port);
    await manager.restart(signal);
    device.send("held");
    com.send("fd63"); // DO of an unknown option
    t.equal(await com.until("fffc63"), "fffc63", `${signal}: nothing comes while the flow is suspended`);
    t.equal(await com.ask("05 04"), "6905", `${signal}: the break is on`);
  }
  com.send("fffa2c 09 fff0");
  t.equal(await com.client.expect("heldheld"), "heldheld");
  t.equal(await com.ask("05 06"), "6906", "break off");
});

t.test("a peer that connects while there is no process is served by the next one", async t => {
  const { port, device, manager } = await serve(t, "raw:0", "max-connections=2");
  for (const signal of SIGNALS) {
    await manager.end(signal);
    const client = await Client.connect(t, port);
    client.send("early");
    await manager.again();
    t.equal(await device.expect("early"), "early", signal);
    await client.close();
  }
});

t.test("a peer that resets its connection while there is no process is gone", async t => {
  const { port, device, manager } = await serve(t, "raw:0", "");
  for (const signal of SIGNALS) {
    // Refused as long as the one before has the port.
    const client = await until("the port is free", async () => {
      const one = await Client.connect(t, port);
      one.send("x");
      await until("an answer", () => one.ended || device.text === "x");
      return one.ended ? null : one;
    });
    await device.expect("x");
    await manager.end(signal);
    client.socket.resetAndDestroy();
    await manager.again();
    await until(`${signal}: the connection is not stored`, async () =>
      (await manager.stored()).every(name => !name.startsWith("c-")),
    );
  }
});

t.test("a closing string that waits for its device is sent once", async t => {
  const { port, device, manager } = await serve(t, "raw:0", "c", ["CLOSESTR:c:<closed>"]);
  const client = await Client.connect(t, port);
  client.send("first");
  await device.expect("first");
  device.pause();
  client.send("y".repeat(60_000));
  await until("the device is full", async () => client.socket.writableLength === 0);
  client.finish();
  await manager.restart();
  device.resume();
  const text = await device.expect("<closed>");
  t.equal(text.replace(/^y*/, ""), "<closed>");
  await client.untilEnd();
  t.equal(device.text, "");
});

t.test("an idle time that runs out while there is no process ends the connection after the start", async t => {
  const { port, device, manager } = await serve(t, "raw:2", "");
  const client = await Client.connect(t, port);
  client.send("x");
  await device.expect("x");
  for (const signal of SIGNALS) await manager.restart(signal);
  t.equal(await client.untilEnd(), "", "idle times go on over restarts");
});
