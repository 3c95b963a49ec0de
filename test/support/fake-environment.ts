/** Ports on fake devices and links: everything that reaches outside a port, with the test in its place. */
import { isAdmitted } from "../../service/access/remote-address.js";
import type { PortConfig } from "../../service/config/configuration.js";
import { formatNetworkPort, type NetworkPort } from "../../service/config/network-port.js";
import { expandTemplate } from "../../service/config/template.js";
import type { Device } from "../../service/device/device.js";
import { createLog } from "../../service/log/levels.js";
import type { LogFields } from "../../service/log/log.js";
import type { Link, PeerAddress } from "../../service/net/link.js";
import { ComPortControl } from "../../service/port/com-port-control.js";
import type { PortEnvironment } from "../../service/port/environment.js";
import { Heartbeat } from "../../service/port/heartbeat.js";
import { UdpRefusals } from "../../service/port/peers/udp-refusals.js";
import { Port } from "../../service/port/port.js";
import { WakeUpBudget } from "../../service/port/read-pacing.js";
import { ReconnectingDevice } from "../../service/port/reconnecting-device.js";
import { Registry } from "../../service/port/registry.js";
import { CharacterDelay } from "../../service/port/transfer/character-delay.js";
import { LinePulses } from "../../service/pulse/line-pulses.js";
import { Replays } from "../../service/replay/replay.js";
import { readLines } from "../config/read.js";
import { FakeClock } from "./fake-clock.js";
import { createFakeDevice, type FakeDevice } from "./fake-device.js";
import { createFakeLink, type FakeLink } from "./fake-link.js";
import { createFakeListener, type FakeListener } from "./fake-listener.js";

/** What native/poll.ts begins with. */
const TICK_MS = 2;

export class World {
  readonly time = new FakeClock();
  readonly ports = new Registry();
  /** `error text`, in order, but for lines about connections. */
  readonly logged: string[] = [];
  /** Lines about connections. */
  readonly events: { readonly text: string; readonly fields: LogFields }[] = [];
  /** Calls of traces and LEDs: `opened 127.0.0.1`, `closedPort disconnect`, `flash rx` ... */
  readonly traced: string[] = [];
  /** Ports that were removed, and how often each said that it changed. */
  readonly removed: string[] = [];
  readonly stdioEnds: boolean[] = [];
  changes = 0;
  isDraining = false;
  /** Every device ever opened. */
  readonly devices: FakeDevice[] = [];
  readonly environment: PortEnvironment;
  /** Change these as the test goes. */
  open: (config: PortConfig) => Device | Promise<Device> = config => this.makeDevice(config);
  listenFault: Error | null = null;
  permitted: PortEnvironment["permitted"] = () => true;
  /** Other names of devices. */
  readonly identities = new Map<string, string>();
  /** Handshakes of TLS: nothing has a usable TLS line. */
  secured: PortEnvironment["secure"] = (_tls, link) => link.close();
  /** Names of fixed UDP peers; numbers know themselves. */
  readonly names = new Map<string, readonly string[]>();
  /** Whose address was asked for. */
  readonly asked: string[] = [];
  standardInput: () => FakeLink = () => this.#keep(createFakeLink({ address: "unknown", port: 0 }, "stdio"));
  #replays: Replays | null = null;
  readonly #listeners = new Map<string, FakeListener>();
  readonly #links: FakeLink[] = [];
  readonly #absent = new Set<string>();
  readonly #watched = new Set<{ readonly path: string; readonly changed: () => void }>();
  #lastPeer = 40_000;
  #lastId = 0;

  constructor() {
    this.environment = this.#makeEnvironment();
  }

  /** The port that the last of these configuration lines describes, started. */
  port(...lines: readonly string[]): Port {
    return this.start(this.config(...lines));
  }

  /** Throws when its sockets cannot be opened. */
  start(config: PortConfig): Port {
    const port = new Port(config, this.environment);
    this.ports.add(port);
    const problem = port.start();
    if (problem === null) return port;
    this.ports.remove(port);
    throw new Error(problem);
  }

  config(...lines: readonly string[]): PortConfig {
    const { ports, diagnostics } = readLines(...lines);
    if (diagnostics.length > 0) throw new Error(diagnostics.map(({ message }) => message).join());
    const last = ports.at(-1);
    if (last === undefined) throw new Error("no port line");
    return last;
  }

  /** The listener of a network port, closed ones included. */
  listener(name: string): FakeListener {
    const found = this.#listeners.get(name);
    if (found === undefined) throw new Error(`no listener on ${name}`);
    return found;
  }

  /** A peer connects and sends this first; resolves when everything has settled. */
  async call(name: string, first: string | Uint8Array = "", peer: Partial<PeerAddress> = {}): Promise<FakeLink> {
    const link = this.link(peer, name.startsWith("udp,") ? "udp" : "tcp");
    if (first.length > 0) link.send(first);
    this.listener(name).call(link);
    await this.settle();
    return link;
  }

  /** A link that has its turns in `settle`. */
  link(peer: Partial<PeerAddress> = {}, transport: Link["transport"] = "tcp"): FakeLink {
    const { address = "127.0.0.1", port = ++this.#lastPeer } = peer;
    return this.#keep(createFakeLink({ address, port }, transport));
  }

  /** The device that was opened last. */
  get device(): FakeDevice {
    const last = this.devices.at(-1);
    if (last === undefined) throw new Error("no device was opened");
    return last;
  }

  makeDevice(config: PortConfig): FakeDevice {
    const device = createFakeDevice(config.device.path, config.state === "rawlp" ? null : config.line, this.time);
    if (device.line !== null)
      device.line.control = { dtr: config.options.dtr ?? true, rts: config.options.rts ?? true };
    this.devices.push(device);
    return device;
  }

  /** The device's node goes. */
  unplug(path: string): Promise<void> {
    this.#absent.add(path);
    return this.nodeChanged(path);
  }

  /** It comes. */
  plug(path: string): Promise<void> {
    this.#absent.delete(path);
    return this.nodeChanged(path);
  }

  /** Its owner, say. */
  nodeChanged(path: string): Promise<void> {
    for (const one of [...this.#watched]) if (one.path === path) one.changed();
    return this.settle();
  }

  /** How many wait for changes of device nodes. */
  get watchers(): number {
    return this.#watched.size;
  }

  /** Everything that can happen now happens. */
  async settle(): Promise<void> {
    for (let calm = 0; calm < 2; calm++) {
      if (this.#turn() > 0) calm = -1;
      await new Promise(resolve => setImmediate(resolve));
    }
  }

  /** Time passes, and at each millisecond everything happens that can. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed++) {
      this.time.pass(1);
      if (this.time.nowMs() % TICK_MS === 0) this.tick();
      await this.settle();
    }
  }

  /** What waits for a tick is read as soon as it settles. */
  tick(): void {
    for (const one of [...this.#links, ...this.devices]) one.tick();
  }

  #turn(): number {
    return [...this.#links, ...this.devices, ...this.#listeners.values()].reduce(
      (calls, one) => calls + one.settle(),
      0,
    );
  }

  #keep(link: FakeLink): FakeLink {
    this.#links.push(link);
    return link;
  }

  #listen(spec: NetworkPort, accepted: (link: Link) => void, failed: (reason: string) => void): FakeListener {
    if (this.listenFault !== null) throw this.listenFault;
    const listener = createFakeListener(spec, { accepted, failed }, peer => this.link(peer, "udp"));
    this.#listeners.set(formatNetworkPort(spec), listener);
    return listener;
  }

  #makeEnvironment(): PortEnvironment {
    const log = createLog((level, text, fields) => {
      this.logged.push(...(fields === undefined ? [`${level} ${text}`] : []));
      if (fields !== undefined) this.events.push({ text, fields });
    });
    return {
      log,
      quiet: false,
      handover: null,
      definitionMark: config => config.name,
      time: this.time,
      budget: new WakeUpBudget({ cpuMs: () => 0, setTickMs: () => {} }),
      heartbeat: new Heartbeat(this.time),
      defaultSignature: "ser2net",
      listen: (spec, { accepted, failed }) => this.#listen(spec, accepted, failed),
      secure: (tls, link, take) => (tls === null ? take(link) : this.secured(tls, link, take)),
      standardInput: () => this.standardInput(),
      openDevice: config => this.open(config),
      holdDevice: options => new ReconnectingDevice(options),
      comPort: options => new ComPortControl(options),
      characterDelay: (...options) => new CharacterDelay(...options),
      udpRefusals: () => new UdpRefusals(this.time),
      expandTemplate,
      nodeWatcher: {
        watch: (path, changed) => {
          const one = { path, changed };
          this.#watched.add(one);
          return () => this.#watched.delete(one);
        },
        isPresent: path => !this.#absent.has(path),
      },
      identify: path => this.identities.get(path) ?? path,
      permitted: link => this.permitted(link),
      admits: (list, peer) =>
        isAdmitted(
          list?.flatMap(({ host, port }) => this.#addressesOf(host).map(address => ({ address, port }))) ?? null,
          peer,
        ),
      numericAddresses: ({ host }) => {
        this.asked.push(host ?? "");
        return this.#addressesOf(host);
      },
      openTraces: ({ options }) => (options.traceBoth === null ? null : this.#traces()),
      led: config =>
        config === null
          ? null
          : {
              flash: () => void this.traced.push(`flash ${config.name}`),
              close: () => void this.traced.push(`close ${config.name}`),
            },
      openReplay: ({ name, device, options }, before) => {
        if (options.replayBytes === 0 && before === null) return null;
        const { time: clock, environment } = this;
        this.#replays ??= new Replays({ clock, heartbeat: environment.heartbeat, log: environment.log });
        return this.#replays.open(`${name} ${device.path}`, options.replayBytes, before);
      },
      linePulses: line =>
        new LinePulses(line, readLines("PULSE:twice:DTR=0 10ms DTR=1 10ms DTR=0").finalContext.pulses, this.time),
      label: portName => (portName === "7001" ? "Router" : null),
      optionContext: () => readLines().finalContext,
      localTime: () => ({
        epochMs: 0,
        microseconds: 0,
        year: 2026,
        month: 10,
        dayOfMonth: 23,
        dayOfWeek: 1,
        dayOfYear: 326,
        hours: 9,
        minutes: 28,
        seconds: 17,
      }),
      deviceInUse: (identity, by) => this.ports.deviceInUse(identity, by),
      nextConnectionId: () => ++this.#lastId,
      isDraining: () => this.isDraining,
      count: () => {},
      changed: () => void this.changes++,
      removed: port => {
        this.removed.push(port.name);
        this.ports.remove(port);
      },
      stdioEnded: ok => void this.stdioEnds.push(ok),
    };
  }

  #addressesOf(host: string | null): readonly string[] {
    if (host === null) return [];
    return /^[\d.:]+$/.test(host) ? [host] : (this.names.get(host) ?? []);
  }

  #traces(): ReturnType<PortEnvironment["openTraces"]> {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1");
    const note = (line: string): void => void this.traced.push(line);
    return {
      deviceToNet: bytes => note(`deviceToNet ${text(bytes)}`),
      netToDevice: bytes => note(`netToDevice ${text(bytes)}`),
      opened: peer => note(`opened ${peer.address}`),
      closedConnection: reason => note(`closedConnection ${reason}`),
      state: () => [],
      closedPort: reason => note(`closedPort ${reason}`),
      reopen: () => note("reopen"),
      close: async () => note("close"),
    };
  }
}
