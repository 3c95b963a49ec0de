/** The steps of an established session: activation of SOL, the watch over it, and its end. */
import {
  type Activation,
  ALREADY_ACTIVE,
  activatePayload,
  activationError,
  COMPLETED,
  closeSession,
  deactivatePayload,
  decodeActivation,
  decodePayloadStatus,
  payloadOwner,
  payloadStatus,
  setBitRate,
  setPrivilege,
} from "./commands.js";
import type { Steps } from "./conversation.js";
import { type Answer, type Command, decodeAnswer, encodeCommand } from "./message.js";
import { PAYLOAD } from "./packet.js";
import { hex, SessionError } from "./session-error.js";
import type { LoginSettings, SolSettings } from "./settings.js";

/** How often a payload that is active elsewhere is looked at, where waiting is configured, and how long. */
const LOOK_AGAIN_MS = 2000;
const LONGEST_WAIT_MS = 60_000;

export interface Activated extends Activation {
  readonly instance: number;
  /** What the BMC says of the session that has the instance; null: it does not say. */
  readonly owner: string | null;
}

interface ActivationSettings {
  readonly login: Pick<LoginSettings, "privilege">;
  readonly sol: SolSettings;
  /** 6 bits; a new one for each command. */
  readonly nextNumber: () => number;
  readonly warn: (text: string) => void;
}

/** Sets the privilege level and the bit rate, activates SOL. Throws SessionError. */
export function* activate(settings: ActivationSettings): Steps<Activated> {
  const { login, sol, nextNumber } = settings;
  const privilege = yield* send(setPrivilege(login.privilege), nextNumber);
  if (privilege.completionCode !== COMPLETED) {
    throw new SessionError("privilege-refused", `the BMC refuses the privilege level ${login.privilege}`);
  }
  let hasTakenOver = false;
  for (let waitedMs = 0; ; waitedMs += LOOK_AGAIN_MS) {
    const instance = yield* findFreeInstance(nextNumber);
    const activated = instance === null ? null : yield* attempt(instance, settings);
    if (activated !== null) return activated;
    if (sol.sharedSerialAlert === "succeed" && !hasTakenOver) {
      hasTakenOver = true;
      yield* send(deactivatePayload(1), nextNumber);
    } else if (sol.sharedSerialAlert === "deferred" && waitedMs < LONGEST_WAIT_MS) {
      yield { kind: "wait", milliseconds: LOOK_AGAIN_MS };
    } else throw activationError(ALREADY_ACTIVE);
  }
}

/** Null: another session has SOL. */
function* attempt(instance: number, { sol, nextNumber, warn }: ActivationSettings): Steps<Activated | null> {
  // Only now: another session would see its bit rate change.
  const rate = yield* send(setBitRate(sol.speed), nextNumber);
  if (rate.completionCode !== COMPLETED) {
    warn(`the BMC refuses the bit rate ${sol.speed} with completion code ${hex(rate.completionCode)}`);
  }
  const { completionCode, data, transmissions } = yield* send(activatePayload(instance, sol), nextNumber);
  if (completionCode === ALREADY_ACTIVE) {
    if (transmissions === 1) return null;
    // Perhaps by this session: its answer was lost. A new session leaves no doubt.
    throw new SessionError("out-of-step", activationError(ALREADY_ACTIVE).message);
  }
  if (completionCode !== COMPLETED) throw activationError(completionCode);
  return { ...decodeActivation(data), instance, owner: yield* readOwner(instance, nextNumber) };
}

/** Whether SOL is still this session's. Throws SessionError where the BMC does not answer. */
export function* verify({ instance, owner }: Activated, nextNumber: () => number): Steps<"ours" | "lost"> {
  const told = owner === null ? null : yield* readOwner(instance, nextNumber);
  if (told !== null) return told === owner ? "ours" : "lost";
  const { completionCode, data } = yield* send(payloadStatus(), nextNumber);
  if (completionCode !== COMPLETED) return "ours"; // a BMC that does not say, or that is busy
  return isActive(decodePayloadStatus(data).active, instance) ? "ours" : "lost";
}

/** Frees the session in the BMC. @param instance null: SOL is not active, or is another session's */
export function* end(sessionId: number, instance: number | null, nextNumber: () => number): Steps<void> {
  if (instance !== null) yield* send(deactivatePayload(instance), nextNumber);
  yield* send(closeSession(sessionId), nextNumber);
}

/** The lowest one; null: none is free. */
function* findFreeInstance(nextNumber: () => number): Steps<number | null> {
  const { completionCode, data } = yield* send(payloadStatus(), nextNumber);
  if (completionCode !== COMPLETED) return 1; // a BMC that does not say: the activation decides
  const { capacity, active } = decodePayloadStatus(data);
  for (let instance = 1; instance <= Math.max(1, capacity); instance++) {
    if (!isActive(active, instance)) return instance;
  }
  return null;
}

function isActive(bits: number, instance: number): boolean {
  return (bits & (1 << (instance - 1))) !== 0;
}

/** Null: the BMC does not say, or no session has it. */
function* readOwner(instance: number, nextNumber: () => number): Steps<string | null> {
  const { completionCode, data } = yield* send(payloadOwner(instance), nextNumber);
  const id = data.subarray(0, 4);
  if (completionCode !== COMPLETED || id.length < 4) return null;
  return id.every(byte => byte === 0) ? null : id.join(".");
}

function* send(command: Command, nextNumber: () => number): Steps<Answer & { readonly transmissions: number }> {
  const number = nextNumber();
  const { payload, transmissions } = yield {
    kind: "request",
    type: PAYLOAD.message,
    payload: encodeCommand(command, number),
    isAnswer: received => received.type === PAYLOAD.message && decodeAnswer(received.payload, command, number) !== null,
  };
  const { completionCode = 0xff, data = new Uint8Array(0) } = decodeAnswer(payload, command, number) ?? {};
  return { completionCode, data, transmissions };
}
