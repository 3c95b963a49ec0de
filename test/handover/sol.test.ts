/** Sessions of Serial over LAN that go on in another process: the BMC sees one session. */
import t, { type Test } from "tap";
import { SolSession } from "../../service/ipmi/sol-session.js";
import { loginSettings, TestConsole, USUAL_SOL } from "../ipmi/console.js";
import { type BmcOptions, FakeBmc } from "../support/fake-bmc.js";
import { SOL } from "../support/handed-over-state.js";
import { until } from "../support/wait.js";

async function bmc(t: Test, options: Partial<BmcOptions> = {}): Promise<FakeBmc> {
  const started = await FakeBmc.start(options);
  t.teardown(() => started.stop());
  return started;
}

/** Letters, each with its place in the stream. */
function stream(length: number): string {
  return Array.from({ length }, (_, at) => String.fromCharCode(97 + ((at * 7 + (at >> 4)) % 26))).join("");
}

t.test("each cipher suite goes on, with many restarts in a transfer", async t => {
  const to = await bmc(t);
  for (const suite of [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]) {
    const made = await new TestConsole(to.port, { suites: [suite] }).connected();
    const facts = made.session.facts;
    const text = stream(2000);
    for (let at = 0; at < text.length; at += 100) {
      made.write(text.slice(at, at + 100));
      made.restart();
      await made.text(at + 50);
      made.restart();
    }
    t.equal(await made.text(2000), text.toUpperCase(), `suite ${suite}`);
    t.same(made.session.facts, facts);
    t.equal(to.events.filter(event => event === `open ${suite}`).length, 1, "one login");
    await made.close();
    t.equal(to.sessions.size, 0, "no session is left");
  }
});

t.test("a packet that is not acknowledged is sent again by the next process, once more for the BMC", async t => {
  const to = await bmc(t);
  const made = await new TestConsole(to.port, { sol: { ackTimeoutUs: 100_000 } }).connected();
  t.teardown(() => made.close());
  for (const lost of [1, 2, 3]) {
    to.faults.deaf = lost;
    made.write("abc");
    made.restart();
    t.equal(await made.text(3 * lost), "ABC".repeat(lost));
  }
});

t.test("bytes that were not read are read in the next process, and a refusal ends there", async t => {
  const to = await bmc(t);
  const made = await new TestConsole(to.port).connected();
  t.teardown(() => made.close());
  made.isReading = false;
  made.write(stream(3000));
  await until("a refusal", () => made.session.state(0)?.link.input.isRefusing === true);
  made.isReading = true;
  made.restart();
  t.equal(await made.text(3000), stream(3000).toUpperCase());
});

t.test("the BMC is asked at once whether the session still is ours", async t => {
  const to = await bmc(t);
  const made = await new TestConsole(to.port).connected();
  t.teardown(() => made.close());
  to.takeAway({ toAnother: true });
  made.restart();
  t.equal((await made.failure()).code, "taken-over");
});

t.test("a session that is not established has no state, nor has one that has ended", async t => {
  const to = await bmc(t);
  const made = new TestConsole(to.port);
  t.equal(made.session.state(0), null);
  await made.connected();
  t.not(made.session.state(0), null);
  await made.close();
  t.equal(made.session.state(0), null);
});

t.test("a state that does not fit together is not used", async t => {
  const { channel } = SOL.session;
  for (const change of [{ suite: 99 }, { suite: 0 }, { integrityKey: null }, { confidentialityKey: null }]) {
    const secrets = { password: new Uint8Array(20).fill(1), bmcKey: null };
    const session = new SolSession(
      { login: loginSettings({}), secrets, sol: USUAL_SOL, udpPort: 623, random: count => new Uint8Array(count) },
      {
        ...{ send() {}, connected: () => t.fail("connected"), readable() {}, writable() {}, happened() {}, warn() {} },
        ended: () => t.fail("ended"),
      },
    );
    t.equal(session.resume({ ...SOL.session, channel: { ...channel, ...change } }, 0), false, JSON.stringify(change));
    t.ok(secrets.password.every(byte => byte === 0));
  }
});
