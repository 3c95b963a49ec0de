/**
 * What a running daemon hands to its successor beside the descriptors, as plain values. Descriptors are named as they are in
 * the store of the service manager. Every field comes from another process: check it before it is used.
 */
import type { ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";

export interface HandoverState {
  /** Of the program that wrote it. */
  readonly program: string;
  /** Milliseconds since 1970. */
  readonly savedMs: number;
  readonly ports: readonly StoredPort[];
  readonly controlSessions: readonly StoredControlSession[];
}

export interface StoredPort {
  readonly name: string;
  /** Of the definition that was read from the configuration: runtime changes hold only while it is the same. */
  readonly definition: string;
  /** Changed by operators; null: as configured. */
  readonly state: "off" | "raw" | "rawlp" | "telnet" | null;
  readonly timeoutSeconds: number | null;
  /** Words of `setportconfig` and `setportline`, oldest first. */
  readonly words: readonly string[];
  /** Null: no device is open. */
  readonly device: StoredDevice | null;
  readonly connections: readonly StoredConnection[];
}

export interface StoredDevice {
  /** `d-5f2`; null: the device is away (hold), or has no descriptor that can be stored. */
  readonly descriptor: string | null;
  readonly path: string;
  /** In force; a pseudo-terminal does not tell them. */
  readonly settings: LineSettings | null;
  /** Stand-ins for the modem lines of a device that has none. */
  readonly virtualControl: ModemControl | null;
  /** Set by RFC 2217, not yet cleared. */
  readonly breakOn: boolean;
  readonly bytesFromDevice: number;
  readonly bytesToDevice: number;
  /** Not yet taken by the device. */
  readonly unwritten: Uint8Array;
  /** Bytes of the closeon text that have come. */
  readonly closeOnMatched: number;
  /** Gathered by chardelay, not yet sent. */
  readonly gathered: Uint8Array;
}

export interface StoredConnection {
  /** `c-5f2`; null: a UDP peer. */
  readonly descriptor: string | null;
  readonly address: string;
  readonly port: number;
  readonly slot: number;
  readonly fixed: boolean;
  /** Milliseconds since 1970. */
  readonly since: number;
  readonly idleSeconds: number;
  readonly bytesFromNet: number;
  readonly bytesToNet: number;
  /** Owed to the peer, as it goes over the network. */
  readonly unsent: Uint8Array;
  /** Bytes at the end of `unsent` that count as answers. */
  readonly unsentAnswers: number;
  readonly suspended: boolean;
  readonly endWhenSent: string | null;
  /** Read from the peer, not yet decoded: the device was full. */
  readonly postponed: Uint8Array;
  readonly telnet: StoredTelnet | null;
}

export interface StoredTelnet {
  readonly decoder: StoredDecoder;
  readonly negotiation: StoredNegotiation;
  readonly afterCr: boolean;
  readonly lineStateMask: number;
  readonly modemStateMask: number;
  readonly modemState: ModemState | null;
  readonly lastSentModemBits: number;
}

/** Where the decoder is: `suboption` has the bytes that have come of one that is not complete. */
export interface StoredDecoder {
  readonly place: string;
  readonly verb: "will" | "wont" | "do" | "dont";
  readonly option: number;
  readonly suboption: Uint8Array;
}

export interface StoredNegotiation {
  readonly answersLeft: number;
  readonly sides: readonly {
    readonly side: "us" | "them";
    readonly option: number;
    readonly ours: boolean | null;
    readonly theirs: boolean | null;
    readonly awaiting: boolean;
  }[];
}

export interface StoredControlSession {
  /** `m-5f2` */
  readonly descriptor: string;
  readonly idleMs: number;
  readonly decoder: StoredDecoder;
  readonly negotiation: StoredNegotiation;
  /** Typed, not yet entered. */
  readonly line: Uint8Array;
  /** Output not yet sent. */
  readonly unsent: Uint8Array;
  readonly monitor: { readonly port: string; readonly direction: "tcp" | "term" } | null;
}
