/**
 * The objects that exist only while a port's device is open: both directions, the traces, remote control. Bytes are read
 * into one buffer that all ports share, shown to the observers, and written at once; only the part that a full output does
 * not take is copied, and its source is not read until that has left. So an idle connection has no buffer, and a stalled one
 * at most READ_BYTES (twice that with telnet) in each direction.
 */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError, type LineDevice } from "../device/device.js";
import type { DeviceState, TraceState } from "../handover/state.js";
import { toBytes } from "../line/bytes.js";
import type { LineSettings } from "../line/settings.js";
import type { LinePulses } from "../pulse/line-pulses.js";
import { AYT } from "../telnet/codes.js";
import type { TelnetEvent } from "../telnet/decoder.js";
import type { ComPort, PortEnvironment, PortTraces } from "./environment.js";
import type { DataObservers } from "./observers.js";
import type { Connection } from "./peers/connection.js";
import type { Phase } from "./phase.js";
import { type DeviceLossCause, isLoss, type PortEvents } from "./port-events.js";
import { RemoteControl } from "./remote-control.js";
import { DeviceToNet } from "./transfer/device-to-net.js";
import { NetToDevice } from "./transfer/net-to-device.js";
import { type TelnetCommands, TransferState } from "./transfer/transfer-state.js";
import { writeAll } from "./transfer/write-all.js";

/** How long a device may take to accept the close string and to send what it was given, together. */
const CLOSE_LIMIT_MS = 4000;

const LF = 10;

export class OpenPort implements TelnetCommands {
  readonly device: Device;
  readonly config: PortConfig;
  readonly toNet: DeviceToNet;
  readonly toDevice: NetToDevice;
  readonly #transfer: TransferState;
  readonly #remote: RemoteControl | null;
  readonly #traces: PortTraces | null;
  readonly #observers: DataObservers;
  readonly #events: PortEvents;
  readonly #environment: PortEnvironment;
  readonly #connections: ReadonlySet<Connection>;
  /** Null: none was needed yet. */
  #pulses: LinePulses | null = null;

  constructor(options: {
    readonly device: Device;
    readonly config: PortConfig;
    readonly observers: DataObservers;
    /** The live set: the lifecycle adds and removes, both directions read it. */
    readonly connections: Set<Connection>;
    readonly environment: PortEnvironment;
    readonly expandFile: (template: string, anew: boolean) => string;
    readonly events: PortEvents;
    /** Of the process before this one, which had the device open. */
    readonly before: DeviceState | null;
  }) {
    const { device, config, observers, connections, environment, events } = options;
    const { budget, heartbeat, time: clock, characterDelay } = environment;
    this.device = device;
    this.config = config;
    this.#observers = observers;
    this.#events = events;
    this.#environment = environment;
    this.#connections = connections;
    this.#traces = environment.openTraces(config, options.expandFile);
    observers.traces = this.#traces;
    observers.ledRx = environment.led(config.options.ledRx);
    observers.ledTx = environment.led(config.options.ledTx);
    const silentSeconds = options.before?.transfer.deviceSilentSeconds ?? 0;
    this.#transfer = new TransferState(config, heartbeat.second - silentSeconds);
    const transfer = {
      ...{ device, config, observers, clock, budget, heartbeat, characterDelay, connections, events, commands: this },
    };
    const transferred = options.before?.transfer ?? null;
    this.toNet = new DeviceToNet(transfer, this.#transfer, transferred);
    this.toDevice = new NetToDevice(transfer, this.#transfer, transferred);
    const { line } = device;
    this.#remote =
      line === null ? null : new RemoteControl({ line, config, events, comPort: () => this.#createComPort(line) });
    this.lineChanged(device.line?.settings ?? config.line);
  }

  #createComPort(line: LineDevice): ComPort | null {
    const { config } = this;
    const { defaultSignature, time: clock } = this.#environment;
    const pulses = config.options.espAutoReset ? () => this.pulses : null;
    return this.#environment.comPort({ line, config, defaultSignature, events: this.#events, clock, pulses });
  }

  /** For the process after this one. */
  traceStates(): readonly TraceState[] {
    const files = this.#transfer.stopped ? [] : (this.#traces?.state() ?? []);
    return files.map(one => ({ name: "", port: this.config.name, ...one }));
  }

  /** Goes on as the process before this one left it: what it had not written yet comes first. */
  resume(before: DeviceState): void {
    for (const connection of this.#connections) this.join(connection);
    this.#remote?.resume([...this.#connections], before.counters);
    this.toDevice.resume(before.transfer);
    this.toNet.wait();
  }

  /** The opening text first, whole, before any byte of a peer (docs/reference.md, "Order of output"). */
  start(openstr: Uint8Array): void {
    if (openstr.length > 0) this.toDevice.write(openstr);
    this.toNet.wait();
  }

  /** A connection that the process before this one has greeted. */
  join(connection: Connection): void {
    this.#observers.replay?.resume(connection, connection.replayLeft);
    this.toDevice.add(connection);
  }

  /** For the process after this one; null: the device ends with this one. */
  state(): DeviceState | null {
    const { device, config } = this;
    const handover = this.#transfer.stopped ? null : (device.state?.() ?? null);
    if (handover === null) return null;
    const transfer = {
      ...this.toDevice.state(),
      ...this.toNet.state(),
      ...this.#transfer.state(this.#environment.heartbeat.second),
    };
    return {
      ...{ driven: { dtr: null, rts: null }, holdLeftMs: null, closing: null, sol: null, secondName: "", ...handover },
      ...{ port: config.name, path: config.device.path, pid: null, lock: null, transfer },
      ...{ configuredLine: config.line, counters: this.#remote?.counters ?? null },
    };
  }

  /** Negotiation, banner, then device data (docs/reference.md, "Order of output"). */
  welcome(connection: Connection, banner: Uint8Array): void {
    this.#traces?.opened(connection.link.peer);
    if (connection.telnet !== null) connection.sendAside(connection.telnet.negotiation.opening());
    connection.sendAside(banner);
    if (this.#connections.has(connection)) this.#showReplay(connection, banner);
    if (this.#connections.has(connection)) this.toDevice.add(connection); // else it was lost while it was greeted
  }

  /** To a UDP peer nothing: its address may be forged, and a short datagram must not be answered by a long one. */
  #showReplay(connection: Connection, banner: Uint8Array): void {
    const { replay } = this.#observers;
    if (replay === null || connection.link.transport === "udp") return;
    const isText = connection.readsNotices;
    const beforeMarker = banner.length > 0 && banner.at(-1) !== LF ? "\r\n" : "";
    replay.show(connection, isText ? beforeMarker : null, connection.link.attached?.replayBytes ?? null);
  }

  /** Also reads the device again if only this peer blocked it (BUG-10). */
  leave(connection: Connection, reason: string): void {
    this.#remote?.forget(connection);
    this.#traces?.closedConnection(reason);
    this.toDevice.remove(connection);
    this.peerReady();
  }

  /** A peer that was blocked is not any more. */
  peerReady(): void {
    this.toNet.delay?.retry();
    this.toNet.wait();
  }

  /** The time of the next read follows the speed that is in force. */
  lineChanged(line: LineSettings): void {
    this.#transfer.lineChanged(line);
    this.toNet.delay?.lineChanged(line);
  }

  deviceReturned(): void {
    const line = this.device.line?.settings;
    if (line !== undefined) this.lineChanged(line);
    this.#remote?.deviceReturned();
  }

  /** The last peer has gone and the device stays open: what peers have set by RFC 2217 ends, as where it closes. */
  restoreLine(configured: LineSettings): void {
    this.operate(line => {
      if (JSON.stringify(line.settings) !== JSON.stringify(configured)) this.lineChanged(line.set(configured));
    });
  }

  /** An operation on the line. False: the device has none, or was lost during the call. */
  operate(act: (line: LineDevice) => void, cause?: DeviceLossCause): boolean {
    const { line } = this.device;
    return line !== null && this.#guard(() => act(line), cause);
  }

  get pulses(): LinePulses {
    this.#pulses ??= this.#environment.linePulses(this);
    return this.#pulses;
  }

  /** The lines get at once the states they have at the end of what plays. */
  endPulses(): void {
    this.#pulses?.end(true);
  }

  /** The node of the device has gone: one that was unplugged hangs up, sooner or later. */
  checkPresence(): void {
    this.operate(line => line.set(line.settings), "closed port");
  }

  telnet(connection: Connection, event: Exclude<TelnetEvent, { kind: "data" }>): void {
    if (event.kind === "command" && event.code === AYT) {
      const sent = connection.sendAside(toBytes(this.#presence()));
      if (!sent) this.#events.peerMustGo(connection, "telnet output error");
      return;
    }
    this.#guard(() => this.#remote?.handle(connection, event));
  }

  commandsEnd(connection: Connection): void {
    this.#guard(() => this.#remote?.commandsEnd(connection));
  }

  inputEnd(): void {
    this.#environment.keepState?.(this.config.name);
  }

  /** No more bytes, no more traces; what the device has not taken yet is dropped. `close` follows. */
  end(reason: string): void {
    this.#pulses?.end(!isLoss(reason));
    this.#traces?.closedPort(reason);
    this.#observers.traces = null;
    this.#observers.ledRx?.close();
    this.#observers.ledTx?.close();
    this.#transfer.stopped = true;
    this.toDevice.stop();
    this.toNet.stop();
    this.#remote?.stop();
  }

  /**
   * Sends the close string and lets output leave, for CLOSE_LIMIT_MS together, and longer while a slow line sends it; a lost
   * device is only closed.
   * @param atLineSpeed false: for CLOSE_LIMIT_MS at most, the daemon ends
   */
  async close(closestr: Uint8Array, lost: boolean, atLineSpeed: boolean): Promise<void> {
    const clock = this.#environment.time;
    const endMs = clock.nowMs() + CLOSE_LIMIT_MS;
    if (!lost) await writeAll(this.device, closestr, endMs, clock);
    await this.device.close(lost ? 0 : Math.max(0, endMs - clock.nowMs()), atLineSpeed && !lost);
    await this.#traces?.close();
    this.#environment.count(this.config.name, "bytesFromDevice", this.toNet.bytes);
    this.#environment.count(this.config.name, "bytesToDevice", this.toDevice.bytes);
  }

  /** The answer to AYT (RFC 854): `[2001 "Router": 2 connected, device silent for 12 s]`. */
  #presence(): string {
    const { label, heartbeat } = this.#environment;
    const { name } = this.config;
    const shown = label(name);
    const title = shown === null ? name : `${name} "${shown}"`;
    const silent = heartbeat.second - this.#transfer.lastDeviceSecond;
    return `\r\n[${title}: ${this.#connections.size} connected, device silent for ${silent} s]\r\n`;
  }

  /** A device that is lost during a request ends the port as one that is lost during a read. */
  #guard(act: () => void, cause: DeviceLossCause = "dev write error"): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#events.deviceLost(cause, error);
      return false;
    }
  }
}

/** Plays a pulse on the device of the port. Null, or why not. */
export function playPulse(
  { phase, openPort }: { readonly phase: Phase; readonly openPort: OpenPort | null },
  port: string,
  name: string,
): string | null {
  if (phase !== "open" || openPort === null) return `Port is not currently connected: ${port}`;
  const hasLines = openPort.device.line !== null && openPort.config.device.kind !== "sol";
  return hasLines ? openPort.pulses.play(name) : `Port has no modem lines: ${port}`;
}
