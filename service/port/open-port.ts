/** What exists only while a port's device is open: the pump, the traces, the line under remote control. */
import type { PortConfig } from "../config/configuration.js";
import { type Device, DeviceError, type LineDevice } from "../device/device.js";
import { AYT } from "../telnet/codes.js";
import type { TelnetEvent } from "../telnet/decoder.js";
import type { PortEnvironment, PortLed, PortTraces } from "./environment.js";
import type { DataObservers } from "./observers.js";
import type { Connection } from "./peers/connection.js";
import { RemoteControl } from "./remote-control.js";
import { Pump } from "./transfer/pump.js";

/** How long a device may take to accept the close string and to send what it was given, together. */
const CLOSE_LIMIT_MS = 4000;

export interface OpenPortEvents {
  /** A peer is done (`error` null) or its link failed. */
  peerLost(connection: Connection, error: unknown): void;
  /** As in TransferEvents. */
  dropped(connection: Connection, bytes: number): void;
  /** A peer must go for another reason: `telnet output error`. */
  peerMustGo(connection: Connection, reason: string): void;
  closeOnFound(): void;
  /** A peer changed the line settings. */
  lineChanged(): void;
  deviceLost(what: DeviceLossCause, error: unknown): void;
}

export type DeviceLossCause = "closed port" | "dev read error" | "dev write error";

export class OpenPort {
  readonly device: Device;
  readonly pump: Pump;
  readonly config: PortConfig;
  readonly #remote: RemoteControl | null;
  readonly #traces: PortTraces | null;
  /** For bytes from the device, and to it. */
  readonly #leds: readonly (PortLed | null)[];
  readonly #observers: DataObservers;
  readonly #events: OpenPortEvents;
  readonly #environment: PortEnvironment;
  readonly #connections: ReadonlySet<Connection>;

  constructor(options: {
    readonly device: Device;
    readonly config: PortConfig;
    readonly observers: DataObservers;
    readonly connections: Set<Connection>;
    readonly environment: PortEnvironment;
    readonly expandFile: (template: string) => string;
    readonly events: OpenPortEvents;
  }) {
    const { device, config, observers, environment, events } = options;
    this.device = device;
    this.config = config;
    this.#observers = observers;
    this.#events = events;
    this.#environment = environment;
    this.#connections = options.connections;
    this.#traces = environment.openTraces(config, options.expandFile);
    observers.traces = this.#traces;
    this.#leds = [environment.led(config.options.ledRx), environment.led(config.options.ledTx)];
    [observers.ledRx = null, observers.ledTx = null] = this.#leds;
    this.pump = new Pump({
      device,
      config,
      observers,
      ticker: environment.ticker,
      heartbeat: environment.heartbeat,
      connections: options.connections,
      events: {
        deviceLost: (what, error) => events.deviceLost(what, error),
        peerLost: (who, error) => events.peerLost(who, error),
        dropped: (who, bytes) => events.dropped(who, bytes),
        telnet: (who, event) => this.#telnet(who, event),
        commandsEnd: who => this.#guard(() => this.#remote?.commandsEnd(who)),
        closeOnFound: () => events.closeOnFound(),
      },
    });
    this.#remote =
      device.line === null
        ? null
        : new RemoteControl({
            line: device.line,
            config,
            defaultSignature: environment.defaultSignature,
            lineChanged: line => {
              this.pump.lineChanged(line);
              events.lineChanged();
            },
            overflow: who => events.peerMustGo(who, "telnet output error"),
          });
  }

  /** Negotiation, banner, then device data (docs/reference.md, "Order of output"). */
  welcome(connection: Connection, banner: Uint8Array): void {
    this.#traces?.opened(connection.link.peer);
    if (connection.telnet !== null) connection.sendAside(connection.telnet.negotiation.opening());
    connection.sendAside(banner);
    this.pump.add(connection);
  }

  /** What an operator does to the line. False: there is none, or it went away under that. */
  operate(act: (line: LineDevice) => void): boolean {
    const { line } = this.device;
    return line !== null && this.#guard(() => act(line));
  }

  leave(connection: Connection, reason: string): void {
    this.#remote?.forget(connection);
    this.#traces?.closedConnection(reason);
    this.pump.remove(connection);
  }

  /** No more bytes, no more traces. `close` follows. */
  end(reason: string): void {
    this.#traces?.closedPort(reason);
    this.#observers.traces = null;
    for (const led of this.#leds) led?.close();
    this.pump.stop();
    this.#remote?.stop();
  }

  /**
   * Sends the close string and lets output leave, for CLOSE_LIMIT_MS together, and longer while a slow line sends it; a lost
   * device is only closed.
   * @param atLineSpeed false: for CLOSE_LIMIT_MS at most, the daemon ends
   */
  async close(closestr: Uint8Array, lost: boolean, atLineSpeed: boolean): Promise<void> {
    const end = performance.now() + CLOSE_LIMIT_MS;
    if (!lost) await writeAll(this.device, closestr, end);
    await this.device.close(lost ? 0 : Math.max(0, end - performance.now()), atLineSpeed && !lost);
    await this.#traces?.close();
  }

  #telnet(connection: Connection, event: Exclude<TelnetEvent, { kind: "data" }>): void {
    if (event.kind === "command" && event.code === AYT) {
      const sent = connection.sendAside(Buffer.from(this.#presence(), "latin1"));
      if (!sent) this.#events.peerMustGo(connection, "telnet output error");
      return;
    }
    this.#guard(() => this.#remote?.handle(connection, event));
  }

  /** The answer to AYT (RFC 854): `[2001 "Router": 2 connected, device silent for 12 s]`. */
  #presence(): string {
    const [config, environment, connections] = [this.config, this.#environment, this.#connections];
    const label = environment.label(config.name);
    const title = label === null ? config.name : `${config.name} "${label}"`;
    const silent = this.pump.silentSeconds(environment.heartbeat.second);
    return `\r\n[${title}: ${connections.size} connected, device silent for ${silent} s]\r\n`;
  }

  /** A device that goes away under a request ends the port like one that goes away under a read. */
  #guard(act: () => void): boolean {
    try {
      act();
      return true;
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      this.#events.deviceLost("dev write error", error);
      return false;
    }
  }
}

/** Writes as the device accepts it, until `endMs` on the clock of performance.now(). */
async function writeAll(device: Device, bytes: Uint8Array, endMs: number): Promise<void> {
  let rest = bytes;
  try {
    while (rest.length > 0 && performance.now() < endMs) {
      rest = rest.subarray(device.write(rest));
      if (rest.length > 0) await writable(device, endMs);
    }
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error;
  }
}

function writable(device: Device, endMs: number): Promise<void> {
  return new Promise(resolve => {
    const limit = setTimeout(resolve, Math.max(1, endMs - performance.now()));
    device.whenWritable(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
