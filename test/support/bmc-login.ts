/** The login to the fake BMC: Open Session and RAKP, and the sessions that come of it. */
import { randomBytes, timingSafeEqual } from "node:crypto";
import type { RemoteInfo } from "node:dgram";
import { HASHES, hmac, type Keys, le32, openPacket, SUITES } from "./bmc-packets.js";

export type Users = Readonly<Record<string, readonly [password: string, privilege: number]>>;

export const USERS: Users = {
  "": ["test", 2],
  ipmiusr: ["test", 4],
  opuser: ["op", 3],
  lowuser: ["low", 2],
  sixteen_letters_: ["01234567890123456789", 4],
};
const GUID = Buffer.from("a123456789abcdefa123456789abcdef", "hex");

export interface Session extends Keys {
  readonly id: number;
  readonly consoleId: number;
  readonly suite: readonly [number, number, number];
  peer: RemoteInfo;
  isUp: boolean;
  integrity: number;
  confidentiality: number;
  k1: Buffer;
  k2: Buffer;
  privilege: number;
  limit: number;
  sent: number;
  readonly window: number[];
  /** The highest number of a SOL packet. */
  lastSol: number;
  rakp: { consoleRandom: Buffer; bmcRandom: Buffer; identity: Buffer; password: Buffer } | null;
}

export interface LoginOptions {
  readonly users: Users;
  readonly suites: readonly number[];
  /** Kg; empty: none. */
  readonly bmcKey: string;
  readonly sessions: number;
  /** Answers that refuse have two bytes. */
  readonly short: boolean;
  /** Answers 0 for the highest privilege of a session, as ipmi_sim does. */
  readonly privilegeZero: boolean;
}

export class BmcLogin {
  options: LoginOptions;
  readonly sessions = new Map<number, Session>();
  readonly #send: (datagram: Buffer, peer: RemoteInfo) => void;
  readonly #happened: (event: string) => void;
  #nextId = 0x1000;

  constructor(
    options: LoginOptions,
    send: (datagram: Buffer, peer: RemoteInfo) => void,
    happened: (event: string) => void,
  ) {
    this.options = options;
    this.#send = send;
    this.#happened = happened;
  }

  receive(type: number, payload: Buffer, peer: RemoteInfo): void {
    if (type === 0x10) {
      this.#openSession(payload, peer);
      return;
    }
    const session = this.sessions.get(payload.readUInt32LE(4));
    if (session === undefined) return;
    session.peer = peer;
    if (type === 0x12) this.#rakp1(session, payload);
    if (type === 0x14) this.#rakp3(session, payload);
  }

  #openSession(payload: Buffer, peer: RemoteInfo): void {
    const { suites, sessions, privilegeZero } = this.options;
    const tag = payload[0] ?? 0;
    const consoleId = payload.subarray(4, 8);
    const wanted = [8, 16, 24].map(at => (payload[at + 3] === 0 ? -1 : (payload[at + 4] ?? 0) & 63));
    const fits = (number: number): boolean => wanted.every((one, index) => one < 0 || one === SUITES[number]?.[index]);
    const number = suites.findLast(fits);
    const suite = number === undefined ? undefined : SUITES[number];
    if (suite === undefined) {
      this.#refuse(0x11, tag, 0x11, consoleId, peer);
      return;
    }
    if (this.sessions.size >= sessions) {
      this.#refuse(0x11, tag, 0x01, consoleId, peer);
      return;
    }
    const id = this.#nextId++;
    this.sessions.set(id, {
      ...{ id, consoleId: consoleId.readUInt32LE(), suite, peer, isUp: false, integrity: 0, confidentiality: 0 },
      ...{
        k1: Buffer.alloc(0),
        k2: Buffer.alloc(0),
        privilege: 2,
        limit: 4,
        sent: 0,
        window: [],
        lastSol: 0,
        rakp: null,
      },
    });
    this.#happened(`open ${number}`);
    const records = suite.flatMap((algorithm, kind) => [kind, 0, 0, 8, algorithm, 0, 0, 0]);
    const head = Buffer.from([tag, 0, privilegeZero ? 0 : 4, 0]);
    this.#answer(peer, 0x11, Buffer.concat([head, consoleId, le32(id), Buffer.from(records)]));
  }

  #rakp1(session: Session, payload: Buffer): void {
    const [tag = 0, role = 0, length = 0] = [payload[0], payload[24], payload[27]];
    const name = payload.subarray(28, 28 + length);
    const user = this.options.users[name.toString("latin1")];
    const consoleId = le32(session.consoleId);
    if (user === undefined || (role & 15) > user[1]) {
      this.#end(session, "refused");
      this.#refuse(0x13, tag, user === undefined ? 0x0d : 0x0a, consoleId, session.peer);
      return;
    }
    session.limit = user[1];
    const bmcRandom = session.rakp?.bmcRandom ?? randomBytes(16);
    const consoleRandom = Buffer.from(payload.subarray(8, 24));
    const identity = Buffer.from([role, name.length, ...name]);
    session.rakp = { consoleRandom, bmcRandom, identity, password: padded(user[0]) };
    const parts = [consoleId, le32(session.id), consoleRandom, bmcRandom, GUID, identity];
    const [hash] = HASHES[session.suite[0]] ?? [];
    const code = hash === undefined ? Buffer.alloc(0) : hmac(hash, session.rakp.password, ...parts);
    this.#answer(session.peer, 0x13, Buffer.concat([Buffer.from([tag, 0, 0, 0]), consoleId, bmcRandom, GUID, code]));
  }

  #rakp3(session: Session, payload: Buffer): void {
    const { rakp, suite } = session;
    const [tag = 0, status = 0] = payload;
    if (status !== 0 || rakp === null) {
      this.#end(session, `status ${status}`);
      return;
    }
    const consoleId = le32(session.consoleId);
    const [hash, length = 0] = HASHES[suite[0]] ?? [];
    let check: Buffer = Buffer.alloc(0);
    if (hash !== undefined) {
      const wanted = hmac(hash, rakp.password, rakp.bmcRandom, consoleId, rakp.identity);
      const code = payload.subarray(8);
      if (code.length !== wanted.length || !timingSafeEqual(code, wanted)) {
        this.#end(session, "bad password");
        this.#refuse(0x15, tag, 0x0f, consoleId, session.peer);
        return;
      }
      const key = this.options.bmcKey === "" ? rakp.password : padded(this.options.bmcKey);
      const sik = hmac(hash, key, rakp.consoleRandom, rakp.bmcRandom, rakp.identity);
      session.k1 = hmac(hash, sik, Buffer.alloc(20, 1));
      session.k2 = hmac(hash, sik, Buffer.alloc(20, 2));
      check = hmac(hash, sik, rakp.consoleRandom, le32(session.id), GUID).subarray(0, length);
    }
    session.isUp = true;
    [, session.integrity, session.confidentiality] = suite;
    this.#answer(session.peer, 0x15, Buffer.concat([Buffer.from([tag, 0, 0, 0]), consoleId, check]));
  }

  #refuse(type: number, tag: number, status: number, consoleId: Buffer, peer: RemoteInfo): void {
    this.#happened(`refused ${type.toString(16)} ${status.toString(16).padStart(2, "0")}`);
    const rest = this.options.short ? Buffer.alloc(0) : Buffer.concat([Buffer.alloc(2), consoleId]);
    this.#answer(peer, type, Buffer.concat([Buffer.from([tag, status]), rest]));
  }

  #answer(peer: RemoteInfo, type: number, payload: Buffer): void {
    this.#send(openPacket(type, payload), peer);
  }

  #end(session: Session, why: string): void {
    this.#happened(`ended ${why}`);
    this.sessions.delete(session.id);
  }
}

function padded(text: string): Buffer {
  return Buffer.concat([Buffer.from(text, "latin1"), Buffer.alloc(20)]).subarray(0, 20);
}
