/** Failures of a BMC as a peer, the log and D-Bus see them; the port then serves the next connection (docs/sol.md). */
import t from "tap";
import { portPath } from "../../service/dbus/names.js";
import { PrivateBus } from "../dbus/private-bus.js";
import { PORT, UP } from "../dbus/stage.js";
import { TestConsole } from "../ipmi/console.js";
import { USERS } from "../support/bmc-login.js";
import type { Client } from "../support/client.js";
import type { BmcOptions, FakeBmc } from "../support/fake-bmc.js";
import { type SolPort, type SolPortLine, serveSol } from "../support/sol-ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

interface Failure {
  readonly line?: SolPortLine;
  /** Causes the failure, before or during the connection. */
  readonly fail: (bmc: FakeBmc, client: Client) => void;
  readonly mend?: (bmc: FakeBmc) => void;
  readonly reason: string;
}

/** The reasons why a console cannot be opened, and what mends them. */
const REFUSED: Readonly<Record<string, Failure>> = {
  "host dead": { fail: bmc => bmc.silence(true), mend: bmc => bmc.silence(false), reason: "the BMC does not answer" },
  "wrong password": withBmc({ users: { ipmiusr: ["other", 4] } }, { users: USERS }, "wrong password"),
  "unknown user": withBmc({ users: {} }, { users: USERS }, "the BMC refuses the user name"),
  "user below the privilege level": withBmc(
    { users: { ipmiusr: ["test", 2] } },
    { users: USERS },
    "the privilege level is above the limit of the user",
  ),
  "a BMC key": {
    fail: bmc => bmc.set({ bmcKey: "key" }),
    mend: bmc => {
      bmc.set({ bmcKey: "" });
      bmc.forget(); // a session whose keys differ cannot be closed; a BMC keeps it until its idle limit
    },
    reason: "the BMC has a key (Kg), and none is configured",
  },
  "no free session": withBmc({ sessions: 0 }, { sessions: 4 }, "the BMC has no free session"),
  "an error cut short": withBmc({ sessions: 0, short: true }, { sessions: 4 }, "the BMC has no free session"),
  "no cipher suite": withBmc({ suites: [0] }, { suites: [3] }, "the BMC refuses the cipher suite"),
  "no IPMI 2.0": withBmc({ supports20: false }, { supports20: true }, "the BMC does not support IPMI 2.0 (RMCP+)"),
  "SOL disabled": withBmc({ activation: 0x81 }, { activation: 0 }, "Serial over LAN is disabled in the BMC"),
  "no free instance": withBmc({ activation: 0x82 }, { activation: 0 }, "the BMC has no free Serial over LAN instance"),
  "privilege for SOL": withBmc(
    { activation: 0xd4 },
    { activation: 0 },
    "the privilege level does not allow Serial over LAN",
  ),
  "an unknown refusal": withBmc(
    { activation: 0xcc },
    { activation: 0 },
    "the BMC refuses Serial over LAN with completion code 0xcc",
  ),
  "encryption wanted": {
    ...withBmc(
      { requiresEncryption: true },
      { requiresEncryption: false },
      "the BMC requires encryption of Serial over LAN",
    ),
    line: { options: "115200 -encrypted" },
  },
};

const QUICK = { options: "115200 ack-timeout=100000 ack-retries=4" };
/** The reasons why an open console is lost. */
const LOST: Readonly<Record<string, Failure>> = {
  "ended by another client": { fail: bmc => bmc.deactivate(), reason: "the BMC ended Serial over LAN" },
  "taken over silently": {
    fail: bmc => bmc.takeAway({ toAnother: true }),
    mend: bmc => bmc.forget(),
    reason: "another session has taken Serial over LAN",
  },
  "taken over silently, of a BMC that does not name the owner": {
    line: { bmc: { tellsOwner: false } },
    fail: bmc => bmc.takeAway(),
    reason: "another session has taken Serial over LAN",
  },
  "BMC reboots, idle": {
    fail: bmc => bmc.forget(),
    reason: "the BMC does not answer",
  },
  "BMC reboots, in use": {
    line: QUICK,
    fail: (bmc, client) => {
      bmc.forget();
      client.send("x");
    },
    reason: "the BMC does not acknowledge data",
  },
  "cable out": {
    line: QUICK,
    fail: (bmc, client) => {
      bmc.silence(true);
      client.send("x");
    },
    mend: bmc => {
      bmc.forget();
      bmc.silence(false);
    },
    reason: "the BMC does not acknowledge data",
  },
};

t.test("each failure is told, and the port serves the next connection", needs("dbus-daemon", "busctl"), async t => {
  const bus = await PrivateBus.start(t);
  const lines = Object.fromEntries(
    Object.entries({ ...REFUSED, ...LOST }).map(([name, { line = {} }]) => [name, line]),
  );
  const { daemon, ports } = await serveSol(t, lines, { args: ["--dbus", bus.address] });
  const log: () => string = () => daemon.running.errors.text;
  await until("D-Bus is there", () => log().includes(UP));
  const get = async ({ name }: SolPort, property: string): Promise<string> =>
    (await bus.busctl("get-property", "org.ser2net.Ser2net1", portPath(name), PORT, property)).output;

  const refused = Object.entries(REFUSED).map(async ([name, { fail, mend, reason }]) => {
    const port = portOf(ports, name);
    const client = await served(port, () => fail(port.bmc, undefined as never));
    t.equal(await client.untilEnd(), `Device open failure: 127.0.0.1: ${reason}\r\n`, name);
    await until(`${name}: log`, () => log().includes(`for port ${port.name}: 127.0.0.1: ${reason}\n`));
    t.match(await get(port, "LastError"), `127.0.0.1: ${reason}"`, `${name}: LastError`);
    t.equal(await get(port, "Phase"), 's "idle"');
    mend?.(port.bmc);
    await works(port);
    t.equal(await get(port, "LastError"), 's ""', `${name}: forgotten`);
  });
  const lost = Object.entries(LOST).map(async ([name, { fail, mend, reason }]) => {
    const port = portOf(ports, name);
    const client = await port.connect();
    client.send("a");
    await client.expect("A");
    fail(port.bmc, client);
    t.equal(await client.untilEnd(), "", name);
    await until(`${name}: log`, () => log().includes(`error for device ${port.name}: ${reason}\n`));
    await until("the port is free", async () => (await get(port, "Phase")) === 's "idle"');
    t.equal(await get(port, "LastError"), `s "${reason}"`, `${name}: LastError`);
    mend?.(port.bmc);
    await works(port);
  });
  await Promise.all([...refused, ...lost]);
  t.notMatch(log(), "-P test");
  t.same(await daemon.stop(), { code: 0, signal: null });
});

t.test("a connection goes on where it can", async t => {
  const { daemon, ports } = await serveSol(t, {
    outage: QUICK,
    deferred: { options: "115200 shared_serial_alert_deferred" },
    succeed: { options: "115200 shared_serial_alert_succeed" },
    fail: {},
    rate: { bmc: { setRate: 0xcc } },
    elsewhere: { bmc: { solPort: 1234 } },
    swapped: { bmc: { swapped: true } },
    nack: {},
    unavailable: {},
  });
  const log: () => string = () => daemon.running.errors.text;
  const connected = async ({ port, bmc, connect }: SolPort): Promise<Client> => {
    const client = await connect();
    await until(`SOL of port ${port} is active`, () => bmc.sol);
    return client;
  };

  await t.test("a short outage is not noticed", async t => {
    const client = await connected(ports.outage);
    ports.outage.bmc.sol?.set("nack", false);
    ports.outage.bmc.faults.deaf = 2;
    client.send("abc");
    t.equal(await client.expectBytes(3), "ABC");
  });

  await t.test("a console that is in use: refuse, wait, or take over", async t => {
    const others = await Promise.all(
      [ports.fail, ports.deferred, ports.succeed].map(({ bmc }) => new TestConsole(bmc.port).connected()),
    );
    t.teardown(() => Promise.all(others.map(other => other.close())));
    const refused = await ports.fail.connect();
    t.match(await refused.untilEnd(), "Serial over LAN is in use by another session");
    const [, deferred, succeed] = others;
    const waiting = await ports.deferred.connect();
    waiting.send("wait");
    const looks = () => ports.deferred.bmc.commands.filter(command => command === "64a").length;
    await until("it looks again", () => looks() >= 3);
    await deferred?.close();
    t.equal(await waiting.expectBytes(4), "WAIT");
    const taking = await ports.succeed.connect();
    taking.send("take");
    t.equal(await taking.expectBytes(4), "TAKE");
    t.equal((await succeed?.failure())?.code, "deactivated");
  });

  await t.test("what a BMC refuses or tells wrong is a warning", async t => {
    for (const port of [ports.rate, ports.elsewhere, ports.swapped]) {
      const client = await connected(port);
      client.send("x");
      t.equal(await client.expectBytes(1), "X");
    }
    await until("the bit rate", () => log().includes("the BMC refuses the bit rate 115200 with completion code 0xcc"));
    await until("the port", () => /the BMC names UDP port 1234 for Serial over LAN; port \d+ stays in use/.test(log()));
  });

  await t.test("NACK and unavailable hold the data as long as it takes, and no connection that ends", async t => {
    for (const [port, fault] of [
      [ports.nack, "nack"],
      [ports.unavailable, "unavailable"],
    ] as const) {
      const client = await connected(port);
      port.bmc.sol?.set(fault, true);
      client.send("held");
      await until("it was refused", () => port.bmc.sol?.seen.some(({ data }) => data.length > 0));
      port.bmc.sol?.set(fault, false);
      t.equal(await client.expectBytes(4), "HELD", fault);
      port.bmc.sol?.set(fault, true);
      client.send("lost");
      await client.close();
      await until("the session is closed", () => port.bmc.sessions.size === 0);
      port.bmc.faults[fault] = false;
      await works(port);
    }
  });
  t.same(await daemon.stop(), { code: 0, signal: null });
});

t.test("hold= keeps the connection while the BMC reboots", async t => {
  const { daemon, ports } = await serveSol(t, {
    held: { options: `${QUICK.options} hold=60` },
    over: { options: `${QUICK.options} hold=1` },
  });
  const { bmc } = ports.held;
  const client = await ports.held.connect();
  client.send("before ");
  await client.expect("BEFORE ");
  bmc.silence(true);
  bmc.forget();
  client.send("lost ");
  await until("the loss is told", () =>
    daemon.running.errors.text.includes("(the BMC does not acknowledge data): its connections wait 60 s"),
  );
  client.send("kept ");
  bmc.set({ sessions: 0 });
  bmc.silence(false);
  await until("the reason is told", () =>
    daemon.running.errors.text.includes("is not back yet: 127.0.0.1: the BMC has no free session"),
  );
  bmc.set({ sessions: 4 });
  t.equal(await client.expect("KEPT "), "KEPT ", "nothing of the old session is sent again");
  await until("its return is told", () => daemon.running.errors.text.includes(`of port ${ports.held.name} is back`));
  t.equal(bmc.sessions.size, 1);

  const over = await ports.over.connect();
  over.send("x");
  await over.expect("X");
  ports.over.bmc.silence(true);
  over.send("y");
  await over.untilEnd();
  await until("its loss is told", () => daemon.running.errors.text.includes("did not come back within 1 s"));
  ports.over.bmc.forget();
  ports.over.bmc.silence(false);
  await works(ports.over);
  t.same(await daemon.stop(), { code: 0, signal: null });
});

function withBmc(wrong: Partial<BmcOptions>, right: Partial<BmcOptions>, reason: string): Failure {
  return { fail: bmc => bmc.set(wrong), mend: bmc => bmc.set(right), reason };
}

/** A connection to a port whose BMC was made to fail before. */
async function served(port: SolPort, fail: () => void): Promise<Client> {
  fail();
  return port.connect();
}

function portOf(ports: Readonly<Record<string, SolPort>>, name: string): SolPort {
  const port = ports[name];
  if (port === undefined) throw new Error(`no port ${name}`);
  return port;
}

async function works(port: SolPort): Promise<void> {
  const client = await port.connect();
  client.send("again");
  await client.expect("AGAIN");
  await client.close();
  await until(`no session is left in the BMC of port ${port.name}`, () => port.bmc.sessions.size === 0);
}
