/** A state in which each field has a value of its own, and no list is empty. */

import type { SolConsoleState } from "../../service/handover/sol-state.js";
import type { ConnectionState, DaemonState, DeviceState, TelnetState } from "../../service/handover/state.js";

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, byte) => byte);

export const TELNET: TelnetState = {
  unfinished: Uint8Array.of(255, 250, 44, 1, 0, 255, 255),
  negotiation: {
    sides: [
      { side: "us", option: 0, ours: true, theirs: null, awaiting: true, agreed: true },
      { side: "them", option: 44, ours: false, theirs: true, awaiting: false, agreed: false },
    ],
    answersLeft: 9998,
  },
  enter: { joinsCrLf: true, afterCr: true },
  lineStateMask: 0x1e,
  modemStateMask: 0xf0,
  modemState: { cts: true, dsr: false, dcd: true, ri: false },
  lastSentModemBits: 0x90,
  isWatching: true,
};

export const CONNECTION: ConnectionState = {
  ...{ name: "c-5f2", port: "2000", transport: "tcp", peer: { address: "::ffff:192.0.2.7", port: 40_000 } },
  ...{ id: 17, slot: 0, fixed: false, sinceMs: 1_795_860_000_000, idleSeconds: 12 },
  ...{ bytesFromNet: 2 ** 40, bytesToNet: 3, unsent: ALL_BYTES, unsentAnswers: 7, flooding: true, suspended: true },
  ...{ endWhenSent: "closeon sequence found", telnet: TELNET, inbox: [Uint8Array.of(1), Uint8Array.of(2, 3)] },
  ...{ replayLeft: 0, attach: null, writes: true },
};

export const SOL: SolConsoleState = {
  bmc: { address: "192.0.2.9", port: 623 },
  session: {
    channel: {
      ...{ consoleSessionId: 0xffffffff, bmcSessionId: 0x11223344, suite: 17 },
      ...{ integrityKey: new Uint8Array(32).fill(0xa5), confidentialityKey: new Uint8Array(16).fill(0x5a) },
      ...{ authenticatedSent: 9, otherSent: 0, authenticated: { highest: 77, seen: -5 } },
      ...{ other: { highest: null, seen: 0 }, lastSol: 76, isAuthenticated: true, isEncrypted: true },
    },
    activated: { packetBytes: 64, receivedBytes: 255, udpPort: 623, instance: 1, owner: "1.2.3.4" },
    link: {
      output: {
        queue: Uint8Array.of(97, 98),
        outstanding: { sequence: 15, flags: 0, data: Uint8Array.of(97), isTest: false, transmissions: 2 },
        ...{ operations: 16, sequence: 15, isHeld: true, acknowledgesEmpty: true, dueInMs: 900 },
      },
      input: { queue: Uint8Array.of(99), lastSequence: 3, acceptedCount: 1, isRefusing: true },
      ...{ isWriterWaiting: true, releaseInMs: null, releases: 2 },
    },
    commandNumber: 63,
  },
  ...{ control: { dtr: true, rts: false }, breakOn: true, breaks: 1, overruns: 2 },
};

export const DEVICE: DeviceState = {
  ...{
    name: "d-1",
    port: "2000",
    path: "/dev/ttyS\xe41",
    kind: "tty",
    secondName: "d-2",
    pid: 4711,
    lock: "/var/lock/LCK..ttyS1",
  },
  transfer: {
    ...{ bytesFromDevice: 5, bytesToDevice: 6, unwritten: Uint8Array.of(0, 255) },
    postponed: { connection: 17, decoded: Uint8Array.of(255, 243), bytes: Uint8Array.of(8, 255) },
    gathered: { bytes: Uint8Array.of(65), waitMs: 3, limitMs: 20 },
    ...{ closeOnSeen: Uint8Array.of(13), deviceSilentSeconds: 9 },
  },
  line: {
    ...{ speed: 115_200, dataBits: 7, parity: "even", stopBits: 2, xonxoffOut: true, xonxoffIn: false, xonAny: true },
    ...{ rtscts: true, local: false, hangupWhenDone: true },
  },
  configuredLine: {
    ...{ speed: 9600, dataBits: 8, parity: "none", stopBits: 1, xonxoffOut: false, xonxoffIn: false, xonAny: false },
    ...{ rtscts: false, local: true, hangupWhenDone: false },
  },
  ...{ virtualControl: { dtr: false, rts: true }, driven: { dtr: null, rts: true } },
  break: { at: "sending", on: true, timed: true, leftMs: 120 },
  counters: { cts: 1, dsr: 2, ri: 3, dcd: 4, frame: 5, overrun: 6, parity: 7, break: 8, bufferOverrun: 9 },
  ...{ holdLeftMs: 4000, closing: { rest: Uint8Array.of(98, 121, 101), leftMs: 2500 }, sol: SOL },
};

export const STATE: DaemonState = {
  ...{ takenMs: 123_456_789, nextConnectionId: 18 },
  ports: [
    {
      ...{ name: "2000", definition: "1q2w-3e4r", state: "telnet", timeoutSeconds: 600 },
      ...{ changes: ["19200 7DATABITS", "-chardelay"], lastError: "Input/output error" },
    },
  ],
  listeners: [{ name: "l-1", networkPort: "2000", index: 1, peer: { address: "::", port: 2000 } }],
  rotators: [{ name: "3000", next: 2 }],
  connections: [CONNECTION],
  devices: [DEVICE],
  traces: [
    {
      name: "t-1",
      port: "2000",
      template: "/tmp/\\d",
      file: "/tmp/x",
      unwritten: Uint8Array.of(50),
      overrun: true,
      isMidLine: false,
    },
  ],
  controlSessions: [
    {
      ...{
        name: "m-1",
        peer: { address: "127.0.0.1", port: 50_000 },
        sinceMs: 1_795_860_000_001,
        idleMs: 1500,
        unfinished: Uint8Array.of(255),
      },
      ...{ negotiation: TELNET.negotiation, line: "showp\xe9", unsent: Uint8Array.of(45, 62, 32) },
      isExiting: true,
      monitor: { port: "2000", direction: "term" },
    },
  ],
};
