/** Behaviour that depends on when a datagram arrives. */
import t, { type Test } from "tap";
import { sessionPacket } from "../support/bmc-packets.js";
import { type BmcOptions, FakeBmc } from "../support/fake-bmc.js";
import { until } from "../support/wait.js";
import { type ConsoleOptions, TestConsole } from "./console.js";

async function connected(t: Test, options: Partial<BmcOptions>, how: ConsoleOptions = {}) {
  const to = await FakeBmc.start(options);
  t.teardown(() => to.stop());
  const made = new TestConsole(to.port, how);
  t.teardown(() => made.close());
  return { to, made: await made.connected() };
}

t.test("a retransmission that comes after the next packet is not taken for new data", async t => {
  const { to, made } = await connected(t, { mode: "sink" });
  const [session] = to.sessions.values();
  if (session === undefined) throw new Error("no session");
  const send = (sequence: number, number: number, data: string): void =>
    to.inject(
      sessionPacket(1, Buffer.from([number, 0, 0, 0, ...Buffer.from(data)]), session.consoleId, sequence, session),
    );
  send(100, 1, "a");
  send(102, 2, "b");
  send(101, 1, "a");
  send(103, 3, "c");
  await until("the last one", () => made.received.includes("c"));
  t.equal(made.received.toString(), "abc");
});

t.test("the sessions of a daemon do not all look after their BMC at the same moment", async t => {
  const wait = async (byte: number): Promise<number> => {
    const { made } = await connected(t, {}, { random: count => new Uint8Array(count).fill(byte) });
    await until("the test packet is answered", () => made.session.deadlineMs - performance.now() > 2000);
    return made.session.deadlineMs - performance.now();
  };
  t.ok((await wait(0)) <= 7500, "7.5 s after the last packet at the earliest");
  t.ok((await wait(255)) > 7500, "10 s at the latest");
});

t.test("a BMC that is too busy to tell the owner of SOL keeps the session", async t => {
  const { to, made } = await connected(t, {});
  for (const refused of [{ "64b": 0xc0 }, { "64b": 0xc0, "64a": 0xc0 }]) {
    to.set({ refused });
    const before = to.commands.length;
    made.act(() => made.session.expire(performance.now() + 11_000));
    // A machine that is busy answers late, and is asked once more.
    await until("both were asked", () => ["64b", "64a"].every(name => to.commands.includes(name, before)));
  }
  made.write("x");
  t.equal(await made.text(1), "X");
});
