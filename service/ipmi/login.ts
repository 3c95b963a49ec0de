/** Logs in to a BMC: from Get Channel Authentication Capabilities to RAKP 4. */
import { timingSafeEqual } from "node:crypto";
import type { Established } from "./channel.js";
import type { Steps } from "./conversation.js";
import { type KeyExchange, rakp2Code, rakp3Code, rakp4Code, type SessionKeys, sessionKeys } from "./keys.js";
import { type Command, decodeAnswer, encodeCommand, NETFN } from "./message.js";
import { PAYLOAD, type Protection } from "./packet.js";
import {
  decodeOpenSession,
  decodeRakp2,
  decodeRakp4,
  encodeOpenSession,
  encodeRakp1,
  encodeRakp3,
  type OpenSessionResponse,
  type Rakp2,
} from "./rakp.js";
import { SessionError } from "./session-error.js";
import { type LoginSecrets, type LoginSettings, PRIVILEGES } from "./settings.js";
import { type Algorithms, accepts, authenticationOf, integrityOf, type Proposal, suiteNumber } from "./suites.js";

export interface LoggedIn extends Established {
  /** Of the cipher suite. */
  readonly suite: number;
}

export type RandomSource = (count: number) => Uint8Array;

const NAME_ONLY = 0x10; // in the role: the user is looked up by name alone
const CURRENT_CHANNEL = 0x0e;
const WITH_20_DATA = 0x80;
const SUPPORTS_20 = 0x02;
const TWO_KEY_LOGIN = 0x20;
const WRONG_CODE = 0x0f; // status: invalid integrity check value
const NO_CODE = new Uint8Array(0);

/** Throws SessionError; "out-of-step" where another attempt may succeed. */
export function* logIn(settings: LoginSettings, secrets: LoginSecrets, random: RandomSource): Steps<LoggedIn> {
  const hasBmcKey = yield* readCapabilities(settings);
  return yield* exchangeKeys(settings, secrets, hasBmcKey, random);
}

/** Whether the BMC has a key (Kg) of its own. */
function* readCapabilities({ privilege }: LoginSettings): Steps<boolean> {
  const data = Uint8Array.of(CURRENT_CHANNEL | WITH_20_DATA, PRIVILEGES[privilege]);
  const command: Command = { netFn: NETFN.app, command: 0x38, data };
  const { payload } = yield {
    kind: "request",
    type: PAYLOAD.message,
    payload: encodeCommand(command, 0),
    isAnswer: received => received.type === PAYLOAD.message && decodeAnswer(received.payload, command, 0) !== null,
  };
  const answer = decodeAnswer(payload, command, 0);
  const [, authenticationTypes = 0, status = 0, extended = 0] = answer?.data ?? [];
  const has20 = (authenticationTypes & WITH_20_DATA) !== 0 && (extended & SUPPORTS_20) !== 0;
  if (!has20) throw new SessionError("no-rmcp-plus", "the BMC does not support IPMI 2.0 (RMCP+)");
  return (status & TWO_KEY_LOGIN) !== 0;
}

function* exchangeKeys(
  settings: LoginSettings,
  secrets: LoginSecrets,
  hasBmcKey: boolean,
  random: RandomSource,
): Steps<LoggedIn> {
  const privilege = PRIVILEGES[settings.privilege];
  const consoleSessionId = sessionId(random);
  const { bmcSessionId, algorithms } = yield* openSession(settings, consoleSessionId, random);
  const suite = suiteNumber(algorithms);
  if (suite === null)
    throw new SessionError("algorithms-refused", "the BMC chose a cipher suite that is not supported");
  const role = settings.lookupByPrivilege ? privilege : privilege | NAME_ONLY;
  const [consoleRandom, userName] = [random(16), settings.userName];
  const rakp2 = yield* sendRakp1(bmcSessionId, consoleRandom, role, userName, random);
  const ids = { consoleSessionId: number(consoleSessionId), bmcSessionId: number(bmcSessionId), suite };
  const authentication = authenticationOf(algorithms);
  if (authentication === null) {
    yield* sendRakp3(bmcSessionId, NO_CODE, random);
    return { ...ids, protection: { integrity: null, confidentialityKey: null } };
  }
  const { bmcRandom, bmcGuid } = rakp2;
  const exchange: KeyExchange = {
    ...{ authentication, consoleSessionId, bmcSessionId, consoleRandom, bmcRandom, bmcGuid, role, userName },
  };
  yield* checkPassword(rakp2, exchange, secrets, random);
  const code = rakp3Code(exchange, secrets.password, settings.rakp3PrivilegeOnly ? role & 0x0f : role);
  const keys = sessionKeys(exchange, secrets.bmcKey ?? secrets.password);
  try {
    const check = yield* sendRakp3(bmcSessionId, code, random);
    if (!equal(check, rakp4Code(exchange, keys))) throw wrongKey(secrets, hasBmcKey);
    return { ...ids, protection: protectionOf(algorithms, keys, settings) };
  } finally {
    for (const key of Object.values(keys)) key.fill(0);
  }
}

/** Throws SessionError unless the BMC knows the password. */
function* checkPassword(
  { code }: Rakp2,
  exchange: KeyExchange,
  secrets: LoginSecrets,
  random: RandomSource,
): Steps<void> {
  const expected = hashed(() => rakp2Code(exchange, secrets.password));
  if (equal(code, expected)) return;
  // So that the BMC does not keep the session half open.
  const payload = encodeRakp3(randomByte(random), exchange.bmcSessionId, NO_CODE, WRONG_CODE);
  yield { kind: "notice", type: PAYLOAD.rakp3, payload };
  throw new SessionError("wrong-password", "wrong password");
}

function* openSession(settings: LoginSettings, id: Uint8Array, random: RandomSource): Steps<OpenSessionResponse> {
  let refusal: SessionError | null = null;
  for (const proposal of settings.proposals) {
    try {
      return yield* propose(proposal, settings, id, random);
    } catch (error) {
      if (!(error instanceof SessionError) || error.code !== "algorithms-refused") throw error;
      refusal ??= error;
    }
  }
  throw refusal ?? new RangeError("no cipher suite to propose");
}

function* propose(
  proposal: Proposal,
  settings: LoginSettings,
  id: Uint8Array,
  random: RandomSource,
): Steps<OpenSessionResponse> {
  const tag = randomByte(random);
  const response = decodeOpenSession(
    yield* ask(PAYLOAD.openRequest, encodeOpenSession(tag, PRIVILEGES[settings.privilege], id, proposal)),
  );
  if (!accepts(proposal, response.algorithms)) {
    throw new SessionError("algorithms-refused", "the BMC chose another cipher suite than the one proposed");
  }
  return response;
}

function* sendRakp1(
  bmcSessionId: Uint8Array,
  consoleRandom: Uint8Array,
  role: number,
  userName: Uint8Array,
  random: RandomSource,
): Steps<Rakp2> {
  const message = encodeRakp1(randomByte(random), bmcSessionId, consoleRandom, role, userName);
  return decodeRakp2(yield* ask(PAYLOAD.rakp1, message));
}

/** The integrity check value. A BMC that has established the session may not answer RAKP 3 a second time. */
function* sendRakp3(bmcSessionId: Uint8Array, code: Uint8Array, random: RandomSource): Steps<Uint8Array> {
  try {
    return decodeRakp4(yield* ask(PAYLOAD.rakp3, encodeRakp3(randomByte(random), bmcSessionId, code)));
  } catch (error) {
    if (!(error instanceof SessionError) || error.code !== "unreachable") throw error;
    throw new SessionError("out-of-step", error.message, { cause: error });
  }
}

/** The payload of the answer, which has the next payload type and the tag of the request. */
function* ask(type: number, payload: Uint8Array): Steps<Uint8Array> {
  const isAnswer = (received: { readonly type: number; readonly payload: Uint8Array }): boolean =>
    received.type === type + 1 && received.payload[0] === payload[0];
  return (yield { kind: "request", type, payload, isAnswer }).payload;
}

/** Has copies of the keys. */
function protectionOf(algorithms: Algorithms, keys: SessionKeys, { integrityBySik }: LoginSettings): Protection {
  const integrity = integrityOf(algorithms);
  return {
    integrity: integrity === null ? null : { ...integrity, key: Uint8Array.from(integrityBySik ? keys.sik : keys.k1) },
    confidentialityKey: algorithms.confidentiality === 0 ? null : Uint8Array.from(keys.k2.subarray(0, 16)),
  };
}

function wrongKey({ bmcKey }: LoginSecrets, hasBmcKey: boolean): SessionError {
  if (bmcKey === null && hasBmcKey) {
    return new SessionError("wrong-bmc-key", "the BMC has a key (Kg), and none is configured");
  }
  return new SessionError("wrong-bmc-key", bmcKey === null ? "the BMC does not prove its keys" : "wrong BMC key (Kg)");
}

/** Reports a missing hash: a build of OpenSSL for FIPS has no MD5. */
function hashed(code: () => Uint8Array): Uint8Array {
  try {
    return code();
  } catch (error) {
    throw new SessionError("algorithms-refused", "this system lacks the hash of the cipher suite", { cause: error });
  }
}

function equal(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

/** Not 0, which means "no session". */
function sessionId(random: RandomSource): Uint8Array {
  const id = Uint8Array.from(random(4));
  if (number(id) === 0) id[0] = 1;
  return id;
}

function randomByte(random: RandomSource): number {
  return random(1)[0] ?? 0;
}

function number(id: Uint8Array): number {
  return new DataView(id.buffer, id.byteOffset, id.length).getUint32(0, true);
}
