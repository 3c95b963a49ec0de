/** The parsers of what a BMC says, right or hostile: RMCP+ packets, answers, SOL packets, and a whole session. */
import { decodeActivation, decodePayloadStatus } from "../../service/ipmi/commands.js";
import { decodeAnswer } from "../../service/ipmi/message.js";
import { decodePacket, encodePacket, PAYLOAD, type Protection } from "../../service/ipmi/packet.js";
import { decodeOpenSession, decodeRakp2, decodeRakp4 } from "../../service/ipmi/rakp.js";
import { SessionError } from "../../service/ipmi/session-error.js";
import { SolLink } from "../../service/ipmi/sol-link.js";
import { SolSession } from "../../service/ipmi/sol-session.js";
import { integrityOf } from "../../service/ipmi/suites.js";
import { answerTo, le32, openPacket, packet15, sessionPacket } from "../support/bmc-packets.js";
import { cipherSuite } from "../support/cipher-suite.js";
import { fill, insist, type Parser } from "./parser.js";

const QUEUE_BYTES = 1024;
const BMC_ID = 0x11223344;
const NO_KEYS = { integrity: 0, confidentiality: 0, k1: Buffer.alloc(0), k2: Buffer.alloc(0) };
const PROTECTED: Protection = {
  integrity: { ...(integrityOf(cipherSuite(3)) ?? raise("no integrity")), key: new Uint8Array(20) },
  confidentialityKey: new Uint8Array(16),
};
const OPEN_PROTECTION: Protection = { integrity: null, confidentialityKey: null };

const packets: Parser = {
  name: "RMCP+ packets and answers",
  parse(text) {
    const bytes = Buffer.from(text, "latin1");
    for (const protection of [PROTECTED, OPEN_PROTECTION]) {
      insist((decodePacket(bytes, protection)?.payload.length ?? 0) <= bytes.length, "a payload from nowhere");
    }
    const payload = bytes.subarray(0, 2000);
    const sent = { type: PAYLOAD.sol, sessionId: 1, sequence: 1, payload };
    const back = decodePacket(encodePacket(sent, PROTECTED), PROTECTED);
    insist(back !== null && Buffer.from(back.payload).equals(payload), "a packet that does not come back");
    for (const decode of [decodeOpenSession, decodeRakp2, decodeRakp4, decodeActivation, decodePayloadStatus]) {
      try {
        decode(bytes);
      } catch (error) {
        if (!(error instanceof SessionError)) throw error;
      }
    }
    decodeAnswer(bytes, { netFn: 6, command: 0x38, data: bytes }, 0);
  },
  samples: [
    "\x06\0\xff\x07",
    "\x06\0\xff\x07\0\0\0\0\0\0\0\0\0\x09",
    "\x06\0\xff\x07\x06\xc1\x44\x33\x22\x11\x07\0\0\0\x20\0",
    "\x81\x1c\x63\x20\0\x38\0\x01\x97\x06\x03\0\0\0\0\xe1",
    "\0\0\x04\0\xa3\xa2\xa1\xa0\x02\x10\0\0\0\0\0\x08\x01\0\0\0\x01\0\0\x08\x01\0\0\0\x02\0\0\x08\x01\0\0\0",
    "\xff\xff\x02\x07",
  ],
  hurtful: { zeros: length => fill("\0", length), packets: length => fill("\x06\0\xff\x07\x06\xc1", length) },
};

/** Each piece begins with a byte that says what happens, and how long it is. */
function pieces(text: string): { readonly act: number; readonly bytes: Buffer }[] {
  const bytes = Buffer.from(text, "latin1");
  const found: { act: number; bytes: Buffer }[] = [];
  for (let at = 0; at + 1 < bytes.length; ) {
    const [act = 0, length = 0] = bytes.subarray(at, at + 2);
    found.push({ act: act & 7, bytes: bytes.subarray(at + 2, at + 2 + length) });
    at += 2 + length;
  }
  return found;
}

const solPackets: Parser = {
  name: "SOL packets",
  parse(text) {
    let sent = 0;
    let isLost = false;
    const link = new SolLink(
      { packetBytes: 60, ackTimeoutMs: 100, ackRetries: 3, deassert: false },
      {
        send: () => {
          sent++;
        },
        readable: () => {},
        writable: () => {},
        happened: () => {},
        lost: () => {
          isLost = true;
        },
      },
    );
    link.start(0);
    let nowMs = 0;
    for (const { act, bytes } of pieces(text)) {
      if (isLost) break;
      sent = 0;
      nowMs += 10;
      exchange(link, act, bytes, nowMs);
      insist(sent <= 8, `${sent} packets at once`);
    }
  },
  samples: [
    "\x00\x06\x01\0\0\0ab",
    "\x00\x04\0\x01\x02\0",
    "\x00\x04\0\x01\0\x40",
    "\x00\x04\0\0\0\x60",
    "\x00\x04\0\x0f\0\0",
    "\x01\x05hello",
    "\x02\0",
    "\x03\0",
    "\x04\0",
    "\x05\0",
  ],
  hurtful: {
    "data packets": length => fill("\x00\x06\x01\0\0\0ab\x00\x06\x02\0\0\0ab\x02\0", length),
    NACKs: length => `\x01\x05hello${fill("\x00\x04\0\x01\0\x40", length)}`,
    writes: length => fill(`\x01\x64${"x".repeat(100)}`, length),
  },
};

function exchange(link: SolLink, act: number, bytes: Buffer, nowMs: number): void {
  switch (act) {
    case 1:
      insist(link.write(bytes, nowMs) <= QUEUE_BYTES, "more than the queue holds");
      return;
    case 2:
      insist(link.read(Buffer.alloc(4096), nowMs) <= QUEUE_BYTES, "more than the queue holds");
      return;
    case 3:
      if (link.deadlineMs < Number.POSITIVE_INFINITY) link.expire(Math.max(nowMs, link.deadlineMs));
      return;
    case 4:
      link.sendBreak(nowMs);
      return;
    case 5:
      link.flush("both", nowMs);
      return;
    default:
      link.receive(bytes, nowMs, act === 6);
  }
}

const session: Parser = {
  name: "sessions with a BMC",
  parse(text) {
    const bmc = new HostileBmc(pieces(text));
    bmc.run();
  },
  samples: [
    ...["\x00\0", "\x00\0\x00\0\x00\0\x00\0", "\x00\0\x00\0\x00\0\x00\0\x00\0\x00\0\x00\0\x00\0\x00\0"],
    ...[
      "\x01\x04\x10\0\0\0",
      "\x02\0",
      "\x03\x06\x01\0\0\0ab",
      "\x03\x04\0\0\0\x10",
      "\x04\0",
      "\x05\x03abc",
      "\x06\x01\xc1",
    ],
  ],
  hurtful: {
    "right answers": length => fill("\x00\0", length),
    "SOL data": length => "\x00\0".repeat(12) + fill("\x03\x06\x01\0\0\0ab\x03\x06\x02\0\0\0ab", length),
    "datagrams of nothing": length => fill("\x01\0", length),
  },
};

/** Answers right, or with what the pieces say; suite 0, so that its packets need no keys. */
class HostileBmc {
  readonly #session: SolSession;
  readonly #pieces: readonly { readonly act: number; readonly bytes: Buffer }[];
  #consoleId = 0;
  #sequence = 0;
  /** Not answered yet. */
  #asked: Buffer[] = [];
  #sentAtOnce = 0;
  #hasEnded = false;
  #nowMs = 0;

  constructor(all: readonly { readonly act: number; readonly bytes: Buffer }[]) {
    this.#pieces = all;
    this.#session = new SolSession(
      {
        login: {
          ...{ userName: Buffer.from("u"), privilege: "admin", lookupByPrivilege: false, proposals: [cipherSuite(0)] },
          ...{ rakp3PrivilegeOnly: false, integrityBySik: false },
        },
        secrets: { password: new Uint8Array(20), bmcKey: null },
        sol: {
          ...{ speed: 9600, authenticated: true, encrypted: true, sharedSerialAlert: "fail", deassertOnConnect: false },
          ...{ ackTimeoutUs: 100_000, ackRetries: 3 },
        },
        udpPort: 623,
        random: count => new Uint8Array(count).fill(7),
      },
      {
        send: datagram => this.#sent(Buffer.from(datagram)),
        ...{ connected() {}, readable() {}, writable() {}, happened() {}, warn() {} },
        ended: () => {
          insist(!this.#hasEnded, "it ends twice");
          this.#hasEnded = true;
        },
      },
    );
  }

  run(): void {
    this.#session.start(0);
    for (const { act, bytes } of this.#pieces) {
      if (this.#hasEnded) break;
      this.#sentAtOnce = 0;
      this.#nowMs += 10;
      this.#act(act, bytes);
    }
    // Without another answer it ends by itself.
    for (let count = 0; !this.#hasEnded; count++) {
      insist(count < 1000, "it does not end");
      const { deadlineMs } = this.#session;
      insist(Number.isFinite(deadlineMs), "it waits for ever");
      this.#nowMs = Math.max(this.#nowMs, deadlineMs);
      this.#sentAtOnce = 0;
      this.#session.expire(this.#nowMs);
    }
    insist(this.#session.deadlineMs === Number.POSITIVE_INFINITY, "a deadline after the end");
  }

  #sent(datagram: Buffer): void {
    insist(++this.#sentAtOnce <= 8, "a flood");
    const isSol = datagram[4] === 6 && ((datagram[5] ?? 0) & 0x3f) === PAYLOAD.sol;
    if (!isSol && this.#asked.length < 20) this.#asked.push(datagram);
  }

  #act(act: number, bytes: Buffer): void {
    const { link } = this.#session;
    switch (act) {
      case 1:
        this.#session.receive(bytes, this.#nowMs);
        return;
      case 2:
        this.#nowMs = Math.max(this.#nowMs, Math.min(this.#session.deadlineMs, this.#nowMs + 10_000));
        this.#session.expire(this.#nowMs);
        return;
      case 3:
        this.#say(sessionPacket(PAYLOAD.sol, bytes, this.#consoleId, ++this.#sequence, NO_KEYS));
        return;
      case 4:
        link?.read(Buffer.alloc(4096), this.#nowMs);
        return;
      case 5:
        link?.write(bytes, this.#nowMs);
        return;
      default:
        this.#answer(act === 6 ? bytes : null);
    }
  }

  /** @param wrong the data of the answer, in place of the right one */
  #answer(wrong: Buffer | null): void {
    const asked = this.#asked.shift();
    if (asked === undefined) return;
    if (asked[4] === 0) {
      const data = [...(wrong ?? [1, 0x97, 6, 3, 0, 0, 0, 0])];
      this.#say(packet15(answerTo(asked.subarray(14), 0, data)));
      return;
    }
    const [type, payload] = [(asked[5] ?? 0) & 0x3f, asked.subarray(16)];
    if (type === PAYLOAD.message) {
      const answer = answerTo(payload, wrong?.[0] ?? 0, [...(wrong?.subarray(1) ?? rightData(payload[5] ?? 0))]);
      this.#say(sessionPacket(type, answer, this.#consoleId, ++this.#sequence, NO_KEYS));
    } else if (type !== PAYLOAD.sol) this.#say(openPacket(type + 1, wrong ?? this.#setUp(type, payload)));
  }

  #setUp(type: number, payload: Buffer): Buffer {
    const tag = payload.subarray(0, 1);
    if (type === PAYLOAD.openRequest) this.#consoleId = payload.readUInt32LE(4);
    const head = Buffer.concat([tag, Buffer.from([0, 4, 0]), le32(this.#consoleId)]);
    if (type === PAYLOAD.openRequest) return Buffer.concat([head, le32(BMC_ID), payload.subarray(8)]);
    return type === PAYLOAD.rakp1 ? Buffer.concat([head, Buffer.alloc(32)]) : head;
  }

  #say(datagram: Buffer): void {
    this.#session.receive(datagram, this.#nowMs);
  }
}

/** The data of the answer to a command. */
function rightData(command: number): readonly number[] {
  if (command === 0x3b) return [4];
  if (command === 0x4a) return [1, 0, 0];
  if (command === 0x48) return [0, 0, 0, 0, 64, 0, 64, 0, 0x6f, 2, 255, 255];
  return command === 0x4b ? [1, 2, 3, 4] : [];
}

function raise(text: string): never {
  throw new Error(text);
}

export const IPMI_PARSERS: readonly Parser[] = [packets, solPackets, session];
