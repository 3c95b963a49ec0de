import t from "tap";
import { Connection } from "../../service/port/peers/connection.js";
import { PeerTelnet } from "../../service/port/peers/peer-telnet.js";
import { TelnetInput } from "../../service/port/transfer/telnet-input.js";
import { encodeEvents, TelnetDecoder, type TelnetEvent } from "../../service/telnet/decoder.js";
import { carriedTelnet } from "../support/carried.js";
import { createFakeLink } from "../support/fake-link.js";
import { randomIntegers } from "../support/random.js";
import { bytes, hex, told } from "../telnet/bytes.js";

const OPTIONS = [
  { remctl: true, telnetEnter: "crlf" },
  { remctl: true, telnetEnter: "cr" },
] as const;

/** What C-Kermit, pyserial and a stock telnet send, a long suboption, and what no client sends. */
const STREAMS: readonly (readonly [title: string, stream: Uint8Array])[] = [
  ["data with IAC", bytes("61 ff ff 62 ff ff ff ff 63")],
  ["Enter", bytes("61 0d 00 62 0d 0a 63 0d 0d 00 0d")],
  ["Enter and commands", bytes("61 0d ff f1 00 62 0d ff fb 00 00 0d 00 ff fc 00 0d 00")],
  [
    "a client of RFC 2217",
    bytes("ff fd 2c ff fb 2c ff fb 00 ff fd 00 ff fd 03 ff fe 01 ff fc 01 ff fb 2c ff fc 2c ff fb 2c"),
  ],
  ["RFC 2217 requests", bytes("ff fa 2c 01 00 00 25 80 ff f0 ff fa 2c 0b ff ff ff f0 61 ff fa 2c 05 08 ff f0")],
  ["urgent data", bytes("61 62 ff f2 63 ff f3 ff ff f2")],
  ["suboptions that are odd", bytes("ff fa ff f0 ff fa ff f1 2c 05 ff f0 ff fa ff ff 01 ff f1 02 ff ff ff f0 61")],
  ["a suboption that is too long", Uint8Array.of(255, 250, 44, ...Array(520).fill(65), 255, 255, 255, 240, 66)],
];

/** What the device and the peer are given. */
function taken(telnet: PeerTelnet, stream: Uint8Array, events: TelnetEvent[], replies: number[]): void {
  for (const event of telnet.decoder.push(stream)) {
    if (event.kind === "negotiate") replies.push(...telnet.negotiation.receive(event.verb, event.option).reply);
    if (event.kind !== "data") events.push(event);
    else events.push({ kind: "data", bytes: Uint8Array.from(telnet.decodeData(Uint8Array.from(event.bytes))) });
  }
}

for (const options of OPTIONS) {
  for (const [title, stream] of STREAMS) {
    t.test(`${title}, telnet-enter=${options.telnetEnter}: the next process goes on wherever it is cut`, async t => {
      const [events, replies]: [TelnetEvent[], number[]] = [[], []];
      taken(new PeerTelnet(options), stream, events, replies);
      for (let cut = 0; cut <= stream.length; cut += cut > 20 && cut < stream.length - 20 ? 7 : 1) {
        const [events2, replies2]: [TelnetEvent[], number[]] = [[], []];
        const before = new PeerTelnet(options);
        taken(before, stream.subarray(0, cut), events2, replies2);
        // With the policy of another configuration: what was agreed to stays.
        const after = new PeerTelnet({ remctl: false, telnetEnter: "crlf" }, carriedTelnet(before.state()));
        t.same(after.state(), before.state(), `cut at ${cut}: the same state`);
        taken(after, stream.subarray(cut), events2, replies2);
        if (told(events2).join() !== told(events).join()) t.same(told(events2), told(events), `cut at ${cut}`);
        if (hex(Uint8Array.from(replies2)) !== hex(Uint8Array.from(replies)))
          t.same(replies2, replies, `cut at ${cut}`);
      }
    });
  }
}

t.test("a decoder's unfinished bytes are at most what a state may have", async t => {
  const decoder = new TelnetDecoder();
  decoder.push(Uint8Array.of(255, 250, 255, 255, ...Array(5000).fill(255)));
  t.ok(decoder.unfinished().length <= 2048, `${decoder.unfinished().length}`);
});

t.test("events are encoded as what they were decoded of", async t => {
  const random = randomIntegers(20170217);
  for (let round = 0; round < 500; round++) {
    const stream = Uint8Array.from({ length: 40 }, () => [255, 255, 250, 240, 253, 44, 65][random(7)] ?? 0);
    const events = new TelnetDecoder().push(stream);
    const again = new TelnetDecoder().push(encodeEvents(events));
    if (told(again).join() !== told(events).join()) t.same(told(again), told(events), hex(stream));
  }
});

t.test("what a full device made wait goes on at any event", async t => {
  const stream = bytes("61 ff f1 62 ff fb 2c ff fa 2c 01 08 ff f0 63 ff ff 64 ff fa 2c 02");
  const connection = new Connection({
    ...{
      id: 1,
      link: createFakeLink(),
      slot: 0,
      mode: "telnet",
      telnet: OPTIONS[0],
      fixed: false,
      second: 0,
      sinceMs: 0,
      startedMs: 0,
    },
    events: { linkFailed() {}, peerReady() {} },
  });
  const whole = [...eventsOf(new TelnetInput(connection, new TelnetDecoder(), stream))];
  for (let cut = 0; cut <= whole.length; cut++) {
    const decoder = new TelnetDecoder();
    const input = new TelnetInput(connection, decoder, stream);
    const before = Array.from({ length: cut }, () => input.next()).filter(event => event !== null);
    const next = new TelnetDecoder();
    const { decoded, bytes: left } = input.rest();
    next.push(decoder.unfinished());
    const rest = [...eventsOf(TelnetInput.resume(connection, next, { decoded, bytes: left }))];
    t.same(told([...before, ...rest]), told(whole), `after ${cut} events`);
    t.equal(hex(next.unfinished()), "ff fa 2c 02");
  }
});

function* eventsOf(input: TelnetInput): Generator<TelnetEvent> {
  for (let event = input.next(); event !== null; event = input.next()) yield event;
}
