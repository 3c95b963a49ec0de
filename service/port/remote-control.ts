/** Remote control of the line by telnet peers: negotiations and breaks; RFC 2217 is `com-port-control.ts`. */
import type { PortConfig } from "../config/configuration.js";
import type { LineDevice } from "../device/device.js";
import type { LineCounters } from "../line/modem.js";
import { BRK, COM_PORT, DM } from "../telnet/codes.js";
import type { TelnetEvent } from "../telnet/decoder.js";
import type { ComPort } from "./environment.js";
import type { Connection } from "./peers/connection.js";
import type { PortEvents } from "./port-events.js";

interface RemoteControlOptions {
  readonly line: LineDevice;
  readonly config: PortConfig;
  readonly events: PortEvents;
  /** Makes what answers RFC 2217; null: it cannot be loaded. */
  readonly comPort: () => ComPort | null;
}

export class RemoteControl {
  readonly #line: LineDevice;
  readonly #config: PortConfig;
  readonly #events: PortEvents;
  readonly #createComPort: () => ComPort | null;
  /** Null: no peer has agreed to it. */
  #comPort: ComPort | null = null;

  constructor({ line, config, events, comPort }: RemoteControlOptions) {
    this.#line = line;
    this.#config = config;
    this.#events = events;
    this.#createComPort = comPort;
  }

  /** The answer leaves with `commandsEnd`. Throws DeviceError when the device is lost meanwhile. */
  handle(connection: Connection, event: Exclude<TelnetEvent, { kind: "data" }>): void {
    connection.gather();
    switch (event.kind) {
      case "command":
        if (!connection.writes) return;
        if (event.code === BRK || (event.code === DM && this.#config.options.telnetBrkOnSync)) this.#line.sendBreak();
        return;
      case "negotiate":
        this.#negotiate(connection, event.verb, event.option);
        return;
      case "suboption":
        if (event.option === COM_PORT && connection.comPortAgreed)
          this.#neededComPort()?.request(connection, event.bytes);
        return;
      default:
        event satisfies never;
    }
  }

  /** Drives DTR and RTS as requested, in one call, and sends the answers. */
  commandsEnd(connection: Connection): void {
    this.#comPort?.driveNow();
    if (!connection.sendTogether()) this.#overflow(connection);
  }

  /** Errors that are counted from, while a peer asks for them; for the process after this one. */
  get counters(): LineCounters | null {
    return this.#comPort?.counters ?? null;
  }

  /** Goes on telling the peers that the process before this one told. */
  resume(connections: readonly Connection[], counters: LineCounters | null): void {
    if (counters === null && !connections.some(one => one.telnet?.isWatching === true)) return;
    this.#neededComPort()?.resume(connections, counters);
  }

  forget(connection: Connection): void {
    this.#comPort?.forget(connection);
  }

  deviceReturned(): void {
    this.#comPort?.deviceReturned();
  }

  stop(): void {
    this.#comPort?.stop();
  }

  #neededComPort(): ComPort | null {
    this.#comPort ??= this.#createComPort();
    return this.#comPort;
  }

  #negotiate(connection: Connection, verb: "will" | "wont" | "do" | "dont", option: number): void {
    const { telnet } = connection;
    if (telnet === null) return;
    const { reply, changed } = telnet.negotiation.receive(verb, option);
    const agreed = changed?.option === COM_PORT && changed.side === "them";
    if (agreed && changed.enabled) this.#neededComPort()?.agreed(connection);
    if (agreed && !changed.enabled) {
      this.forget(connection);
      connection.resume(); // it could not ask for that any more
    }
    if (reply.length > 0 && !connection.sendAside(reply)) this.#overflow(connection);
    if (agreed && changed.enabled) this.#comPort?.answered(connection);
  }

  /** The peer does not read its answers. */
  #overflow(connection: Connection): void {
    this.#events.peerMustGo(connection, "telnet output error");
  }
}
