/** Requests to a BMC one after the other, each sent again until its answer comes. Written as a generator of steps. */
import type { Received } from "./channel.js";
import { SessionError } from "./session-error.js";

type Step =
  | {
      readonly kind: "request";
      readonly type: number;
      readonly payload: Uint8Array;
      readonly isAnswer: (received: Received) => boolean;
    }
  /** Sent once; no answer is expected. */
  | { readonly kind: "notice"; readonly type: number; readonly payload: Uint8Array }
  | { readonly kind: "wait"; readonly milliseconds: number };

/** The value that a step is continued with. */
interface Reply {
  /** Empty after a wait and after a notice. */
  readonly payload: Uint8Array;
  /** Above 1, the BMC may have carried the request out more than once. */
  readonly transmissions: number;
}

/** Ends by returning, or by throwing SessionError. */
export type Steps<T> = Generator<Step, T, Reply>;

export interface RetryLimits {
  readonly intervalMs: number;
  readonly transmissions: number;
}

/** As OpenIPMI 2.0.33: 1 s for each of six transmissions. */
export const USUAL_RETRIES: RetryLimits = { intervalMs: 1000, transmissions: 6 };

interface ConversationEvents<T> {
  send(packet: Received): void;
  done(result: T): void;
  failed(error: SessionError): void;
}

const NO_REPLY: Reply = { payload: new Uint8Array(0), transmissions: 0 };

export class Conversation<T> {
  readonly #steps: Steps<T>;
  readonly #events: ConversationEvents<T>;
  readonly #limits: RetryLimits;
  #step: Step | null = null;
  #transmissions = 0;
  /** When `expire` is to be called; infinite when the conversation is over. */
  deadlineMs = Number.POSITIVE_INFINITY;

  constructor(steps: Steps<T>, events: ConversationEvents<T>, limits: RetryLimits = USUAL_RETRIES) {
    this.#steps = steps;
    this.#events = events;
    this.#limits = limits;
  }

  /** @param nowMs on any clock that runs evenly; the same for all calls */
  start(nowMs: number): void {
    this.#advance(() => this.#steps.next(), nowMs);
  }

  /** False: not an answer to what was asked. */
  receive(received: Received, nowMs: number): boolean {
    const step = this.#step;
    if (step?.kind !== "request" || !step.isAnswer(received)) return false;
    const reply = { payload: received.payload, transmissions: this.#transmissions };
    this.#advance(() => this.#steps.next(reply), nowMs);
    return true;
  }

  /** To be called when the deadline has passed. */
  expire(nowMs: number): void {
    const step = this.#step;
    if (step?.kind === "wait") {
      this.#advance(() => this.#steps.next(NO_REPLY), nowMs);
    } else if (step?.kind !== "request") {
      return;
    } else if (this.#transmissions >= this.#limits.transmissions) {
      // Thrown into the generator: it knows what the missing answer means there.
      const error = new SessionError("unreachable", "the BMC does not answer");
      this.#advance(() => this.#steps.throw(error), nowMs);
    } else {
      this.#transmit(step, nowMs);
    }
  }

  /** Nothing is sent and no event follows. */
  abandon(): void {
    this.#step = null;
    this.deadlineMs = Number.POSITIVE_INFINITY;
  }

  #advance(next: () => IteratorResult<Step, T>, nowMs: number): void {
    this.abandon();
    let result: IteratorResult<Step, T>;
    try {
      result = next();
    } catch (error) {
      if (!(error instanceof SessionError)) throw error;
      this.#events.failed(error);
      return;
    }
    if (result.done) {
      this.#events.done(result.value);
      return;
    }
    this.#step = result.value;
    this.#transmissions = 0;
    const step = result.value;
    switch (step.kind) {
      case "request":
        this.#transmit(step, nowMs);
        break;
      case "notice":
        this.#events.send(step);
        this.#advance(() => this.#steps.next(NO_REPLY), nowMs);
        break;
      case "wait":
        this.deadlineMs = nowMs + step.milliseconds;
        break;
      default:
        step satisfies never;
    }
  }

  #transmit(step: Extract<Step, { kind: "request" }>, nowMs: number): void {
    this.#transmissions++;
    this.deadlineMs = nowMs + this.#limits.intervalMs;
    this.#events.send(step);
  }
}
