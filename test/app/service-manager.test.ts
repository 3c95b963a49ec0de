/** The built daemon under a service manager: what it says on the notification socket, from start to stop. */
import { rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { ServiceManager } from "../../service/app/service-manager.js";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { FakeClock } from "../support/fake-clock.js";
import { World } from "../support/fake-environment.js";
import { Manager } from "../support/manager.js";
import { listen, portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const PYTHON = needs("python3");

/** Of a unit without a file descriptor store. */
function environmentOf(manager: Manager): NodeJS.ProcessEnv {
  return { NOTIFY_SOCKET: manager.address, FDSTORE: "0" };
}

/** Two ports, the device of the first is there. */
async function supervised(t: Test, env: NodeJS.ProcessEnv = {}) {
  const next = await portNumbers(t);
  const [controlPort, port, other] = [await next(), await next(), await next()];
  const manager = await Manager.start(t);
  const folder = temporaryFolder(t);
  const [device, late] = [PtyDevice.open(t), join(folder, "late")];
  const config = [`127.0.0.1,${port}:raw:0:${device.path}:9600`, `127.0.0.1,${other}:raw:0:${late}:9600`];
  const starting = Daemon.start(t, {
    controlPort,
    config,
    env: { ...environmentOf(manager), ...env },
  });
  /** Takes datagrams until the wanted one; a daemon that pings for ever and never says it fails here. */
  const told = async (wanted: RegExp): Promise<string> => {
    const others: string[] = [];
    for (let text = await manager.nextText(); others.length < 50; text = await manager.nextText()) {
      if (wanted.test(text)) return text;
      others.push(text);
    }
    throw new Error(`no ${wanted} among ${others.join("; ")}`);
  };
  return { starting, manager, port, device, late, config, told };
}

t.test("it is ready when its ports listen, and its counts follow", PYTHON, async t => {
  const { starting, manager, port, device, late, told } = await supervised(t);
  t.equal(await manager.nextText(), "READY=1\nSTATUS=2 ports: 1 idle, 1 waiting for device");
  const client = await Client.connect(t, port);
  t.equal(await manager.nextText(), "STATUS=2 ports: 1 connected, 1 waiting for device");
  symlinkSync(device.path, late);
  t.equal(await manager.nextText(), "STATUS=2 ports: 1 connected, 1 idle");
  await client.close();
  await told(/^STATUS=2 ports: 2 idle$/);
  const daemon = await starting;
  t.same(await daemon.stop(), { code: 0, signal: null });
  t.equal(await manager.nextText(), "STOPPING=1\nSTATUS=closing ports");
  t.match(await manager.nextText(), /^EXTEND_TIMEOUT_USEC=\d+$/);
});

t.test("a reload has its begin and its end; why one was refused stays to be read", PYTHON, async t => {
  const { starting, manager, port, config, told } = await supervised(t);
  const daemon = await starting;
  t.match(await manager.nextText(), /^READY=1\n/);
  daemon.hup(config.slice(0, 1));
  t.match(await manager.nextText(), /^RELOADING=1\nMONOTONIC_USEC=\d+\n/);
  t.equal(await manager.nextText(), "READY=1\nSTATUS=1 port: 1 idle");
  rmSync(daemon.configFile);
  daemon.running.process.kill("SIGHUP");
  t.match(await manager.nextText(), /^RELOADING=1\n/);
  const refused = `reload rejected: Unable to open config file '${daemon.configFile}': No such file or directory`;
  t.equal(await manager.nextText(), `READY=1\nSTATUS=${refused}; 1 port: 1 idle`);
  await Client.connect(t, port);
  t.equal(await manager.nextText(), `STATUS=${refused}; 1 port: 1 connected`);
  daemon.hup(config.slice(0, 1));
  await told(/^READY=1\nSTATUS=1 port: 1 connected$/);
});

t.test(
  "a device that the board needs and has not is in the status, whether a port serves it or not",
  PYTHON,
  async t => {
    const next = await portNumbers(t);
    const [controlPort, manager, folder] = [await next(), await Manager.start(t), temporaryFolder(t)];
    const plug = join(folder, "plug");
    const profile = join(folder, "x.json");
    writeFileSync(profile, JSON.stringify({ ports: [{ id: "p1", label: "A 1", device: plug, presence: "required" }] }));
    const env = environmentOf(manager);
    const starting = Daemon.start(t, { controlPort, config: [], args: ["--board", profile], env });
    t.equal(await manager.nextText(), "READY=1\nSTATUS=0 ports; required device missing: A 1");
    symlinkSync(PtyDevice.open(t).path, plug);
    t.equal(await manager.nextText(), "STATUS=0 ports");
    await starting;
  },
);

t.test("a file with no valid port line changes nothing; of one with some, the rest counts", PYTHON, async t => {
  const { starting, manager, port, device, config } = await supervised(t);
  const daemon = await starting;
  t.match(await manager.nextText(), /^READY=1\n/);
  daemon.hup(["%YAML 1.1", "---", "connection: &con01", "  accepter: tcp,2000"]);
  t.match(await manager.nextText(), /^RELOADING=1\n/);
  const refused = await manager.nextText();
  t.match(
    refused,
    /^READY=1\nSTATUS=reload rejected: no valid port line in the configuration \(.*:1:1: .*\); 2 ports: /,
  );
  const client = await Client.connect(t, port);
  client.send("still");
  t.equal(await device.expect("still"), "still");
  t.match(await manager.nextText(), /^STATUS=reload rejected: .*; 2 ports: 1 connected/);
  daemon.hup([...config, "what is this", "2001:nonsense", "3000"]);
  t.match(await manager.nextText(), /^RELOADING=1\n/);
  t.match(await manager.nextText(), /^READY=1\nSTATUS=2 ports: .*; 3 lines with errors$/);
});

t.test("a file of nothing but errors changes nothing beside a board profile either", PYTHON, async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const manager = await Manager.start(t);
  const profile = join(temporaryFolder(t), "x.json");
  const { path: device } = PtyDevice.open(t);
  writeFileSync(profile, JSON.stringify({ ports: [{ id: "p1", device, networkPort: `127.0.0.1,${port}` }] }));
  const env = environmentOf(manager);
  const starting = Daemon.start(t, { controlPort, config: ["BANNER:b:x"], args: ["--board", profile], env });
  t.equal(await manager.nextText(), "READY=1\nSTATUS=1 port: 1 idle");
  const daemon = await starting;
  daemon.hup(["what is this", "2001:nonsense"]);
  t.match(await manager.nextText(), /^RELOADING=1\n/);
  t.match(await manager.nextText(), /^READY=1\nSTATUS=reload rejected: .*:1:1: .*; 1 port: 1 idle/);
});

t.test("a network port that another program has is in the status, and served when it is free", PYTHON, async t => {
  const next = await portNumbers(t);
  const [controlPort, port, away, rotator] = [await next(), await next(), await next(), await next()];
  const others = [await listen(port), await listen(rotator)];
  const manager = await Manager.start(t);
  const device = PtyDevice.open(t);
  const config = [
    `127.0.0.1,${port}:raw:0:${device.path}:9600`,
    `127.0.0.1,${away}:raw:0:/dev/no-such-tty:9600`,
    `ROTATOR:127.0.0.1,${rotator}:127.0.0.1,${port}`,
  ];
  const starting = Daemon.start(t, { controlPort, config, env: environmentOf(manager) });
  const taken = "STATUS=2 ports: 1 not served: address already in use, 1 waiting for device";
  t.equal(await manager.nextText(), `READY=1\n${taken}`);
  const daemon = await starting;
  const shown = await daemon.ask(`showport 127.0.0.1,${port}`);
  t.match(shown, /^ {2}enable state: raw\r\n {2}not served: Address already in use\r\n {2}timeout: 0\r$/m);
  for (const other of others) other?.close();
  t.equal(await manager.nextText(), "STATUS=2 ports: 1 idle, 1 waiting for device");
  t.notMatch(await daemon.ask(`showport 127.0.0.1,${port}`), /not served/);
  const client = await until("the rotator is served too", () => Client.connect(t, rotator));
  client.send("x");
  t.equal(await device.expect("x"), "x");
});

t.test("a board without a serial line says so", PYTHON, async t => {
  const manager = await Manager.start(t);
  const { ports, environment } = new World();
  const idle = { faultyLines: 0, drain: { isDraining: false }, problem: () => null, missing: () => [], lastReload: [] };
  for (const [hardware, status] of [
    [[], "0 ports: this machine has no serial lines"],
    [["a device without a port"], "0 ports"],
  ] as const) {
    const daemon = { ...idle, ports, board: { hardware } };
    new ServiceManager(daemon, { NOTIFY_SOCKET: manager.address }, environment.log, new FakeClock()).started(null);
    t.equal(await manager.nextText(), `READY=1\nSTATUS=${status}`);
  }
});

t.test("a stall is in the status until it is over", PYTHON, async t => {
  const manager = await Manager.start(t);
  const clock = new FakeClock();
  const {
    ports,
    environment: { log },
  } = new World();
  const daemon = {
    ports,
    faultyLines: 0,
    drain: { isDraining: false },
    lastReload: [],
    problem: () => null,
    missing: () => [],
    board: null,
  };
  const variables = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: "2000000" };
  const serviceManager = new ServiceManager(daemon, variables, log, clock);
  serviceManager.started(null);
  t.equal(await manager.nextText(), "READY=1\nSTATUS=0 ports");
  clock.pass(500);
  t.equal(await manager.nextText(), "WATCHDOG=1");
  clock.stall(1600);
  t.equal(await manager.nextText(), "STATUS=event loop late by 1100 ms, watchdog not pinged");
  clock.pass(500);
  t.equal(await manager.nextText(), "WATCHDOG=1");
  clock.pass(1000);
  t.equal(await manager.nextText(), "WATCHDOG=1");
  t.equal(await manager.nextText(), "STATUS=0 ports");
  serviceManager.stopping();
});
