/**
 * The bytes of one open port, both ways. Bytes are read into one buffer that all ports share, looked at, and written
 * straight on; only what a full output does not take is copied, and then its source is not read until that has left.
 * So an idle connection costs no buffer, and a stalled one at most READ_BYTES (twice that with telnet) in each direction.
 */
import type { LineSettings } from "../../line/settings.js";
import type { Connection } from "../peers/connection.js";
import { DeviceToNet } from "./device-to-net.js";
import { NetToDevice } from "./net-to-device.js";
import { type TransferOptions, TransferState } from "./transfer-state.js";

export class Pump {
  readonly #connections: ReadonlySet<Connection>;
  readonly #state: TransferState;
  readonly #toNet: DeviceToNet;
  readonly #toDevice: NetToDevice;

  constructor(options: TransferOptions) {
    this.#connections = options.connections;
    this.#state = new TransferState(options.config);
    this.#state.lastDeviceSecond = options.heartbeat.second;
    this.#toNet = new DeviceToNet(options, this.#state);
    this.#toDevice = new NetToDevice(options, this.#state);
    this.lineChanged(options.device.line?.settings ?? options.config.line);
  }

  get bytesFromDevice(): number {
    return this.#toNet.bytes;
  }

  get bytesToDevice(): number {
    return this.#toDevice.bytes;
  }

  get waitsForDevice(): boolean {
    return this.#toDevice.blocked;
  }

  get waitsForNet(): boolean {
    return this.#toNet.blocked;
  }

  /** Seconds since the device sent something, or since it was opened. */
  silentSeconds(second: number): number {
    return second - this.#state.lastDeviceSecond;
  }

  /** Opening text first, whole, before any byte of a peer (docs/reference.md, "Order of output"). */
  start(openstr: Uint8Array): void {
    if (openstr.length > 0) this.#toDevice.write(openstr);
    this.#toNet.wait();
  }

  lineChanged(line: LineSettings): void {
    this.#state.lineChanged(line);
    this.#toNet.delay?.lineChanged(line);
  }

  add(connection: Connection): void {
    if (!this.#connections.has(connection)) return; // lost while it was greeted
    this.#toDevice.add(connection);
  }

  /** Also lets the device flow again if this peer was what it waited for (BUG-10). */
  remove(connection: Connection): void {
    this.#toDevice.remove(connection);
    this.peerReady();
  }

  /** A peer that was blocked is not any more. */
  peerReady(): void {
    this.#toNet.delay?.retry();
    this.#toNet.wait();
  }

  /** No more bytes; what the device has not taken yet is dropped. */
  stop(): void {
    this.#state.stopped = true;
    this.#toDevice.stop();
    this.#toNet.stop();
  }
}
