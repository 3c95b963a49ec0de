/**
 * The state of telnet options of one connection: takes WILL, WONT, DO and DONT, and makes the answers (RFC 1143).
 * Each side of an option is answered when the peer changes it, and only then. What comes first after something we said
 *
 * Each side of an option is answered when the peer changes it, and only then. What comes first after something we said
 * A message is answered only if it changes the state of its side of the option. The first message after our own request
 * is its acknowledgement and gets no answer. So two correct sides stop at once.
 */
import type { NegotiationState } from "../handover/state.js";
import { BINARY, COM_PORT, ECHO, SGA, type Verb } from "./codes.js";
import { encodeNegotiation } from "./encoder.js";

/** "us": we perform the option (our WILL, their DO). "them": the peer performs it (their WILL, our DO). */
type Side = "us" | "them";

export interface NegotiationPolicy {
  /** Our requests at connect, in this order. */
  readonly opening: readonly (readonly [Verb, number])[];
  /** The options agreed to on each side; all others are refused. */
  readonly agree: Readonly<Record<Side, readonly number[]>>;
}

interface OptionChange {
  readonly option: number;
  readonly side: Side;
  readonly enabled: boolean;
}

interface NegotiationAnswer {
  /** Empty: nothing is to be sent. */
  readonly reply: Uint8Array;
  /** The option that this message has switched on or off. */
  readonly changed: OptionChange | null;
}

const ECHO_HERE = [
  ["will", SGA],
  ["will", ECHO],
  ["dont", ECHO],
] as const;

export const CONTROL_PORT_POLICY: NegotiationPolicy = {
  opening: ECHO_HERE,
  agree: { us: [SGA, ECHO, BINARY], them: [SGA, BINARY] },
};

/** A port in state telnet. Only with remctl is COM-PORT-OPTION agreed to. */
export function dataPortPolicy(remctl: boolean): NegotiationPolicy {
  const comPort = remctl ? [COM_PORT] : [];
  return {
    opening: [...ECHO_HERE, ["do", BINARY], ["will", BINARY]],
    agree: { us: [SGA, ECHO, BINARY, ...comPort], them: [SGA, BINARY, ...comPort] },
  };
}

/**
 * Answers given on one connection; then options stay as they are. A peer that contradicts every answer would be answered
 * for ever; no other peer comes near this number.
 */
const MAX_ANSWERS = 10_000;

const NOTHING = new Uint8Array(0);

/** One side of one option: the last message of each end. Null: none yet, so even a first WONT is a change and is answered. */
interface SideState {
  ours: boolean | null;
  theirs: boolean | null;
  /** We spoke first and the peer has said nothing since. */
  awaiting: boolean;
  readonly agreed: boolean;
}

export class Negotiation {
  readonly #policy: NegotiationPolicy;
  readonly #sides: Readonly<Record<Side, Map<number, SideState>>> = { us: new Map(), them: new Map() };
  #answersLeft = MAX_ANSWERS;

  /** @param before of the same connection in the process before this one: it goes on, whatever the policy is now */
  constructor(policy: NegotiationPolicy, before: NegotiationState | null = null) {
    this.#policy = policy;
    if (before !== null) {
      this.#answersLeft = Math.min(before.answersLeft, MAX_ANSWERS);
      for (const { side, option, ...state } of before.sides) this.#sides[side].set(option, state);
      return;
    }
    for (const side of ["us", "them"] as const)
      for (const option of policy.agree[side])
        this.#sides[side].set(option, { ours: null, theirs: null, awaiting: false, agreed: true });
    for (const [verb, option] of policy.opening) {
      const side = verb === "will" || verb === "wont" ? "us" : "them";
      const agreed = policy.agree[side].includes(option);
      this.#sides[side].set(option, { ours: isPositive(verb), theirs: null, awaiting: true, agreed });
    }
  }

  /** For the process after this one. */
  state(): NegotiationState {
    const sides = (["us", "them"] as const).flatMap(side =>
      [...this.#sides[side]].map(([option, state]) => ({ side, option, ...state })),
    );
    return { sides, answersLeft: this.#answersLeft };
  }

  /** The bytes to send at connect; `receive` takes them as sent. */
  opening(): Uint8Array {
    return Uint8Array.from(this.#policy.opening.flatMap(([verb, option]) => [...encodeNegotiation(verb, option)]));
  }

  isEnabled(side: Side, option: number): boolean {
    const state = this.#sides[side].get(option);
    return state !== undefined && isOn(state);
  }

  receive(verb: Verb, option: number): NegotiationAnswer {
    if (this.#answersLeft === 0) return { reply: NOTHING, changed: null };
    const side = verb === "do" || verb === "dont" ? "us" : "them";
    const positive = isPositive(verb);
    const state = this.#sides[side].get(option);
    if (state === undefined) return { reply: positive ? this.#answer(side, option, false) : NOTHING, changed: null };
    if (state.theirs === positive) return { reply: NOTHING, changed: null };

    const before = isOn(state);
    let reply: Uint8Array = NOTHING;
    state.theirs = positive;
    if (state.awaiting) {
      state.awaiting = false;
    } else {
      state.ours = positive && state.agreed;
      reply = this.#answer(side, option, state.ours);
    }
    const enabled = isOn(state);
    return { reply, changed: enabled === before ? null : { option, side, enabled } };
  }

  #answer(side: Side, option: number, positive: boolean): Uint8Array {
    this.#answersLeft--;
    return encodeNegotiation(verbFor(side, positive), option);
  }
}

function isOn(state: SideState): boolean {
  return state.ours === true && state.theirs === true;
}

function isPositive(verb: Verb): boolean {
  return verb === "will" || verb === "do";
}

function verbFor(side: Side, positive: boolean): Verb {
  if (side === "us") return positive ? "will" : "wont";
  return positive ? "do" : "dont";
}

/** As if the peer had agreed to all that the policy lets it: for a connection whose negotiation is not known any more. */
export function allAgreed(policy: NegotiationPolicy): NegotiationState {
  const sides = (["us", "them"] as const).flatMap(side =>
    policy.agree[side].map(option => ({ side, option, ours: true, theirs: true, awaiting: false, agreed: true })),
  );
  return { sides, answersLeft: MAX_ANSWERS };
}
