/** The telnet side of a connection. Its mode is fixed when the peer arrives (BUG-25). */
import type { PortOptions } from "../../config/configuration.js";
import type { TelnetState } from "../../handover/state.js";
import type { ModemState } from "../../line/modem.js";
import { BINARY } from "../../telnet/codes.js";
import { TelnetDecoder } from "../../telnet/decoder.js";
import { EnterDecoder } from "../../telnet/enter.js";
import { dataPortPolicy, Negotiation } from "../../telnet/negotiation.js";

export type TelnetOptions = Pick<PortOptions, "remctl" | "telnetEnter">;

export class PeerTelnet {
  readonly decoder = new TelnetDecoder();
  readonly negotiation: Negotiation;
  readonly #enter: EnterDecoder;
  /** RFC 2217 masks: which changes this peer wants to hear of. */
  lineStateMask: number;
  modemStateMask: number;
  /** The modem lines when they were last looked at; null: not yet, so no deltas. */
  modemState: ModemState | null;
  /** The modem state of the last notice, masked. */
  lastSentModemBits: number;
  /** It is to be told of changes (RemoteControl). */
  isWatching: boolean;

  /** @param before of the same connection in the process before this one */
  constructor({ remctl, telnetEnter }: TelnetOptions, before: TelnetState | null = null) {
    const { joinsCrLf, afterCr } = before?.enter ?? { joinsCrLf: telnetEnter === "cr", afterCr: false };
    this.decoder.push(before?.unfinished ?? new Uint8Array(0));
    this.negotiation = new Negotiation(dataPortPolicy(remctl), before?.negotiation);
    this.#enter = new EnterDecoder(joinsCrLf, afterCr);
    this.lineStateMask = before?.lineStateMask ?? 0;
    this.modemStateMask = before?.modemStateMask ?? 0xff;
    this.modemState = before?.modemState ?? null;
    this.lastSentModemBits = before?.lastSentModemBits ?? 0;
    this.isWatching = before?.isWatching ?? false;
  }

  /** Data as it is meant: see EnterDecoder. The bytes may be rewritten in place. */
  decodeData(bytes: Uint8Array): Uint8Array {
    if (!this.negotiation.isEnabled("them", BINARY)) return this.#enter.decode(bytes);
    this.#enter.reset();
    return bytes;
  }

  /** For the process after this one. */
  state(): TelnetState {
    const { lineStateMask, modemStateMask, modemState, lastSentModemBits, isWatching } = this;
    return {
      unfinished: this.decoder.unfinished(),
      negotiation: this.negotiation.state(),
      enter: this.#enter.state(),
      ...{ lineStateMask, modemStateMask, modemState, lastSentModemBits, isWatching },
    };
  }
}
