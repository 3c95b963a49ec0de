/** The limits of handshakes, with time that the test lets pass. */
import t from "tap";
import { Tls, tlsDiagnostics } from "../../service/app/tls.js";
import { createLog } from "../../service/log/levels.js";
import { Handshakes, type Pending } from "../../service/net/tls-handshakes.js";
import { readText } from "../config/read.js";
import { Authority } from "../support/certificates.js";
import { FakeClock } from "../support/fake-clock.js";
import { createFakeLink, type FakeLink } from "../support/fake-link.js";

const LIMIT_MS = 10_000;
const [MOST_RUNNING, MOST_PENDING] = [32, 512];

const server = new Authority(t).issue("localhost");
const configuration = readText(`TLS:a:cert=${server.cert} key=${server.key}\n`);

/** The begin of a handshake record, of which more is to come. */
const HALF_A_HELLO = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";

/** Node passes on what is read in turns of its own. Ten milliseconds pass. */
async function steps(clock: FakeClock, link: FakeLink): Promise<void> {
  for (let turn = 0; turn < 10; turn++) {
    link.settle();
    clock.pass(1);
    await new Promise(resolve => setImmediate(resolve));
  }
}

t.test("a handshake that is not finished in 10 s ends, whether it has begun or not", async t => {
  const clock = new FakeClock();
  const logged: string[] = [];
  const tls = new Tls(
    createLog((level, text) => logged.push(`${level} ${text}`)),
    clock,
  );
  tls.configure(configuration);
  const links = [createFakeLink(), createFakeLink(), createFakeLink()];
  for (const link of links) tls.secure("a", link, () => t.fail("it is served"));
  const [, begun, slow] = links as [FakeLink, FakeLink, FakeLink];
  begun.send(HALF_A_HELLO);
  for (let second = 0; second < 9; second++) {
    slow.send(HALF_A_HELLO[second] ?? "");
    for (const link of links) link.settle();
    await steps(clock, slow);
    clock.pass(990);
    t.same(
      links.map(({ closed }) => closed),
      [false, false, false],
      `${second + 1} s`,
    );
  }
  t.equal(slow.unread, 0, "what it sends does not give it more time");
  clock.pass(999);
  t.notOk(slow.closed);
  clock.pass(1);
  t.same(
    links.map(({ closed }) => closed),
    [true, true, true],
  );
  await steps(clock, slow);
  clock.pass(LIMIT_MS);
  const late = "notice TLS a: 127.0.0.1,40001 has not finished its handshake in time";
  t.same(logged, [late, late, late], "and that is all that is said about them");
  t.equal(clock.waiting, 0, "no timer is left");
});

interface Attempt extends Pending {
  readonly link: FakeLink;
}

function attempt(done: string[], name: string): Attempt {
  return {
    link: createFakeLink(),
    run: () => void done.push(`run ${name}`),
    expired: () => void done.push(`expired ${name}`),
  };
}

t.test("32 are under way, 512 connections wait, and more are refused until one has ended", async t => {
  const clock = new FakeClock();
  const handshakes = new Handshakes(clock);
  const done: string[] = [];
  const all = Array.from({ length: MOST_PENDING }, (_, index) => attempt(done, String(index)));
  for (const one of all) t.ok(handshakes.add(one));
  t.notOk(handshakes.add(attempt(done, "more")));
  for (const { link } of all) link.settle();
  t.equal(done.length, 0, "those that have sent nothing use no place of a handshake");
  for (const { link } of all.slice(0, MOST_RUNNING + 2)) {
    link.send("x");
    link.settle();
  }
  t.equal(done.length, 0, "each begins in a step of its own");
  clock.pass(0);
  t.equal(done.length, MOST_RUNNING);
  const [first, second] = all as [Attempt, Attempt];
  t.ok(handshakes.end(first));
  t.notOk(handshakes.end(first), "once");
  clock.pass(0);
  t.equal(done.at(-1), `run ${MOST_RUNNING}`, "the next one in order has its place");
  t.ok(handshakes.add(attempt(done, "again")));
  t.notOk(handshakes.add(attempt(done, "more")));
  t.ok(handshakes.end(second));
  clock.pass(0);
  t.equal(done.at(-1), `run ${MOST_RUNNING + 1}`);
});

t.test("a peer that waits for the handshakes of others has longer, but not for ever", async t => {
  const clock = new FakeClock();
  const handshakes = new Handshakes(clock);
  const done: string[] = [];
  for (let index = 0; index <= 3 * MOST_RUNNING; index++) {
    const one = attempt(done, String(index));
    handshakes.add(one);
    one.link.send("x");
    one.link.settle();
  }
  const count = (what: string) => done.filter(text => text.startsWith(what)).length;
  for (const round of [1, 2, 3]) {
    clock.pass(LIMIT_MS - 1);
    t.equal(count("run"), round * MOST_RUNNING);
    t.equal(count("expired"), (round - 1) * MOST_RUNNING, "ten seconds for each");
    clock.pass(1);
  }
  t.equal(count("run"), 3 * MOST_RUNNING);
  t.equal(count("expired"), 3 * MOST_RUNNING + 1, "the last one has waited for 30 seconds");
});

for (const [stepMs, pauseMs] of [
  [0.5, 4],
  [3, 8],
  [20, 20],
] as const) {
  t.test(`after a step of ${stepMs} ms the data ports get ${pauseMs} ms`, async t => {
    const clock = new FakeClock();
    const handshakes = new Handshakes(clock);
    const starts: number[] = [];
    const step = (): void => {
      starts.push(clock.nowMs());
      clock.jump(stepMs);
    };
    handshakes.schedule(() => {
      step();
      handshakes.schedule(step); // what a step schedules waits too
    });
    t.same(starts, [], "never within the call");
    clock.pass(100);
    handshakes.schedule(step); // there was time enough
    clock.pass(0);
    handshakes.schedule(step); // nothing waited, but the last step was right now
    clock.pass(100);
    const gaps = starts.map((ms, at) => ms - (starts[at - 1] ?? 0));
    t.ok(gaps.length === 4);
    t.ok((gaps[1] ?? 0) - stepMs >= pauseMs, `${gaps[1]}`);
    t.ok((gaps[2] ?? 0) - stepMs >= pauseMs, `${gaps[2]}`);
    t.ok((gaps[3] ?? 0) - stepMs >= pauseMs && (gaps[3] ?? 0) - stepMs < pauseMs + 1, `${gaps[3]}`);
  });
}

t.test("a certificate that is not valid yet is a warning, and is served: the clock may be wrong", async t => {
  const clock = new FakeClock(); // it is 1970
  const [warning, ...others] = tlsDiagnostics(configuration, null, clock);
  t.match(warning, {
    message: /^TLS a: cert=.*: it is not valid before .*; is the clock right\? on line 1$/,
    isWarning: true,
  });
  t.same(others, []);
  const logged: string[] = [];
  const tls = new Tls(
    createLog((level, text) => logged.push(`${level} ${text}`)),
    clock,
  );
  tls.configure(configuration);
  const link = createFakeLink();
  tls.secure("a", link, () => {});
  link.send("GET / HTTP/1.0\r\n\r\n");
  await steps(clock, link);
  t.match(logged.join(), "the handshake failed: http request", "OpenSSL has a certificate to answer with");
});
