import t from "tap";
import { SolLink, type SolLinkOptions } from "../../service/ipmi/sol-link.js";
import { decodeSol, encodeSol, type SolPacket } from "../../service/ipmi/sol-packet.js";

const OPTIONS: SolLinkOptions = { packetBytes: 4, ackTimeoutMs: 1000, ackRetries: 3, deassert: false };

/** A link whose packets are written down as `sequence ack count flags data`. */
class Bench {
  readonly link: SolLink;
  readonly happened: string[] = [];
  now = 0;
  #sent: string[] = [];

  constructor(options: Partial<SolLinkOptions> = {}) {
    this.link = new SolLink(
      { ...OPTIONS, ...options },
      {
        send: payload => this.#sent.push(show(decodeSol(payload))),
        readable: () => this.happened.push("readable"),
        writable: () => this.happened.push("writable"),
        happened: what => this.happened.push(what),
        lost: ({ code }) => this.happened.push(code),
      },
    );
    this.link.start(this.now);
  }

  /** Past the test packet. */
  static ready(options: Partial<SolLinkOptions> = {}): Bench {
    const bench = new Bench(options);
    bench.receive(0, 15, 0);
    bench.sent();
    return bench;
  }

  sent(): string[] {
    const sent = this.#sent;
    this.#sent = [];
    return sent;
  }

  receive(sequence: number, acknowledged: number, acceptedCount: number, flags = 0, text = ""): string[] {
    const data = Buffer.from(text, "latin1");
    this.link.receive(encodeSol({ sequence, acknowledged, acceptedCount, flags, data }), this.now);
    return this.sent();
  }

  write(text: string): number {
    return this.link.write(Buffer.from(text), this.now);
  }

  /** To the next deadline; what is sent then. */
  expire(): string[] {
    this.now = this.link.deadlineMs;
    this.link.expire(this.now);
    return this.sent();
  }

  read(most = 4096): string {
    const into = Buffer.alloc(most);
    return into.subarray(0, this.link.read(into, this.now)).toString("latin1");
  }
}

function show(packet: SolPacket | null): string {
  if (packet === null) return "no packet";
  const { sequence, acknowledged, acceptedCount, flags, data } = packet;
  return `${sequence} ${acknowledged} ${acceptedCount} ${flags.toString(16)} ${Buffer.from(data).toString("latin1")}`;
}

t.test("the test packet goes first, twice if need be, and data waits for it no longer than 1 s", async t => {
  const bench = new Bench();
  t.same(bench.sent(), ["15 0 0 0 "]);
  t.equal(bench.write("abc"), 3);
  t.same(bench.sent(), []);
  t.same(bench.expire(), ["15 0 0 0 "]);
  t.same(bench.expire(), ["1 0 0 0 abc"]);
  t.equal(bench.now, 1000);
});

t.test("one packet is under way at a time; numbers go from 1 to 15 and begin anew", async t => {
  const bench = Bench.ready();
  const numbers: number[] = [];
  bench.write("x".repeat(4 * 16));
  for (let count = 0; count < 16; count++) {
    const [packet = "", ...more] = count === 0 ? bench.sent() : bench.receive(0, numbers.at(-1) ?? 0, 4);
    t.same(more, []);
    numbers.push(Number.parseInt(packet, 10));
  }
  t.same(numbers, [...Array.from({ length: 15 }, (_, index) => index + 1), 1]);
  t.notOk(bench.link.isDrained);
  t.same(bench.receive(0, 1, 4), []);
  t.ok(bench.link.isDrained);
});

t.test(
  "what is not acknowledged goes out again, unchanged, ack-retries times in all; then the BMC is lost",
  async t => {
    const bench = Bench.ready();
    bench.write("ab");
    t.same(bench.sent(), ["1 0 0 0 ab"]);
    bench.write("cd");
    t.same(bench.expire(), ["1 0 0 0 ab"]);
    t.same(bench.expire(), ["1 0 0 0 ab"]);
    t.same(bench.happened, []);
    t.same(bench.expire(), []);
    t.same(bench.happened, ["silent"]);
    t.equal(bench.now, 3000);
  },
);

t.test("of a packet taken in part the rest goes out under a new number", async t => {
  const bench = Bench.ready({ packetBytes: 6 });
  bench.write("abcdefgh");
  t.same(bench.sent(), ["1 0 0 0 abcdef"]);
  t.same(bench.receive(0, 1, 2), ["2 0 0 0 cdefgh"]);
  t.same(bench.receive(0, 1, 2), [], "an acknowledgement that comes again says nothing");
  t.same(bench.receive(0, 2, 0), [], "a count of 0 without NACK means all of it");
  t.ok(bench.link.isDrained);
});

t.test("after a NACK nothing goes out until the BMC is ready, and by itself after the ack-timeout", async t => {
  const bench = Bench.ready();
  bench.write("abcd");
  bench.sent();
  t.same(bench.receive(0, 1, 0, 0x40), []);
  t.same(bench.receive(0, 0, 0), ["2 0 0 0 abcd"], "released, under a new number");
  t.same(bench.receive(0, 2, 2, 0x40), [], "two taken, and no more at present");
  t.same(bench.expire(), ["3 0 0 0 cd"], "the release was lost");
  let number = 3;
  for (let count = 0; count < 20; count++) {
    t.same(bench.receive(0, number, 0, 0x60), []);
    number = (number % 15) + 1;
    t.same(bench.expire(), [`${number} 0 0 0 cd`], "a BMC that says no for ever is not lost");
  }
  t.same(bench.happened, []);
  bench.expire();
  bench.expire();
  bench.expire();
  t.same(bench.happened, ["silent"], "one that says nothing is");
});

t.test("a release that names the refused packet, as ipmi_sim sends it, does not acknowledge it", async t => {
  const bench = Bench.ready();
  bench.write("abcd");
  bench.sent();
  t.same(bench.receive(0, 1, 0, 0x40), []);
  t.same(bench.receive(0, 1, 0), ["2 0 0 0 abcd"]);
  t.notOk(bench.link.isDrained);
  t.same(bench.receive(0, 2, 4), []);
  t.ok(bench.link.isDrained);
});

t.test("a break that was refused goes out again", async t => {
  const bench = Bench.ready();
  bench.link.sendBreak(bench.now);
  t.same(bench.sent(), ["1 0 0 10 "]);
  t.same(bench.receive(0, 1, 0, 0x40), []);
  t.same(bench.receive(0, 0, 0), ["2 0 0 10 "]);
  t.same(bench.receive(0, 2, 0), []);
  t.ok(bench.link.isDrained);
});

t.test("while the BMC is unavailable data is held, up to the limit of the queue", async t => {
  const bench = Bench.ready();
  bench.receive(0, 0, 0, 0x60);
  t.equal(bench.write("x".repeat(3000)), 1024);
  t.equal(bench.write("y"), 0);
  t.same(bench.sent(), []);
  t.same(bench.receive(0, 0, 0), ["1 0 0 0 xxxx"]);
  t.same(bench.happened, []);
  bench.receive(0, 1, 4);
  t.same(bench.happened, ["writable"]);
});

t.test("each byte of the BMC arrives once; a packet that comes again is only acknowledged", async t => {
  const bench = Bench.ready();
  t.same(bench.receive(1, 0, 0, 0, "abc"), ["0 1 3 0 "]);
  t.same(bench.receive(1, 0, 0, 0, "abc"), ["0 1 3 0 "]);
  t.same(bench.receive(1, 0, 0, 0, "abcde"), ["0 1 5 0 "], "of a longer one, the bytes beyond");
  t.same(bench.receive(2, 0, 0, 0, "f"), ["0 2 1 0 "]);
  t.equal(bench.read(4), "abcd");
  t.equal(bench.read(), "ef");
  t.equal(bench.read(), "");
});

t.test("an acknowledgement rides on data that can go out", async t => {
  const bench = Bench.ready();
  bench.write("abcdef");
  bench.sent();
  t.same(bench.receive(1, 1, 4, 0, "echo"), ["2 1 4 0 ef"]);
});

t.test("without room packets are refused whole, and the BMC is told when there is room, again if need be", async t => {
  const bench = Bench.ready();
  const chunk = "0123456789".repeat(25);
  for (let sequence = 1; sequence <= 4; sequence++) bench.receive(sequence, 0, 0, 0, chunk);
  t.same(bench.receive(5, 0, 0, 0, chunk), ["0 5 0 40 "]);
  t.same(bench.receive(5, 0, 0, 0, chunk), [], "one that comes again at once is not answered each time");
  bench.now += 100;
  t.same(bench.receive(5, 0, 0, 0, chunk), ["0 5 0 40 "]);
  t.equal(bench.read(100).length, 100);
  t.same(bench.sent(), [], "not yet room for any packet");
  t.equal(bench.read(300).length, 300);
  t.same(bench.sent(), ["0 0 0 0 "]);
  t.same(bench.expire(), ["0 0 0 0 "], "the release may be lost");
  t.same(bench.receive(5, 0, 0, 0, chunk), ["0 5 250 0 "]);
  t.equal(bench.link.deadlineMs, Number.POSITIVE_INFINITY);
  t.equal(bench.read(), chunk.repeat(5).slice(400));
});

t.test("a BMC that does not go on after a refusal is told so often, and that it is stuck is told once", async t => {
  const bench = Bench.ready();
  const chunk = "x".repeat(255);
  for (let sequence = 1; sequence <= 5; sequence++) bench.receive(sequence, 0, 0, 0, chunk);
  bench.read();
  t.same(bench.sent(), ["0 0 0 0 "]);
  t.same([bench.expire(), bench.expire(), bench.expire(), bench.read()], [["0 0 0 0 "], ["0 0 0 0 "], [], ""]);
  t.equal(bench.happened.filter(one => one === "stuck").length, 1);
  t.equal(bench.link.deadlineMs, Number.POSITIVE_INFINITY);
  t.same(bench.receive(5, 0, 0, 0, chunk), ["0 5 255 0 "], "it goes on after all");
});

t.test("a break goes out after the data before it, once, and data waits for it", async t => {
  const bench = Bench.ready();
  bench.write("ab");
  bench.sent();
  bench.link.sendBreak(bench.now);
  t.equal(bench.write("cd"), 0);
  t.same(bench.receive(0, 1, 2), ["2 0 0 10 "]);
  t.same(bench.happened, ["writable"]);
  t.equal(bench.write("cd"), 2);
  t.same(bench.expire(), ["2 0 0 10 "], "lost, and sent again under its number");
  t.same(bench.receive(0, 2, 0), ["3 0 0 0 cd"]);
});

t.test("to a BMC that acknowledges no packet without data, a break goes without a number", async t => {
  const bench = new Bench();
  bench.expire();
  bench.expire();
  bench.sent();
  bench.link.sendBreak(bench.now);
  t.same(bench.sent(), ["0 0 0 10 "]);
  t.ok(bench.link.isDrained);
});

t.test("a flush drops what waits here and tells the BMC", async t => {
  const bench = Bench.ready();
  bench.receive(1, 0, 0, 0, "old");
  bench.write("abcdefgh");
  bench.sent();
  bench.link.flush("both", bench.now);
  t.equal(bench.read(), "");
  t.same(bench.receive(0, 1, 4), ["2 0 0 3 "], "what was under way is settled first");
});

t.test("break and overrun of the line are told once for each packet; the end of SOL at once", async t => {
  const bench = Bench.ready();
  bench.receive(0, 0, 0, 0x04);
  bench.receive(0, 0, 0, 0x04);
  bench.receive(1, 0, 0, 0x08, "x");
  bench.receive(1, 0, 0, 0x08, "x");
  t.same(bench.happened, ["break", "break", "overrun", "readable"]);
  bench.receive(0, 0, 0, 0x10);
  t.equal(bench.happened.at(-1), "deactivated");
});

t.test("CTS, DCD and DSR stay deasserted in every packet", async t => {
  const bench = new Bench({ deassert: true });
  t.same(bench.sent(), ["15 0 0 c "]);
  bench.receive(0, 15, 0);
  t.same(bench.receive(1, 0, 0, 0, "x"), ["0 1 1 c "]);
  bench.write("y");
  t.same(bench.sent(), ["1 0 0 c y"]);
});
