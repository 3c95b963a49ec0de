/** The environment of a port: everything outside it that it uses, from app/port-environment.ts or from a test. */
import type { LedConfig, OptionContext, PortConfig, RemoteAddress } from "../config/configuration.js";
import type { NetworkPort } from "../config/network-port.js";
import type { ClockReading, expandTemplate } from "../config/template.js";
import type { Device, LineDevice } from "../device/device.js";
import type { DeviceNodeWatcher } from "../device/node-watcher.js";
import type { DeviceState, TraceState } from "../handover/state.js";
import type { Clock } from "../line/clock.js";
import type { LineCounters } from "../line/modem.js";
import type { Log } from "../log/log.js";
import type { Link, Listener, PeerAddress } from "../net/link.js";
import type { PortListenEvents } from "../net/listen.js";
import type { LinePulses, PulsedLine } from "../pulse/line-pulses.js";
import type { PortHandover } from "./handover.js";
import type { Heartbeat } from "./heartbeat.js";
import type { Connection } from "./peers/connection.js";
import type { UdpRefusals } from "./peers/udp-refusals.js";
import type { DeviceLossCause, PortEvents } from "./port-events.js";
import type { WakeUpBudget } from "./read-pacing.js";
import type { ManagedPort } from "./status.js";
import type { CharacterDelay } from "./transfer/character-delay.js";

export interface PortTraces {
  deviceToNet(bytes: Uint8Array): void;
  netToDevice(bytes: Uint8Array): void;
  opened(peer: PeerAddress): void;
  closedConnection(reason: string): void;
  closedPort(reason: string): void;
  /** Goes on in new files where files were moved away. */
  reopen(): void;
  /** For the process after this one. */
  state(): readonly Omit<TraceState, "name" | "port">[];
  close(): Promise<void>;
}

/** The last bytes of a device, for connections that come later. */
export interface PortReplay {
  add(bytes: Uint8Array): void;
  /** The last bytes, at most `limit`, from the start of a line on, as a copy; and when the last one came (since 1970). */
  last(limit: number): { readonly bytes: Uint8Array; readonly lastMs: number };
  /** Shows a connection that was greeted what there is. @param beforeMarker before a marker line; null: no marker */
  show(connection: Connection, beforeMarker: string | null, limit: number | null): void;
  /** Goes on where the process before this one was. @param left bytes */
  resume(connection: Connection, left: number): void;
  /** What has come outlives the process. */
  flush(): void;
  close(): void;
}

export interface PortLed {
  flash(): void;
  close(): void;
}

export interface ReconnectEvents {
  /** Another port uses the device meanwhile. */
  isBusy(): boolean;
  /** The device went away. False: the port is not in a state to wait for it, and the loss is passed on. */
  lost(reason: string): boolean;
  returned(): void;
  /** It did not come back in time. */
  gaveUp(what: DeviceLossCause): void;
}

export interface HeldDeviceOptions {
  /** Null: it was away already in the process before this one. */
  readonly device: Device | null;
  readonly before: DeviceState | null;
  /** What it was opened with. */
  readonly config: PortConfig;
  readonly environment: Pick<PortEnvironment, "log" | "time" | "nodeWatcher" | "openDevice" | "keepState">;
  readonly events: ReconnectEvents;
}

/** A device that may go away and come back. */
export interface HeldDevice extends Device {
  readonly isAway: boolean;
  /** Its node changed: tries to open it again. */
  attempt(): void;
  /** Goes on waiting for a device that was away in the process before this one. */
  awaitReturn(leftMs: number): void;
}

/** What is counted at a port: events, and bytes of connections and devices that have ended. */
export type Counted =
  | "connects"
  | "refusals"
  | "opens"
  | "openFailures"
  | "bytesFromDevice"
  | "bytesToDevice"
  | "dropped";

/** What RFC 2217 needs of a port. */
export interface ComPortOptions {
  readonly line: LineDevice;
  readonly config: PortConfig;
  readonly defaultSignature: string;
  readonly events: PortEvents;
  readonly clock: Clock;
  /** With esp-auto-reset: they drive what clients ask for. */
  readonly pulses: (() => LinePulses) | null;
}

/** RFC 2217 on the side of a port (port/com-port-control.ts). */
export interface ComPort {
  /** Errors that are counted from, while a peer asks for them; for the process after this one. */
  readonly counters: LineCounters | null;
  /** Goes on telling the peers that the process before this one told. */
  resume(connections: readonly Connection[], counters: LineCounters | null): void;
  /** The peer and the port have agreed to use it; the answer of the port follows. */
  agreed(connection: Connection): void;
  /** The answer has been sent. */
  answered(connection: Connection): void;
  /** A suboption. Throws DeviceError when the device is lost meanwhile. */
  request(connection: Connection, body: Uint8Array): void;
  /** Drives DTR and RTS as requested, in one call. */
  driveNow(): void;
  forget(connection: Connection): void;
  /** The device is there again: other counters, and maybe modem lines where there were none. */
  deviceReturned(): void;
  stop(): void;
}

export interface PortEnvironment {
  readonly log: Log;
  /** Connects and disconnects are not logged. */
  readonly quiet: boolean;
  readonly time: Clock;
  readonly budget: WakeUpBudget;
  readonly heartbeat: Heartbeat;
  readonly defaultSignature: string;
  /** Null: there was no process before this one, or nothing is left of it. */
  readonly handover: PortHandover | null;
  /** By which the next process knows the definition; empty where nothing can be handed over. */
  definitionMark(config: PortConfig): string;
  /** Opens sockets. Throws when none can be opened. */
  listen(spec: NetworkPort, events: PortListenEvents): Listener;
  /**
   * Does the TLS handshake of a new peer, and passes its encrypted link on; null: the link itself. A peer that fails is
   * refused. @param tls the name of a TLS line
   */
  secure(tls: string | null, link: Link, take: (link: Link) => void): void;
  /** The one peer of a port of number zero. */
  standardInput(): Link;
  /** Throws DeviceError (or rejects with it). @param wanted aborted when the device is not wanted any more */
  openDevice(config: PortConfig, wanted: () => AbortSignal): Device | Promise<Device>;
  /** A device that may come back, with `hold=`. Null: its code cannot be loaded, and no device is waited for. */
  holdDevice(options: HeldDeviceOptions): HeldDevice | null;
  /** RFC 2217, for a device whose peers use it. Null: its code cannot be loaded. */
  comPort(options: ComPortOptions): ComPort | null;
  /** The manual page's algorithm, for a port line that asks for it. Null: its code cannot be loaded. */
  characterDelay(...options: ConstructorParameters<typeof CharacterDelay>): CharacterDelay | null;
  /** Refusals to the UDP senders of a port. */
  udpRefusals(): UdpRefusals;
  /** Empty where the code cannot be loaded. */
  readonly expandTemplate: typeof expandTemplate;
  /** Tells whether a device's node is there. */
  readonly nodeWatcher: Pick<DeviceNodeWatcher, "watch" | "isPresent">;
  /** Equal for all names of one device. */
  identify(devicePath: string): string;
  /** TCP wrappers. A promise only when a rule needs a look-up. */
  permitted(link: Link): boolean | Promise<boolean>;
  /** Whether a remaddr list admits the peer. */
  admits(list: readonly RemoteAddress[] | null, peer: PeerAddress): boolean;
  /** The addresses of a remaddr entry now. A name is looked up in the background, and known at a later call. */
  numericAddresses(remote: RemoteAddress): readonly string[];
  /** Null when no trace is configured. */
  openTraces(config: PortConfig, expand: (template: string, anew: boolean) => string): PortTraces | null;
  /** The replay of that definition, instead of the one before; null when none is configured. */
  openReplay(config: PortConfig, before: PortReplay | null): PortReplay | null;
  /** The label of the port in the board profile; null without one. */
  label(portName: string): string | null;
  /** Pulses for the modem lines of a device; their code is loaded at the first call. */
  linePulses(line: PulsedLine): LinePulses;
  led(config: LedConfig | null): PortLed | null;
  /** The context for the words of `setportconfig`. */
  optionContext(): OptionContext;
  /** The time for banners, file names and traces. */
  localTime(): ClockReading;
  /** Another port holds the device of that identity. */
  deviceInUse(identity: string, by: object): boolean;
  nextConnectionId(): number;
  /** Before an update: no new connections. */
  isDraining(): boolean;
  /**
   * For a crash, the state is kept as it is now, not at the end of the turn: telnet options may have changed, or what a
   * connection is told of the line, or the device is gone.
   */
  keepState?(port: string): void;
  /** Of what happens at a port, so many more; for the metrics. */
  count(port: string, what: Counted, by?: number): void;
  /** Something about the port changed. */
  changed(port: ManagedPort): void;
  /** The port has become free and is to be removed. */
  removed(port: ManagedPort): void;
  /** The connection on standard input has ended, or its device could not be opened. */
  stdioEnded(ok: boolean): void;
}
