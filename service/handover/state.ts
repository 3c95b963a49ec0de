/**
 * All that a process hands over to the next one besides the descriptors (docs/design.md, "The state that is handed over").
 * An object with such a state returns it as one of the types at the end of this file, and is made with one. The values here
 * describe how a state is encoded.
 *
 * Times are carried as durations at the moment `takenMs`, since the clocks of two processes differ; a time of day counts from
 * 1970. A new field is `added` with the value that stands for the states without it; no field is given another meaning.
 */
import {
  added,
  bytes,
  flag,
  integer,
  list,
  nullable,
  oneOf,
  record,
  salvaged,
  text,
  unnamed,
  type ValueOf,
} from "./fields.js";
import { DURATION_MS, NAME_BYTES, OBJECTS, PATH_BYTES, PENDING_BYTES } from "./limits.js";
import { SOL_CONSOLE } from "./sol-state.js";

const COUNT = integer(0, Number.MAX_SAFE_INTEGER);
const BYTE = integer(0, 255);
/** Milliseconds since 1970. */
const sinceMs = integer(0, 8.64e15);
const durationMs = integer(0, DURATION_MS);
const pending = bytes(PENDING_BYTES);
const reason = text(1024);
const name = text(NAME_BYTES);
const path = text(PATH_BYTES);

const PEER = record({ address: text(255), port: integer(0, 0xffff) });
const MODE = oneOf("off", "raw", "rawlp", "telnet");
const CONTROL = record({ dtr: flag, rts: flag });
const MODEM_STATE = record({ cts: flag, dsr: flag, dcd: flag, ri: flag });

const LINE_COUNTERS = record({
  ...{ cts: COUNT, dsr: COUNT, ri: COUNT, dcd: COUNT },
  ...{ frame: COUNT, overrun: COUNT, parity: COUNT, break: COUNT, bufferOverrun: COUNT },
});

const LINE_SETTINGS = unnamed({
  speed: integer(1, 0xffffffff),
  dataBits: oneOf(5, 6, 7, 8),
  parity: oneOf("none", "even", "odd", "mark", "space"),
  stopBits: oneOf(1, 2),
  ...{ xonxoffOut: flag, xonxoffIn: flag, xonAny: flag, rtscts: flag, local: flag, hangupWhenDone: flag },
});

// ---- telnet

/** The last answer of each side to an option; null: none yet. */
const OPTION_SIDE = unnamed({
  side: oneOf("us", "them"),
  option: BYTE,
  ours: nullable(flag),
  theirs: nullable(flag),
  awaiting: flag,
  agreed: flag,
});

const NEGOTIATION = record({ sides: list(OPTION_SIDE, 512), answersLeft: COUNT });

/** The bytes of an incomplete command or suboption, in a form that the peer may have sent. */
const unfinished = bytes(2048);

const ENTER = record({ joinsCrLf: flag, afterCr: flag });

const TELNET = record({
  unfinished,
  negotiation: NEGOTIATION,
  enter: ENTER,
  lineStateMask: BYTE,
  modemStateMask: BYTE,
  modemState: nullable(MODEM_STATE),
  lastSentModemBits: BYTE,
  /** The peer asked for notices (RFC 2217). */
  isWatching: flag,
});

// ---- connections

/** Of a control session that is attached to the port. */
const ATTACH = record({
  watch: flag,
  /** Without an escape character. */
  isBinary: flag,
  /** Texts of the daemon are sent between the data. */
  hasNotices: flag,
  /** The escape character has come, its command has not. */
  isEscaped: flag,
  /** Typed and not yet read by the port. */
  input: pending,
});

const CONNECTION = record({
  /** Name of its stored descriptor; for a UDP peer, of the socket of the port. */
  name,
  /** Name of its port. */
  port: path,
  transport: oneOf("tcp", "udp", "stdio", "attach"),
  peer: PEER,
  id: COUNT,
  /** Null: it waits for the port to close, and has no slot yet. */
  slot: nullable(integer(0, OBJECTS)),
  fixed: flag,
  sinceMs,
  idleSeconds: COUNT,
  ...{ bytesFromNet: COUNT, bytesToNet: COUNT },
  /** Output that the link has not taken yet, as sent: telnet commands included. */
  unsent: pending,
  unsentAnswers: COUNT,
  flooding: flag,
  suspended: flag,
  endWhenSent: nullable(reason),
  /** Bytes of the replay that it has not been sent yet. */
  replayLeft: added(COUNT, 0),
  /** Null: a raw connection. */
  telnet: nullable(TELNET),
  /** Datagrams of a UDP peer that are not passed on yet. */
  inbox: list(bytes(65_536), 64),
  /** Of one whose transport is `attach`. */
  attach: added(nullable(ATTACH), null),
  /** False: it watches, and its input is dropped. */
  writes: added(flag, true),
});

// ---- devices

const BREAK = record({
  at: oneOf("off", "waiting", "sending"),
  on: flag,
  timed: flag,
  /** Time left of a timed break that is being sent. */
  leftMs: durationMs,
});

const GATHERED = record({ bytes: pending, waitMs: durationMs, limitMs: durationMs });

/** The bytes of the open port in both directions. */
const TRANSFER = record({
  ...{ bytesFromDevice: COUNT, bytesToDevice: COUNT },
  /** Bytes that the device has not taken yet. */
  unwritten: pending,
  /** Input of one telnet peer that follows `unwritten`: first the decoded part, encoded again, then the part that is not decoded. */
  postponed: nullable(record({ connection: COUNT, decoded: pending, bytes: pending })),
  /** Bytes from the device that wait for chardelay. */
  gathered: nullable(GATHERED),
  /** The part of the closeon text that the device has sent so far. */
  closeOnSeen: pending,
  deviceSilentSeconds: COUNT,
});

const DEVICE = record({
  /** Name of its stored descriptor; empty: the device is missing (hold=). */
  name,
  port: path,
  path,
  kind: oneOf("tty", "printer", "sol", "program", "pty"),
  /** Name of a second stored descriptor: the other side of a pseudo-terminal, the output of a program. */
  secondName: name,
  pid: nullable(integer(1, 0x7fffffff)),
  lock: nullable(path),
  transfer: TRANSFER,
  /** The settings in force; null: the device has no line. */
  line: nullable(LINE_SETTINGS),
  /** The settings of the port line when the device was opened. */
  configuredLine: nullable(LINE_SETTINGS),
  /** Virtual modem lines; null: the device has its own. */
  virtualControl: nullable(CONTROL),
  /** Lines set at the opening or since. */
  driven: record({ dtr: nullable(flag), rts: nullable(flag) }),
  break: BREAK,
  /** The counts that RFC 2217 notices are measured from. */
  counters: nullable(LINE_COUNTERS),
  /** While the device is missing (hold=): the time left for its return. */
  holdLeftMs: nullable(durationMs),
  /** While the device is being closed: the rest of its close string, and the time left for it. */
  closing: nullable(record({ rest: pending, leftMs: durationMs })),
  sol: nullable(SOL_CONSOLE),
});

const TRACE = record({
  name,
  port: path,
  /** As written in the configuration. */
  template: path,
  file: path,
  unwritten: pending,
  overrun: flag,
  /** With `line-timestamp`: the time of the line that has begun is there already. */
  isMidLine: added(flag, false),
});

// ---- ports and operators

const PORT = record({
  name: path,
  /** Checksum of the definition (`definitionMark`), to compare with the one that the next process reads. */
  definition: path,
  /** Set at run time, by the control port or D-Bus; null: as defined. */
  state: nullable(MODE),
  timeoutSeconds: nullable(COUNT),
  /** Words given to `setportconfig` and the like, in order. */
  changes: list(path, 256),
  lastError: nullable(reason),
});

const LISTENER = record({ name, networkPort: path, index: integer(0, OBJECTS), peer: PEER });

const ROTATOR = record({ name: path, next: integer(0, OBJECTS) });

const CONTROL_SESSION = record({
  name,
  peer: PEER,
  sinceMs,
  idleMs: durationMs,
  unfinished,
  negotiation: NEGOTIATION,
  /** The line being typed. */
  line: text(255),
  unsent: pending,
  /** The session ends when `unsent` is sent. */
  isExiting: flag,
  monitor: nullable(record({ port: path, direction: oneOf("tcp", "term") })),
});

export const STATE = record({
  /** CLOCK_MONOTONIC, in milliseconds: the same for all processes until the next boot. */
  takenMs: COUNT,
  nextConnectionId: COUNT,
  ports: salvaged(PORT, OBJECTS),
  listeners: salvaged(LISTENER, OBJECTS),
  rotators: salvaged(ROTATOR, OBJECTS),
  connections: salvaged(CONNECTION, OBJECTS),
  devices: salvaged(DEVICE, OBJECTS),
  traces: salvaged(TRACE, OBJECTS),
  controlSessions: salvaged(CONTROL_SESSION, 64),
});

/** The record of a port in the journal. */
const PORT_RECORD = record({
  takenMs: COUNT,
  port: PORT,
  device: nullable(DEVICE),
  connections: salvaged(CONNECTION, OBJECTS),
  traces: salvaged(TRACE, OBJECTS),
});

/** Parts of a state that are encoded by themselves. */
export const PARTS = {
  ...{ port: PORT, connection: CONNECTION, device: DEVICE, controlSession: CONTROL_SESSION, portRecord: PORT_RECORD },
  solConsole: SOL_CONSOLE,
} as const;

export type DaemonState = ValueOf<typeof STATE>;
export type PortRecord = ValueOf<typeof PORT_RECORD>;
export type PortState = ValueOf<typeof PORT>;
export type AttachState = ValueOf<typeof ATTACH>;
export type ConnectionState = ValueOf<typeof CONNECTION>;
export type TelnetState = ValueOf<typeof TELNET>;
export type NegotiationState = ValueOf<typeof NEGOTIATION>;
export type EnterState = ValueOf<typeof ENTER>;
export type DeviceState = ValueOf<typeof DEVICE>;
export type BreakState = ValueOf<typeof BREAK>;
export type GatheredState = ValueOf<typeof GATHERED>;
export type TransferredState = ValueOf<typeof TRANSFER>;
export type RotatorState = ValueOf<typeof ROTATOR>;
export type TraceState = ValueOf<typeof TRACE>;
export type ControlSessionState = ValueOf<typeof CONTROL_SESSION>;
