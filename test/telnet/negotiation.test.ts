import t from "tap";
import type { Verb } from "../../service/telnet/codes.js";
import { TelnetDecoder } from "../../service/telnet/decoder.js";
import {
  CONTROL_PORT_POLICY,
  dataPortPolicy,
  Negotiation,
  type NegotiationPolicy,
} from "../../service/telnet/negotiation.js";
import { randomIntegers } from "../support/random.js";
import { bytes, hex } from "./bytes.js";

const SEED = 1143;
const REMCTL = dataPortPolicy(true);
const PLAIN = dataPortPolicy(false);
const POLICIES = { "data port with remctl": REMCTL, "data port": PLAIN, "control port": CONTROL_PORT_POLICY };

t.test("at connect a data port offers, and asks for, binary; a control port does not", async t => {
  t.equal(hex(new Negotiation(REMCTL).opening()), "ff fb 03 ff fb 01 ff fe 01 ff fd 00 ff fb 00");
  t.equal(hex(new Negotiation(PLAIN).opening()), "ff fb 03 ff fb 01 ff fe 01 ff fd 00 ff fb 00");
  t.equal(hex(new Negotiation(CONTROL_PORT_POLICY).opening()), "ff fb 03 ff fb 01 ff fe 01");
});

/** The messages of a client on a fresh connection, and the answer to each. */
const ANSWERS: readonly (readonly [title: string, policy: NegotiationPolicy, steps: readonly string[]])[] = [
  ["DO SGA acknowledges our WILL", PLAIN, ["ff fd 03", "", "ff fd 03", ""]],
  ["DO ECHO acknowledges our WILL", PLAIN, ["ff fd 01", "", "ff fd 01", ""]],
  ["DONT SGA and DONT ECHO refuse our WILL", PLAIN, ["ff fe 03", "", "ff fe 03", "", "ff fe 01", "", "ff fe 01", ""]],
  ["WILL SGA is agreed to once", PLAIN, ["ff fb 03", "ff fd 03", "ff fb 03", ""]],
  ["a first WONT SGA is acknowledged once", PLAIN, ["ff fc 03", "ff fe 03", "ff fc 03", ""]],
  ["WILL ECHO has its DONT already", PLAIN, ["ff fb 01", "", "ff fb 01", ""]],
  ["WONT ECHO acknowledges our DONT", PLAIN, ["ff fc 01", "", "ff fc 01", ""]],
  ["WONT ECHO after WILL ECHO is acknowledged once", PLAIN, ["ff fb 01", "", "ff fc 01", "ff fe 01", "ff fc 01", ""]],
  ["WILL ECHO after WONT is refused once", PLAIN, ["ff fc 01", "", "ff fb 01", "ff fe 01", "ff fb 01", ""]],
  ["WILL and DO BINARY acknowledge ours", PLAIN, ["ff fb 00", "", "ff fb 00", "", "ff fd 00", "", "ff fd 00", ""]],
  ["WONT and DONT BINARY refuse ours", PLAIN, ["ff fc 00", "", "ff fc 00", "", "ff fe 00", "", "ff fe 00", ""]],
  ["WONT BINARY after WILL is acknowledged once", PLAIN, ["ff fb 00", "", "ff fc 00", "ff fe 00", "ff fc 00", ""]],
  ["DONT BINARY after DO is acknowledged once", PLAIN, ["ff fd 00", "", "ff fe 00", "ff fc 00", "ff fe 00", ""]],
  ["DONT SGA after DO is acknowledged once", PLAIN, ["ff fd 03", "", "ff fe 03", "ff fc 03", "ff fe 03", ""]],
  ["binary can be put on again", PLAIN, ["ff fb 00", "", "ff fc 00", "ff fe 00", "ff fb 00", "ff fd 00"]],
  ["with remctl WILL COM-PORT is agreed to once", REMCTL, ["ff fb 2c", "ff fd 2c", "ff fb 2c", ""]],
  ["with remctl DO COM-PORT is agreed to once", REMCTL, ["ff fd 2c", "ff fb 2c", "ff fd 2c", ""]],
  ["WONT COM-PORT ends the agreement", REMCTL, ["ff fb 2c", "ff fd 2c", "ff fc 2c", "ff fe 2c", "ff fc 2c", ""]],
  ["DONT COM-PORT ends the agreement", REMCTL, ["ff fd 2c", "ff fb 2c", "ff fe 2c", "ff fc 2c", "ff fe 2c", ""]],
  ["COM-PORT can be agreed on again", REMCTL, ["ff fb 2c", "ff fd 2c", "ff fc 2c", "ff fe 2c", "ff fb 2c", "ff fd 2c"]],
  ["without remctl COM-PORT is refused", PLAIN, ["ff fb 2c", "ff fe 2c", "ff fd 2c", "ff fc 2c"]],
  ["without remctl WONT and DONT COM-PORT get no answer", PLAIN, ["ff fc 2c", "", "ff fe 2c", ""]],
  [
    "TTYPE and NAWS are refused each time",
    PLAIN,
    ["ff fb 18", "ff fe 18", "ff fb 1f", "ff fe 1f", "ff fb 18", "ff fe 18"],
  ],
  ["unknown options asked of us are refused each time", PLAIN, ["ff fd 18", "ff fc 18", "ff fd 18", "ff fc 18"]],
  ["WONT and DONT of unknown options get no answer", PLAIN, ["ff fc 18", "", "ff fe 1f", "", "ff fc ff", ""]],
  ["control port: DO SGA and DO ECHO acknowledge ours", CONTROL_PORT_POLICY, ["ff fd 03", "", "ff fd 01", ""]],
  ["control port: WONT ECHO acknowledges our DONT", CONTROL_PORT_POLICY, ["ff fc 01", ""]],
  ["control port: DO BINARY is agreed to once", CONTROL_PORT_POLICY, ["ff fd 00", "ff fb 00", "ff fd 00", ""]],
  ["control port: WILL BINARY is agreed to once", CONTROL_PORT_POLICY, ["ff fb 00", "ff fd 00", "ff fb 00", ""]],
  ["control port: WILL SGA is agreed to once", CONTROL_PORT_POLICY, ["ff fb 03", "ff fd 03", "ff fb 03", ""]],
  ["control port: COM-PORT is refused", CONTROL_PORT_POLICY, ["ff fb 2c", "ff fe 2c", "ff fd 2c", "ff fc 2c"]],
  ["control port: TTYPE and NAWS are refused", CONTROL_PORT_POLICY, ["ff fb 18", "ff fe 18", "ff fd 1f", "ff fc 1f"]],
];

for (const [title, policy, steps] of ANSWERS) {
  t.test(title, async t => {
    const negotiation = new Negotiation(policy);
    for (let at = 0; at < steps.length; at += 2) {
      const sent = steps[at] ?? "";
      t.equal(hex(receive(negotiation, bytes(sent))), steps[at + 1], `step ${at / 2 + 1}: ${sent}`);
    }
  });
}

t.test("a client that agrees to all we offered hears no more of options", async t => {
  const negotiation = new Negotiation(PLAIN);
  t.equal(hex(receive(negotiation, bytes("ff fd 03 ff fd 01 ff fc 01 ff fb 00 ff fd 00"))), "");
});

t.test("two connections do not share their options", async t => {
  for (const connection of [1, 2]) {
    const negotiation = new Negotiation(CONTROL_PORT_POLICY);
    t.equal(hex(receive(negotiation, bytes("ff fb 03 ff fd 00"))), "ff fd 03 ff fb 00", `connection ${connection}`);
  }
});

t.test("an option is on when one side has offered and the other agreed, and its change is told once", async t => {
  const negotiation = new Negotiation(REMCTL);
  t.equal(negotiation.isEnabled("them", 44), false);
  t.same(negotiation.receive("will", 44).changed, { option: 44, side: "them", enabled: true });
  t.equal(negotiation.receive("will", 44).changed, null);
  t.equal(negotiation.isEnabled("them", 44), true);
  t.equal(negotiation.isEnabled("us", 44), false, "the other direction is its own matter");
  t.same(negotiation.receive("wont", 44).changed, { option: 44, side: "them", enabled: false });
  t.equal(negotiation.isEnabled("them", 44), false);

  t.same(negotiation.receive("do", 0).changed, { option: 0, side: "us", enabled: true }, "it had been offered");
  t.equal(negotiation.receive("dont", 3).changed, null, "it never was on");
  t.equal(negotiation.receive("will", 1).changed, null, "it was refused");
  t.equal(negotiation.receive("will", 24).changed, null, "unknown name");
  t.equal(negotiation.isEnabled("them", 1), false);
  t.equal(negotiation.isEnabled("them", 24), false);
});

t.test("without remctl COM-PORT never goes on", async t => {
  const negotiation = new Negotiation(PLAIN);
  t.equal(negotiation.receive("will", 44).changed, null);
  t.equal(negotiation.receive("do", 44).changed, null);
  t.equal(negotiation.isEnabled("them", 44), false);
});

t.test("two of our negotiations fall silent, whatever either has been sent before", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomIntegers(SEED);
  const policies = Object.values(POLICIES);
  let longest = 0;
  for (const one of policies) {
    for (const other of policies) {
      for (let round = 0; round < 50; round++) {
        const here = new Negotiation(one);
        const there = new Negotiation(other);
        const stray = Uint8Array.of(255, 251 + random(4), [0, 1, 3, 24, 44][random(5)] ?? 0); // a change of mind
        for (const [toThere, toHere] of [
          [here.opening(), there.opening()],
          [stray, bytes("")],
        ] as const) {
          const rounds = talk(
            toThere,
            toHere,
            message => receive(here, message),
            message => receive(there, message),
          );
          longest = Math.max(longest, rounds);
        }
      }
    }
  }
  t.ok(longest > 1 && longest <= 4, `silent after ${longest} rounds at most`);
});

t.test("after ten thousand answers a peer gets no more of them, and its options stay as they are", async t => {
  const negotiation = new Negotiation(REMCTL);
  negotiation.receive("will", 44);
  let answers = 1;
  while (answers < LIMIT && negotiation.receive("will", 24).reply.length > 0) answers++;
  t.equal(answers, 10_000);
  t.same(negotiation.receive("wont", 44), { reply: new Uint8Array(0), changed: null });
  t.equal(negotiation.isEnabled("them", 44), true);
});

const PEERS: Readonly<Record<string, (verb: Verb, random: (limit: number) => number) => Verb | null>> = {
  "agrees to everything, acknowledgements included": verb =>
    (({ will: "do", do: "will", wont: "dont", dont: "wont" }) as const)[verb],
  "refuses everything": verb => (({ will: "dont", do: "wont", wont: "dont", dont: "wont" }) as const)[verb],
  "sends everything back": verb => verb,
  "contradicts everything": verb => (({ will: "dont", do: "wont", wont: "do", dont: "will" }) as const)[verb],
  "answers at random": (_, random) => (["will", "wont", "do", "dont"] as const)[random(4)] ?? null,
};

for (const [title, reaction] of Object.entries(PEERS)) {
  t.test(`a peer that ${title} meets silence in the end`, async t => {
    t.comment(`seed ${SEED}`);
    const random = randomIntegers(SEED);
    const asks = bytes("ff fb 03 ff fb 01 ff fb 00 ff fb 2c ff fb 18 ff fd 03 ff fd 01 ff fd 00 ff fd 2c ff fd 1f");
    for (const [name, policy] of Object.entries(POLICIES)) {
      const negotiation = new Negotiation(policy);
      const rounds = talk(
        negotiation.opening(),
        asks,
        message => receive(negotiation, message),
        message => react(message, verb => reaction(verb, random)),
      );
      t.ok(rounds < LIMIT, `${name}: silent after ${rounds} rounds`);
    }
  });
}

const LIMIT = 100_000; // rounds; reached only by a negotiation without an end

/** Lets two sides answer each other. Gives the rounds until both had nothing to say. */
function talk(
  fromHere: Uint8Array,
  fromThere: Uint8Array,
  here: (message: Uint8Array) => Uint8Array,
  there: (message: Uint8Array) => Uint8Array,
): number {
  let toThere = fromHere;
  let toHere = fromThere;
  let rounds = 0;
  while (toThere.length + toHere.length > 0 && rounds < LIMIT) {
    [toThere, toHere] = [here(toHere), there(toThere)];
    rounds++;
  }
  return rounds;
}

function receive(negotiation: Negotiation, message: Uint8Array): Uint8Array {
  return answerEach(message, (verb, option) => negotiation.receive(verb, option).reply);
}

function react(message: Uint8Array, reaction: (verb: Verb) => Verb | null): Uint8Array {
  const codes = { will: 251, wont: 252, do: 253, dont: 254 };
  return answerEach(message, (verb, option) => {
    const answer = reaction(verb);
    return answer === null ? bytes("") : Uint8Array.of(255, codes[answer], option);
  });
}

function answerEach(message: Uint8Array, answer: (verb: Verb, option: number) => Uint8Array): Uint8Array {
  const events = new TelnetDecoder().push(message);
  return Uint8Array.from(
    events.flatMap(event => (event.kind === "negotiate" ? [...answer(event.verb, event.option)] : [])),
  );
}
