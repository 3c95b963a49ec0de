/** A session with a BMC from login to its end, as pure state: datagrams and the time in, datagrams and events out. */
import type { SolSessionState } from "../handover/sol-state.js";
import { type Activated, activate, end, verify } from "./activation.js";
import { Channel, type Received, type ReceivedInSession, resumed } from "./channel.js";
import { swap } from "./commands.js";
import { Conversation, type RetryLimits, type Steps, USUAL_RETRIES } from "./conversation.js";
import { type LoggedIn, logIn, type RandomSource } from "./login.js";
import { decodePacket, encodeMessage15, encodePacket, PAYLOAD, type Protection } from "./packet.js";
import { SessionError } from "./session-error.js";
import type { LoginSecrets, LoginSettings, SolSettings } from "./settings.js";
import { type SolEvent, SolLink } from "./sol-link.js";

/** Half of the idle limit that the strictest BMC seen has; each session has a time of its own from LEAST to this. */
const KEEP_ALIVE_MS = 10_000;
const LEAST_KEEP_ALIVE_MS = 7500;
/** What closing may take. */
const CLOSE_RETRIES: RetryLimits = { intervalMs: 500, transmissions: 2 };
const UNPROTECTED: Protection = { integrity: null, confidentialityKey: null };
const RMCP_PORT = 623;

export interface SolSessionOptions {
  readonly login: LoginSettings;
  readonly secrets: LoginSecrets;
  readonly sol: SolSettings;
  /** The port of the BMC that datagrams are sent to. */
  readonly udpPort: number;
  readonly random: RandomSource;
}

export interface SolSessionEvents {
  send(datagram: Uint8Array): void;
  connected(): void;
  readable(): void;
  writable(): void;
  happened(what: SolEvent): void;
  warn(text: string): void;
  /** The last event. Null: `close` was called, and the BMC was told. */
  ended(error: SessionError | null): void;
}

/** What a technician wants to know of a session. */
export interface SolSessionFacts extends Activated {
  readonly suite: number;
}

export class SolSession {
  readonly #options: SolSessionOptions;
  readonly #events: SolSessionEvents;
  #channel: Channel | null = null;
  #loggedIn: LoggedIn | null = null;
  #activated: Activated | null = null;
  #conversation: Pick<Conversation<unknown>, "receive" | "expire" | "deadlineMs" | "abandon"> | null = null;
  #link: SolLink | null = null;
  #keepAliveMs = Number.POSITIVE_INFINITY;
  /** Not all sessions of a daemon look after their BMC at the same moment. */
  readonly #keepAliveIntervalMs: number;
  #number = 0;
  /** The time of the present call. */
  #nowMs = 0;
  /** A login that got out of step is repeated once. */
  #isSecondAttempt = false;
  /** False after `resume`, until the BMC has said that the session is still ours. */
  isConfirmed = true;
  #isClosing = false;
  #hasEnded = false;

  constructor(options: SolSessionOptions, events: SolSessionEvents) {
    this.#options = options;
    this.#events = events;
    const spread = (options.random(1)[0] ?? 0) / 256;
    this.#keepAliveIntervalMs = LEAST_KEEP_ALIVE_MS + (KEEP_ALIVE_MS - LEAST_KEEP_ALIVE_MS) * spread;
  }

  /** @param nowMs on any clock that runs evenly; the same for all calls */
  start(nowMs: number): void {
    this.#nowMs = nowMs;
    this.#logIn();
  }

  /**
   * Goes on with an established session of the process before this one, in place of `start`: no login, no activation. The BMC
   * is asked at once whether it still is ours. False: its cipher suite is not supported; the session is not used then.
   */
  resume({ channel, activated, link, commandNumber }: SolSessionState, nowMs: number): boolean {
    this.#forgetSecrets();
    const established = resumed(channel);
    if (established === null) return false;
    this.#nowMs = nowMs;
    this.#isSecondAttempt = true; // without the secrets there is no other login
    this.isConfirmed = false;
    this.#loggedIn = { ...established, suite: channel.suite };
    this.#channel = this.#channelOf(this.#loggedIn, channel);
    this.#activated = activated;
    this.#number = commandNumber;
    this.#link = this.#linkFor(activated);
    this.#link.resume(link, nowMs);
    this.#keepAliveMs = nowMs;
    this.#events.connected();
    return true;
  }

  /** For the process after this one; null: it has nothing to go on with. It has the keys of the session. */
  state(nowMs: number): SolSessionState | null {
    const [channel, loggedIn, activated, link] = [this.#channel, this.#loggedIn, this.#activated, this.#link];
    if (channel === null || loggedIn === null || activated === null || link === null) return null;
    return {
      ...{ channel: { ...channel.state(), suite: loggedIn.suite }, activated, link: link.state(nowMs) },
      commandNumber: this.#number,
    };
  }

  /** When `expire` is to be called; infinite when the session has ended. */
  get deadlineMs(): number {
    if (this.#hasEnded) return Number.POSITIVE_INFINITY;
    const conversation = this.#conversation?.deadlineMs ?? this.#keepAliveMs;
    return Math.min(conversation, this.#link?.deadlineMs ?? Number.POSITIVE_INFINITY);
  }

  /** Null until the session is connected. */
  get facts(): SolSessionFacts | null {
    if (this.#activated === null || this.#loggedIn === null) return null;
    return { ...this.#activated, suite: this.#loggedIn.suite };
  }

  /** The bytes both ways; null until the session is connected and from its end on. */
  get link(): SolLink | null {
    return this.#link;
  }

  receive(datagram: Uint8Array, nowMs: number): void {
    this.#nowMs = nowMs;
    const received = this.#hasEnded ? null : this.#decode(datagram);
    if (received === null) return;
    if (this.#activated !== null) this.#keepAliveMs = nowMs + this.#keepAliveIntervalMs;
    if (received.type === PAYLOAD.sol) this.#link?.receive(received.payload, nowMs, received.isLate);
    else this.#conversation?.receive(received, nowMs);
  }

  /** To be called when the deadline has passed. */
  expire(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#hasEnded) return;
    if (this.#link !== null && this.#link.deadlineMs <= nowMs) this.#link.expire(nowMs);
    if (this.#hasEnded) return;
    if (this.#conversation !== null) {
      if (this.#conversation.deadlineMs <= nowMs) this.#conversation.expire(nowMs);
    } else if (this.#keepAliveMs <= nowMs) this.#keepAlive();
  }

  /** Deactivates SOL and closes the session; `ended` follows within 2 s, or at once where nothing is established. */
  close(nowMs: number): void {
    this.#nowMs = nowMs;
    if (this.#isClosing || this.#hasEnded) return;
    this.#isClosing = true;
    this.#link = null;
    this.#conversation?.abandon();
    const [id, instance] = [this.#loggedIn?.bmcSessionId, this.#activated?.instance ?? null];
    if (id === undefined) this.#end(null);
    else this.#converse(end(id, instance, this.#nextNumber), () => this.#end(null), CLOSE_RETRIES);
  }

  // ---- from login to connected

  #logIn(): void {
    const { login, secrets, random } = this.#options;
    this.#converse(logIn(login, secrets, random), loggedIn => this.#loginDone(loggedIn));
  }

  #loginDone(loggedIn: LoggedIn): void {
    const { login, sol } = this.#options;
    this.#loggedIn = loggedIn;
    this.#channel = this.#channelOf(loggedIn, null);
    const settings = { login, sol, nextNumber: this.#nextNumber, warn: this.#events.warn.bind(this.#events) };
    this.#converse(activate(settings), activated => this.#activationDone(activated));
  }

  #activationDone(activated: Activated): void {
    const [{ udpPort }, { udpPort: named }] = [this.#options, activated];
    this.#forgetSecrets();
    this.#activated = activated;
    if (named !== null && ![udpPort, swap(udpPort), RMCP_PORT, swap(RMCP_PORT)].includes(named)) {
      this.#events.warn(`the BMC names UDP port ${named} for Serial over LAN; port ${udpPort} stays in use`);
    }
    this.#link = this.#linkFor(activated);
    this.#keepAliveMs = this.#nowMs + this.#keepAliveIntervalMs;
    this.#link.start(this.#nowMs);
    this.#events.connected();
  }

  #channelOf(loggedIn: LoggedIn, before: SolSessionState["channel"] | null): Channel {
    const { authenticated: isAuthenticated, encrypted: isEncrypted } = this.#options.sol;
    return new Channel(loggedIn, { isAuthenticated, isEncrypted }, before);
  }

  #linkFor({ packetBytes }: Activated): SolLink {
    const { ackRetries, ackTimeoutUs, deassertOnConnect: deassert } = this.#options.sol;
    return new SolLink(
      { packetBytes, ackTimeoutMs: Math.max(1, ackTimeoutUs / 1000), ackRetries, deassert },
      {
        send: payload => this.#send({ type: PAYLOAD.sol, payload }),
        readable: () => this.#events.readable(),
        writable: () => this.#events.writable(),
        happened: what => this.#events.happened(what),
        lost: error => this.#fail(error),
      },
    );
  }

  // ---- while connected

  /** Tells whether the BMC still answers, and whether another console has taken SOL away without a word to us. */
  #keepAlive(): void {
    if (this.#activated === null) return;
    this.#converse(verify(this.#activated, this.#nextNumber), whose => {
      if (whose === "lost") this.#fail(new SessionError("taken-over", "another session has taken Serial over LAN"));
      else this.isConfirmed = true;
    });
  }

  // ---- the end

  #fail(error: SessionError): void {
    if (this.#hasEnded) return;
    const isRepeatable = error.code === "out-of-step" && !this.#isSecondAttempt;
    if (!this.#isClosing) this.#abandonSession();
    if (this.#isClosing)
      this.#end(null); // the BMC does not answer any more
    else if (isRepeatable) {
      this.#isSecondAttempt = true;
      this.#logIn();
    } else this.#end(error);
  }

  /**
   * Tells the BMC once, without waiting for an answer, so that it does not keep the session until its idle limit. SOL is
   * not deactivated: it may be another session's by now.
   */
  #abandonSession(): void {
    this.#conversation?.abandon();
    if (this.#loggedIn === null) return;
    const step = end(this.#loggedIn.bmcSessionId, null, this.#nextNumber).next();
    if (!step.done && step.value.kind === "request") this.#send(step.value);
    this.#channel?.forgetKeys();
    this.#channel = null;
    this.#loggedIn = null;
  }

  #end(error: SessionError | null): void {
    this.#hasEnded = true;
    this.#link = null;
    this.#conversation?.abandon();
    this.#conversation = null;
    this.#channel?.forgetKeys();
    this.#forgetSecrets();
    this.#events.ended(error);
  }

  #forgetSecrets(): void {
    this.#options.secrets.password.fill(0);
    this.#options.secrets.bmcKey?.fill(0);
  }

  // ---- packets

  #converse<T>(steps: Steps<T>, done: (result: T) => void, limits = USUAL_RETRIES): void {
    const conversation: Conversation<T> = new Conversation(
      steps,
      {
        send: packet => this.#send(packet),
        done: result => {
          if (this.#conversation === conversation) this.#conversation = null;
          done(result);
        },
        failed: error => this.#fail(error),
      },
      limits,
    );
    this.#conversation = conversation;
    conversation.start(this.#nowMs);
  }

  readonly #nextNumber = (): number => {
    this.#number = (this.#number + 1) & 0x3f;
    return this.#number;
  };

  #decode(datagram: Uint8Array): ReceivedInSession | null {
    if (this.#channel !== null) return this.#channel.decode(datagram);
    const packet = decodePacket(datagram, UNPROTECTED);
    return packet === null || packet.sessionId !== 0 ? null : { ...packet, isLate: false };
  }

  #send({ type, payload }: Received): void {
    if (this.#channel !== null) this.#events.send(this.#channel.encode(type, payload));
    else if (type === PAYLOAD.message) this.#events.send(encodeMessage15(payload));
    else this.#events.send(encodePacket({ type, sessionId: 0, sequence: 0, payload }, UNPROTECTED));
  }
}
