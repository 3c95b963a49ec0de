import t, { type Test } from "tap";
import { PAYLOAD } from "../../service/ipmi/packet.js";
import { SolSession } from "../../service/ipmi/sol-session.js";
import { type BmcOptions, FakeBmc } from "../support/fake-bmc.js";
import { until } from "../support/wait.js";
import { type ConsoleOptions, loginSettings, TestConsole, USUAL_SOL } from "./console.js";

async function bmc(t: Test, options: Partial<BmcOptions> = {}): Promise<FakeBmc> {
  const started = await FakeBmc.start(options);
  t.teardown(() => started.stop());
  return started;
}

async function connect(t: Test, to: FakeBmc, options: ConsoleOptions = {}): Promise<TestConsole> {
  const made = new TestConsole(to.port, options);
  t.teardown(() => made.close());
  return made.connected();
}

async function refused(t: Test, to: FakeBmc, options: ConsoleOptions = {}): Promise<string> {
  const made = new TestConsole(to.port, options);
  t.teardown(() => made.close());
  const { code, message } = await made.failure();
  return `${code}: ${message}`;
}

t.test("each cipher suite logs in, passes bytes both ways and ends the session in the BMC", async t => {
  const to = await bmc(t);
  for (const suite of [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]) {
    const made = await new TestConsole(to.port, { suites: [suite] }).connected();
    made.write("hello");
    t.equal(await made.text(5), "HELLO", `suite ${suite}`);
    t.match(made.session.facts, { suite, instance: 1, packetBytes: 60 });
    await made.close();
    t.equal(to.sessions.size, 0, "no session is left");
    t.same(to.commands.slice(-2), ["649", "63c"], "deactivated and closed");
  }
  t.same(
    to.events.filter(event => event.startsWith("open")),
    [0, 1, 2, 3, 6, 7, 8, 15, 16, 17].map(suite => `open ${suite}`),
  );
});

t.test("users: operator, anonymous, and names and passwords of the greatest length", async t => {
  const to = await bmc(t);
  const users: ConsoleOptions[] = [
    { user: "opuser", password: "op", privilege: "operator" },
    { user: "lowuser", password: "low", privilege: "user" },
    { user: "", privilege: "user" },
    { user: "sixteen_letters_", password: "01234567890123456789" },
    { login: { lookupByPrivilege: true } },
  ];
  for (const options of users) {
    const made = await new TestConsole(to.port, options).connected();
    made.write("x");
    t.equal(await made.text(1), "X", JSON.stringify(options));
    const expected = ["user", "operator"].includes(options.privilege ?? "") ? 1 : 0;
    t.equal(made.warnings.length, expected, "a refused bit rate is a warning");
    await made.close();
  }
});

t.test("a BMC key (Kg) is used, and a missing or wrong one is told", async t => {
  const to = await bmc(t, { bmcKey: "bmckey" });
  for (const suite of [3, 17]) await (await connect(t, to, { bmcKey: "bmckey", suites: [suite] })).close();
  t.equal(await refused(t, to, { bmcKey: "other" }), "wrong-bmc-key: wrong BMC key (Kg)");
  t.equal(await refused(t, to), "wrong-bmc-key: the BMC has a key (Kg), and none is configured");
});

t.test("each refusal has its code and a text for people", async t => {
  const to = await bmc(t);
  t.equal(await refused(t, to, { user: "nosuch" }), "user-refused: the BMC refuses the user name");
  t.equal(await refused(t, to, { password: "wrong" }), "wrong-password: wrong password");
  await until("the BMC is told, and forgets the session", () => to.sessions.size === 0);
  t.equal(
    await refused(t, to, { user: "lowuser", password: "low" }),
    "privilege-refused: the privilege level is above the limit of the user",
  );
  to.set({ suites: [3] });
  t.equal(await refused(t, to, { suites: [17] }), "algorithms-refused: the BMC refuses the cipher suite");
  to.set({ sessions: 0 });
  t.equal(await refused(t, to), "no-free-session: the BMC has no free session");
  to.set({ short: true });
  t.equal(await refused(t, to), "no-free-session: the BMC has no free session", "an answer of two bytes");
  to.set({ sessions: 4 });
  t.equal(await refused(t, to, { user: "nosuch" }), "user-refused: the BMC refuses the user name", "two bytes");
  to.set({ activation: 0x81 });
  t.equal(await refused(t, to), "payload-refused: Serial over LAN is disabled in the BMC");
  to.set({ activation: 0xcc });
  t.equal(await refused(t, to), "payload-refused: the BMC refuses Serial over LAN with completion code 0xcc");
  to.set({ activation: 0, requiresEncryption: true });
  t.equal(
    await refused(t, to, { sol: { encrypted: false } }),
    "payload-refused: the BMC requires encryption of Serial over LAN",
  );
  to.set({ supports20: false });
  t.equal(await refused(t, to), "no-rmcp-plus: the BMC does not support IPMI 2.0 (RMCP+)");
  await until("no session is left in the BMC", () => to.sessions.size === 0);
});

t.test("the next suite is proposed where the BMC refuses the first", async t => {
  const to = await bmc(t, { suites: [17] });
  const made = await connect(t, to, { suites: [3, 17] });
  t.equal(made.session.facts?.suite, 17);
});

t.test("a BMC that is left to pick chooses a suite", async t => {
  const to = await bmc(t, { suites: [3, 17] });
  const any = { authentication: null, integrity: null, confidentiality: null };
  const made = await connect(t, to, { login: { proposals: [any] } });
  t.equal(made.session.facts?.suite, 17);
});

t.test("SOL packets are protected as configured, and the activation says so", async t => {
  const to = await bmc(t);
  const cases = [
    [{}, 0xc0],
    [{ encrypted: false }, 0x40],
    [{ encrypted: false, authenticated: false }, 0x00],
    [{ deassertOnConnect: true }, 0xc2],
    [{ sharedSerialAlert: "deferred" }, 0xc4],
    [{ sharedSerialAlert: "succeed" }, 0xc8],
  ] as const;
  for (const [sol, aux] of cases) {
    const made = await new TestConsole(to.port, { sol }).connected();
    made.write("abc");
    t.equal(await made.text(3), "ABC", JSON.stringify(sol));
    t.equal(to.sol?.aux, aux, "auxiliary byte");
    const levels = to.sol?.seen.map(packet => packet.operation & 0x0c) ?? [];
    const level = "deassertOnConnect" in sol ? 0x0c : 0;
    t.ok(levels.length > 1 && levels.every(one => one === level), "CTS, DCD and DSR in every packet");
    await made.close();
  }
});

t.test("bit rates have their codes; sizes that are swapped or nonsense are put right", async t => {
  const to = await bmc(t, { swapped: true });
  for (const [speed, code] of [
    [9600, 6],
    [19200, 7],
    [38400, 8],
    [57600, 9],
    [115200, 10],
  ] as const) {
    const made = await new TestConsole(to.port, { sol: { speed } }).connected();
    t.equal(to.bitRate, code, `${speed}`);
    t.equal(made.session.facts?.packetBytes, 60);
    await made.close();
  }
  to.set({ swapped: false, size: 0, solPort: 1234, privilegeZero: true });
  const odd = await connect(t, to);
  t.equal(odd.session.facts?.packetBytes, 12);
  t.match(odd.warnings, [/UDP port 1234/], "another port is told, and the one in use stays");
});

t.test("SOL in use elsewhere: refused, waited for, or taken over, as the alert words say", async t => {
  const to = await bmc(t);
  const first = await connect(t, to);
  t.equal(await refused(t, to), "payload-active: Serial over LAN is in use by another session");
  const waiting = new TestConsole(to.port, { sol: { sharedSerialAlert: "deferred" } });
  t.teardown(() => waiting.close());
  await until("the second one has logged in", () => to.sessions.size === 2);
  await first.close();
  await waiting.connected();
  const taker = await connect(t, to, { sol: { sharedSerialAlert: "succeed" } });
  t.equal((await waiting.failure()).code, "deactivated");
  taker.write("mine");
  t.equal(await taker.text(4), "MINE");
});

t.test("a lost answer to any request of the set-up delays it only", async t => {
  const to = await bmc(t);
  for (let lost = 1; lost <= 11; lost++) {
    let count = 0;
    const sent: string[] = [];
    const made: TestConsole = new TestConsole(to.port);
    const receive = made.session.receive.bind(made.session);
    made.session.receive = (datagram, nowMs) => {
      if (++count === lost) {
        sent.push("lost");
        made.act(now => made.session.expire(Math.max(now, made.session.deadlineMs)));
      } else receive(datagram, nowMs);
    };
    await made.connected();
    made.write("ok");
    t.equal(await made.text(2), "OK", `answer ${lost}`);
    await made.close();
    to.forget();
  }
});

t.test("a BMC that does not answer is given up after six transmissions", async t => {
  const sent: number[] = [];
  let now = 0;
  let ended: string | undefined;
  const session = new SolSession(
    {
      login: loginSettings({}),
      secrets: { password: new Uint8Array(20), bmcKey: null },
      sol: USUAL_SOL,
      udpPort: 623,
      random: count => new Uint8Array(count),
    },
    {
      send: () => sent.push(now),
      ended: error => {
        ended = error?.code;
      },
      connected() {},
      readable() {},
      writable() {},
      happened() {},
      warn() {},
    },
  );
  session.start(now);
  while (ended === undefined) {
    now = session.deadlineMs;
    session.expire(now);
  }
  t.same(sent, [0, 1000, 2000, 3000, 4000, 5000]);
  t.equal(now, 6000);
  t.equal(ended, "unreachable");
  t.equal(session.deadlineMs, Number.POSITIVE_INFINITY);
});

t.test("while idle the BMC is asked for the owner of SOL; silence and another owner end the session", async t => {
  const to = await bmc(t);
  const keepAlive = (made: TestConsole): void => made.act(() => made.session.expire(performance.now() + 11_000));
  const made = await connect(t, to);
  keepAlive(made);
  await until("the BMC is asked", () => to.commands.filter(name => name === "64b").length >= 2);
  t.equal(made.error, undefined, "an answer keeps it");
  to.takeAway({ toAnother: true });
  keepAlive(made);
  t.equal((await made.failure()).code, "taken-over");
  to.takeAway();
  to.set({ tellsOwner: false });
  const other = await connect(t, to);
  to.takeAway();
  keepAlive(other);
  t.equal((await other.failure()).code, "taken-over", "also where the BMC does not tell the owner");
  const third = await connect(t, to);
  to.silence(true);
  for (let second = 11; third.error === undefined; second++) {
    third.session.expire(performance.now() + second * 1000);
    if (second > 20) break;
  }
  t.equal(third.error?.code, "unreachable", "within 20 s");
});

t.test("what the BMC prints comes after an outage, also where SOL is not authenticated", async t => {
  const to = await bmc(t);
  to.faults.resendMs = 5;
  for (const suite of [0, 3]) {
    const made = await connect(t, to, { suites: [suite], sol: { encrypted: false, authenticated: false } });
    to.sol?.print(Buffer.from("before "));
    await made.text(7);
    const receive = made.session.receive.bind(made.session);
    let lost = 0;
    made.session.receive = () => void lost++;
    to.sol?.print(Buffer.from("after"));
    await until("more packets are lost than the window has", () => lost > 20);
    made.session.receive = receive;
    t.equal(await made.text(12), "before after", `suite ${suite}`);
    await made.close();
  }
});

t.test("the BMC ends SOL: the session ends, and nothing of another session is deactivated", async t => {
  const to = await bmc(t);
  const made = await connect(t, to);
  to.deactivate();
  t.equal((await made.failure()).code, "deactivated");
  await until("the session is closed", () => to.sessions.size === 0);
  t.notOk(to.commands.includes("649"));
});

t.test("foreign, forged and repeated datagrams change nothing", async t => {
  const to = await bmc(t);
  const made = await connect(t, to);
  made.write("a");
  await made.text(1);
  const forged = Buffer.concat([Buffer.from([6, 0, 255, 7, 6, PAYLOAD.sol]), Buffer.alloc(8), Buffer.from([5, 0])]);
  for (const datagram of [
    Buffer.alloc(0),
    Buffer.from("hello"),
    Buffer.concat([forged, Buffer.from("\x01\0\0\x10x")]),
  ]) {
    made.session.receive(datagram, performance.now());
  }
  made.write("b");
  t.equal(await made.text(2), "AB");
  t.equal(made.error, undefined);
});
