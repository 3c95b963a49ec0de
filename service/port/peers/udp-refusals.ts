/**
 * Refusals to UDP senders. A source address can be forged, so an answer may go to a bystander, or to another port of
 * this kind that refuses in turn: answers are few, and no refusal text is ever answered.
 */
import { toText } from "../../line/bytes.js";
import type { Clock } from "../../line/clock.js";
import { type Link, LinkError } from "../../net/link.js";
import { REFUSAL, refuse } from "./admission.js";

/** One refusal at most to a sender's address within this time. */
const PAUSE_MS = 1000;
/** Addresses remembered. While all of them are recent, further ones get no answer. */
const SENDERS_LIMIT = 64;

const TEXTS: ReadonlySet<string> = new Set(Object.values(REFUSAL));
const LONGEST_TEXT = Math.max(...[...TEXTS].map(text => text.length));

/** The text and one byte more, to tell it from the begin of something longer. */
const datagram = new Uint8Array(LONGEST_TEXT + 1);

export class UdpRefusals {
  /** When each address was answered last, on the clock; the oldest first. */
  readonly #answered = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Closes the link, with the text where an answer may go out. False: it got no answer. */
  refuse(link: Link, text: string): boolean {
    const nowMs = this.#clock.nowMs();
    const answer = !isRefusal(link) && this.#mayAnswer(link.peer.address, nowMs);
    if (!answer) {
      link.close();
      return false;
    }
    this.#answered.delete(link.peer.address);
    this.#answered.set(link.peer.address, nowMs);
    refuse(link, text);
    return true;
  }

  #mayAnswer(address: string, nowMs: number): boolean {
    const isRecent = (atMs: number | undefined): boolean => atMs !== undefined && nowMs - atMs < PAUSE_MS;
    if (isRecent(this.#answered.get(address))) return false;
    if (this.#answered.has(address) || this.#answered.size < SENDERS_LIMIT) return true;
    const [oldest] = this.#answered;
    if (oldest === undefined || isRecent(oldest[1])) return false;
    this.#answered.delete(oldest[0]);
    return true;
  }
}

/** Takes the datagram that made the link: it is dropped with it. */
function isRefusal(link: Link): boolean {
  try {
    const length = link.read(datagram);
    return length > 0 && TEXTS.has(toText(datagram.subarray(0, length)));
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
    return true; // an answer would fail too
  }
}
