import { createSocket } from "node:dgram";
import { readdirSync } from "node:fs";
import t from "tap";
import { DeviceError } from "../../service/device/device.js";
import { bmcAddresses } from "../../service/device/open-sol.js";
import { sessionPacket } from "../support/bmc-packets.js";
import { startBmc as bmc, openSol as open, pattern, Reader, writeAll } from "../support/sol-device.js";
import { until } from "../support/wait.js";

t.test("bytes both ways, breaks, flushes, the bit rate; closing frees the BMC", async t => {
  const to = await bmc(t);
  const device = await open(to, { sol: { speed: 57600 } });
  const reader = new Reader(device);
  t.equal(device.write(Buffer.from("hello")), 5);
  t.equal(await reader.text(5), "HELLO");
  t.equal(to.bitRate, 9, "57600");
  t.match(device.line?.settings, { speed: 57600, dataBits: 8, parity: "none", stopBits: 1, rtscts: false });
  t.equal(device.line?.set({ ...device.line.settings, speed: 300 }).speed, 57600, "another rate is not taken");
  t.equal(device.line?.modemState(), null);

  const operations = () => to.sol?.seen.map(({ operation }) => operation).filter(one => one !== 0);
  device.line?.sendBreak();
  await until("the break", () => operations()?.at(-1) === 0x10);
  const before = operations()?.length;
  device.line?.setBreak(true);
  t.equal(device.line?.breakOn, true);
  device.line?.setBreak(false);
  device.line?.purge("both");
  // One packet carries both while the first break is not acknowledged yet.
  const after = () =>
    operations()
      ?.slice(before)
      .reduce((bits, one) => bits | one, 0);
  await until("the second break and the flush", () => after() === 0x13);
  to.sol?.tell(0x04);
  to.sol?.tell(0x08);
  await until("a break and an overrun", () => device.line?.counters()?.overrun === 1);
  t.equal(device.line?.counters()?.break, 1);

  await device.close(1000);
  t.same(to.commands.slice(-2), ["649", "63c"], "deactivated and closed");
  t.equal(to.sessions.size, 0);
  t.equal(await device.close(0), undefined, "closing twice is closing once");
});

t.test("what was written leaves before the device is closed", async t => {
  const to = await bmc(t, { mode: "sink" });
  const device = await open(to);
  const { sol } = to;
  t.equal(device.write(Buffer.alloc(500, "x")), 500);
  await device.close(4000);
  t.same(to.commands.slice(-2), ["649", "63c"]);
  t.equal(sol?.receivedBytes, 500);
});

t.test("a BMC that takes nothing does not hold a closing device beyond the limit", async t => {
  const to = await bmc(t, { mode: "sink" });
  const device = await open(to);
  to.faults.nack = true;
  device.write(Buffer.from("x"));
  await device.close(100);
  t.equal(to.sessions.size, 0);
});

t.test("a full window takes no more, and everything arrives in order", async t => {
  const to = await bmc(t, { mode: "echo" });
  const device = await open(to);
  const reader = new Reader(device);
  const bytes = pattern(20_000);
  const taken = device.write(bytes);
  t.ok(taken > 0 && taken < 2000, `${taken} at once`);
  await writeAll(device, bytes.subarray(taken));
  await until("all of it comes back", () => reader.count >= bytes.length);
  t.ok(reader.received.equals(bytes), "each byte once and in order");
  await device.close(1000);
});

t.test("a reader that stalls makes the BMC wait", async t => {
  const to = await bmc(t, { mode: "echo" });
  const device = await open(to);
  const bytes = pattern(5000);
  to.sol?.print(bytes);
  await until("the BMC was refused", () => to.sol?.isRefused === true);
  t.ok((to.sol?.unsent ?? 0) > 3000, "the rest stays in the BMC");
  const reader = new Reader(device);
  await until("all of it comes", () => reader.count >= bytes.length);
  t.ok(reader.received.equals(bytes), "each byte once and in order");
  await device.close(0);
});

t.test("datagrams of another sender are not heard", async t => {
  const to = await bmc(t);
  const device = await open(to, { suites: [0] }); // nothing but the address tells the BMC from another
  const reader = new Reader(device);
  const [session] = to.sessions.values();
  if (session === undefined) throw new Error("no session");
  const stranger = createSocket("udp4");
  t.teardown(() => stranger.close());
  const payload = Buffer.from("\x09\0\0\0forged", "latin1");
  const forged = sessionPacket(1, payload, session.consoleId, session.sent + 1, { ...session, integrity: 0 });
  await new Promise(resolve => stranger.send(forged, session.peer.port, "127.0.0.1", resolve));
  to.sol?.print(Buffer.from("true"));
  t.equal(await reader.text(4), "true");
  await device.close(0);
});

t.test("an IPv6 address in any spelling; a name; a family that does not fit", async t => {
  const six = await bmc(t, {}, "::1");
  for (const host of ["::1", "0:0:0:0:0:0:0:1"]) {
    const device = await open(six, { hosts: [[host, six.port]] });
    await device.close(0);
  }
  const four = await bmc(t);
  const named = await open(four, { hosts: [["localhost", four.port]], family: 4 });
  await named.close(0);
  await t.rejects(open(four, { family: 6 }), { code: "open-failed", reason: "127.0.0.1: not an IPv6 address" });
  await t.rejects(open(four, { hosts: [["bmc.invalid", 623]] }), { code: "open-failed" });
});

t.test("the second address is tried where the first does not answer, and only there", async t => {
  const dead = await bmc(t);
  dead.silence(true);
  const to = await bmc(t);
  const device = await open(to, {
    hosts: [
      ["127.0.0.1", dead.port],
      ["127.0.0.1", to.port],
    ],
  });
  t.ok(device instanceof Object);
  t.equal(to.sessions.size, 1);
  await device.close(0);
  const wrong = open(to, {
    hosts: [
      ["127.0.0.1", to.port],
      ["127.0.0.1", dead.port],
    ],
    password: "no",
  });
  await t.rejects(wrong, { code: "open-failed", reason: "127.0.0.1: wrong password" });
});

t.test("a name with addresses of both families, and a name that is not resolved beside one that is", async t => {
  const all = async (hosts: readonly string[], family: 0 | 4 | 6 = 0): Promise<string[]> => {
    const [first = "", ...others] = hosts;
    const at = (host: string) => ({ host, port: 623 });
    const found: string[] = [];
    const target = { addresses: [at(first), ...others.map(at)], family } as const;
    for await (const { address } of bmcAddresses(target, "sol", lookup)) found.push(address);
    return found;
  };
  const lookup = async (host: string) => {
    if (host === "unknown") throw Object.assign(new Error("ENOTFOUND"), { code: "ENOTFOUND" });
    return [
      { address: "2001:db8::1", family: 6 },
      { address: "2001:db8::2", family: 6 },
      { address: "192.0.2.1", family: 4 },
      { address: "192.0.2.2", family: 4 },
    ];
  };
  t.same(await all(["both"]), ["2001:db8::1", "192.0.2.1"]);
  t.same(await all(["unknown", "192.0.2.7"]), ["192.0.2.7"]);
  t.same(await all(["192.0.2.7", "unknown"]), ["192.0.2.7"]);
  await t.rejects(all(["unknown"]), { code: "open-failed", reason: "unknown: the name is not known" });
  await t.rejects(all(["unknown", "2001:db8::1"], 4), {
    code: "open-failed",
    reason: "unknown: the name is not known",
  });
});

t.test("an open that is given up ends its session, and the next one waits for that", async t => {
  const to = await bmc(t, { sessions: 1 });
  for (const moment of ["63b", "64a", "648"]) {
    to.commands.length = 0;
    to.unanswered = moment;
    const abort = new AbortController();
    const first = t.rejects(open(to, { signal: abort.signal }), DeviceError);
    await until(`command ${moment}`, () => to.commands.includes(moment));
    to.unanswered = null;
    abort.abort();
    const next = await open(to);
    await first;
    t.equal(to.sessions.size, 1, moment);
    await next.close(0);
  }
  const abort = new AbortController();
  abort.abort();
  await t.rejects(open(to, { signal: abort.signal }), DeviceError, "given up before it began");
  t.equal(to.sessions.size, 0);
});

t.test("a session that is lost shows in the next read and write, after the bytes that came before", async t => {
  const to = await bmc(t);
  const device = await open(to);
  to.sol?.print(Buffer.from("last words"));
  await until("they came", () => to.sol?.unsent === 0);
  to.deactivate();
  const reader = new Reader(device);
  await until("the loss", () => reader.lost !== null);
  t.equal(reader.received.toString(), "last words");
  t.match(reader.lost, { code: "lost", reason: "the BMC ended Serial over LAN" });
  t.throws(() => device.write(Buffer.from("x")), { code: "lost" });
  t.throws(() => device.line?.sendBreak(), { code: "lost" });
  await device.close(4000);
});

t.test("nothing is left of many sessions", async t => {
  const to = await bmc(t, { keeps: false });
  const before = readdirSync("/proc/self/fd").length;
  for (let count = 0; count < 200; count++) await (await open(to)).close(0);
  t.equal(to.sessions.size, 0);
  t.equal(readdirSync("/proc/self/fd").length, before, "no descriptor");
});
