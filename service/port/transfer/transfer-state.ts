/** State that the two directions of an open port share. */
import type { PortConfig } from "../../config/configuration.js";
import type { Device } from "../../device/device.js";
import type { TransferredState } from "../../handover/state.js";
import type { Clock } from "../../line/clock.js";
import { bitsPerCharacter, type LineSettings } from "../../line/settings.js";
import type { TelnetEvent } from "../../telnet/decoder.js";
import type { PortEnvironment } from "../environment.js";
import type { Heartbeat } from "../heartbeat.js";
import type { DataObservers } from "../observers.js";
import type { Connection } from "../peers/connection.js";
import type { PortEvents } from "../port-events.js";
import { type LineTiming, RecentData, type WakeUpBudget } from "../read-pacing.js";

export const READ_BYTES = 16_384;
export const DATAGRAM_BYTES = 65_536;
/** Reads of one source, and their bytes, in one turn; then the other ports are read. More bytes would not be faster. */
export const READS_PER_TURN = 64;
export const BYTES_PER_TURN = 8_192;
/** Half of the 4096 bytes a tty keeps for its reader: no more than that may gather between two ticks. */
const GATHERED_BYTES = 2048;

/** One for all ports: what was read is valid until the next read of any port. */
const shared = new Uint8Array(DATAGRAM_BYTES);
const sharedRead = shared.subarray(0, READ_BYTES);

/** Room for a read of at most `limit` bytes. */
export function roomFor(limit: number): Uint8Array {
  return limit === READ_BYTES ? sharedRead : shared.subarray(0, limit);
}

/** Telnet commands of the peers, in their place between the data. */
export interface TelnetCommands {
  telnet(connection: Connection, event: Exclude<TelnetEvent, { kind: "data" }>): void;
  /** All commands that arrived together have been passed on. */
  commandsEnd(connection: Connection): void;
  /** A read that had commands in it has been worked through, or ends inside of one. */
  inputEnd(): void;
}

export interface TransferOptions {
  readonly device: Device;
  readonly config: PortConfig;
  readonly observers: DataObservers;
  readonly events: PortEvents;
  readonly commands: TelnetCommands;
  readonly clock: Clock;
  readonly budget: WakeUpBudget;
  readonly heartbeat: Heartbeat;
  readonly characterDelay: PortEnvironment["characterDelay"];
  /** The live set: the lifecycle adds and removes, both directions read it. */
  readonly connections: Set<Connection>;
}

/** The state of one direction that the other one uses, and that of the line. */
export class TransferState {
  readonly toNet = new RecentData();
  readonly toDevice = new RecentData();
  timing: LineTiming = { byteMs: 1, longestTickMs: 0 };
  /** Of the heartbeat, when the device sent something last, or was opened. */
  lastDeviceSecond: number;
  stopped = false;
  readonly #batches: boolean;

  constructor(config: PortConfig, second: number) {
    this.lastDeviceSecond = second;
    this.#batches = config.options.chardelay.enabled;
  }

  /** For the process after this one. */
  state(second: number): Pick<TransferredState, "deviceSilentSeconds"> {
    return { deviceSilentSeconds: Math.max(0, second - this.lastDeviceSecond) };
  }

  /** The settings in force have changed. */
  lineChanged(line: LineSettings): void {
    const byteMs = (bitsPerCharacter(line) * 1000) / line.speed;
    this.timing = { byteMs, longestTickMs: this.#batches ? GATHERED_BYTES * byteMs : 0 };
  }
}
