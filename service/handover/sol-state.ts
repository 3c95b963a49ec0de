/** The state of a Serial over LAN session, with which the next process continues it. It has keys: keep it in sealed memory, never in a file. */
import { added, bytes, flag, integer, nullable, record, text, type ValueOf } from "./fields.js";
import { DURATION_MS } from "./limits.js";

const WORD = integer(0, 0xffffffff);
const NUMBER = integer(0, 15);
/** Limit of the queues of sol-output.ts and sol-input.ts. */
const QUEUE_BYTES = 1024;
const PACKET_BYTES = 255;
/** Milliseconds until a timer is due; null: it is not running. */
const dueInMs = nullable(integer(0, DURATION_MS));

const SEQUENCE_WINDOW = record({ highest: nullable(WORD), seen: integer(-0x80000000, 0x7fffffff) });

const CHANNEL = record({
  consoleSessionId: WORD,
  bmcSessionId: WORD,
  /** Number of the cipher suite. */
  suite: integer(0, 255),
  integrityKey: nullable(bytes(64)),
  confidentialityKey: nullable(bytes(16)),
  authenticatedSent: WORD,
  otherSent: WORD,
  authenticated: SEQUENCE_WINDOW,
  other: SEQUENCE_WINDOW,
  lastSol: nullable(WORD),
  /** Whether SOL packets are protected, as at the activation. */
  ...{ isAuthenticated: added(flag, true), isEncrypted: added(flag, true) },
});

const OUTPUT = record({
  queue: bytes(QUEUE_BYTES),
  outstanding: nullable(
    record({
      sequence: NUMBER,
      flags: integer(0, 255),
      data: bytes(PACKET_BYTES),
      isTest: flag,
      transmissions: integer(0, 1_000_000),
    }),
  ),
  operations: integer(0, 255),
  sequence: NUMBER,
  isHeld: flag,
  acknowledgesEmpty: flag,
  dueInMs,
});

const INPUT = record({
  queue: bytes(QUEUE_BYTES),
  lastSequence: NUMBER,
  acceptedCount: integer(0, 255),
  isRefusing: flag,
});

const LINK = record({
  output: OUTPUT,
  input: INPUT,
  isWriterWaiting: flag,
  releaseInMs: dueInMs,
  releases: integer(0, 1_000_000),
});

const ACTIVATED = record({
  packetBytes: integer(1, PACKET_BYTES),
  receivedBytes: integer(0, 0xffff),
  udpPort: nullable(integer(0, 0xffff)),
  instance: integer(1, 15),
  owner: nullable(text(64)),
});

export const SOL_SESSION = record({
  channel: CHANNEL,
  activated: ACTIVATED,
  link: LINK,
  /** Sequence number of the last command. */
  commandNumber: integer(0, 0x3f),
});

export const SOL_CONSOLE = record({
  bmc: record({ address: text(255), port: integer(1, 0xffff) }),
  session: SOL_SESSION,
  /** Virtual modem lines, as a peer has set them. */
  control: record({ dtr: flag, rts: flag }),
  breakOn: flag,
  breaks: integer(0, Number.MAX_SAFE_INTEGER),
  overruns: integer(0, Number.MAX_SAFE_INTEGER),
});

export type SequenceWindowState = ValueOf<typeof SEQUENCE_WINDOW>;
export type SolChannelState = ValueOf<typeof CHANNEL>;
export type SolOutputState = ValueOf<typeof OUTPUT>;
export type SolInputState = ValueOf<typeof INPUT>;
export type SolLinkState = ValueOf<typeof LINK>;
export type SolSessionState = ValueOf<typeof SOL_SESSION>;
export type SolConsoleState = ValueOf<typeof SOL_CONSOLE>;
