/** Makes the environment of the ports: sockets, devices, access rules, traces, LEDs. */
import { isAdmitted } from "../access/remote-address.js";
import type { LedConfig, OptionContext, PortConfig, PortOptions, RemoteAddress } from "../config/configuration.js";
import type { DeviceNodeWatcher } from "../device/node-watcher.js";
import { deviceIdentity, type OpenRequest, openDevice } from "../device/open.js";
import type { TraceState } from "../handover/state.js";
import type { Led } from "../led/led.js";
import { processorMs, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { setTickMs } from "../native/poll.js";
import type { Inherited } from "../net/inherited.js";
import type { Link } from "../net/link.js";
import { listen } from "../net/listen.js";
import { RemoteNames } from "../net/remote-names.js";
import { standardInput } from "../net/stdio.js";
import type { PortEnvironment, PortReplay } from "../port/environment.js";
import type { PortHandover } from "../port/handover.js";
import { Heartbeat } from "../port/heartbeat.js";
import { writeIfOpen } from "../port/peers/admission.js";
import { WakeUpBudget } from "../port/read-pacing.js";
import type { Registry } from "../port/registry.js";
import type { ManagedPort } from "../port/status.js";
import type { Totals } from "../port/totals.js";
import type { Replays } from "../replay/replay.js";
import { type Bundles, isTraced, loadSol } from "./bundles.js";
import { definitionMark } from "./handover.js";
import { createWrappers } from "./hosts-access.js";
import type { Journal } from "./journal.js";
import { readLocalTime } from "./local-time.js";
import { loadPulses } from "./pulses.js";

/** What the manual page calls the two daemons of the TCP wrappers. */
type WrappedDaemon = "ser2net" | "ser2net-control";

interface PortEnvironmentOptions {
  readonly log: Log;
  readonly ports: Registry;
  readonly bundles: Bundles;
  readonly nodeWatcher: DeviceNodeWatcher;
  readonly inherited: Inherited;
  readonly quiet: boolean;
  /** UUCP locks. */
  readonly locking: boolean;
  readonly signature: string;
  /** Null: the kernel itself flashes it, or LEDs cannot be loaded. */
  openLed(config: LedConfig): Led | null;
  optionContext(): OptionContext;
  changed(port: ManagedPort): void;
  removed(port: ManagedPort): void;
  stdioEnded(ok: boolean): void;
  isDraining(): boolean;
  /** A connection has come. */
  readonly connected: () => void;
  readonly label: (portName: string) => string | null;
  /** Null: nothing is taken over. */
  readonly handover: TakenPorts | null;
  /** Null: there is no store. */
  readonly totals: Totals;
  readonly journal: Pick<Journal, "keep" | "note"> | null;
}

interface TakenPorts extends PortHandover {
  readonly nextConnectionId: number;
  /** The file that the port had open for that template; null: it had none. */
  traceFile(port: string, template: string): TraceState | null;
}

export function createPortEnvironment(options: PortEnvironmentOptions): PortEnvironment {
  const { log, ports, inherited, locking, handover } = options;
  const names = new RemoteNames();
  const withPort = (remote: RemoteAddress) => names.addresses(remote).map(address => ({ address, port: remote.port }));
  const [time, heartbeat, permitted] = [systemClock, new Heartbeat(systemClock), createAccessCheck("ser2net", log)];
  const { secure, holdDevice, comPort, characterDelay, udpRefusals, expandTemplate } = options.bundles;
  let ids = handover?.nextConnectionId ?? 0;
  return {
    ...{ log, quiet: options.quiet, time, count: options.totals.add, heartbeat },
    ...{ handover, definitionMark },
    budget: new WakeUpBudget({ cpuMs: processorMs, setTickMs }),
    defaultSignature: options.signature,
    listen: (spec, events) => listen(spec, inherited, events, time),
    openDevice: createDeviceOpener(log, locking),
    ...{ secure, holdDevice, comPort, characterDelay, udpRefusals, expandTemplate },
    ...{ standardInput, permitted, nodeWatcher: options.nodeWatcher, identify: deviceIdentity },
    admits: (list, peer) => isAdmitted(list?.flatMap(withPort) ?? null, peer),
    numericAddresses: remote => names.addresses(remote),
    openTraces: createTraceOpener(options),
    openReplay: createReplayOpener(options, heartbeat),
    linePulses: line => new (loadPulses().LinePulses)(line, options.optionContext().pulses, time),
    led: config => (config === null ? null : options.openLed(config)),
    label: options.label,
    optionContext: () => options.optionContext(),
    localTime: () => readLocalTime(time),
    deviceInUse: (identity, by) => ports.deviceInUse(identity, by),
    nextConnectionId: () => {
      options.connected();
      return ++ids;
    },
    isDraining: () => options.isDraining(),
    keepState: port => options.journal?.keep(port),
    changed: port => {
      options.journal?.note(port.name);
      options.changed(port);
    },
    removed: port => options.removed(port),
    stdioEnded: ok => options.stdioEnded(ok),
  };
}

/** Opens the trace files of a port. A file that the process before this one had open is continued. */
function createTraceOpener({ log, handover, bundles }: PortEnvironmentOptions): PortEnvironment["openTraces"] {
  return (config, expand) => {
    const traces = isTraced(config) ? bundles.traces() : null;
    if (traces === null) return null;
    const { name, options } = config;
    const { traceRead: read, traceWrite: write, traceBoth: both } = options;
    const open = (template: string, anew = false) =>
      (anew ? null : handover?.traceFile(name, template)) ?? expand(template, anew);
    return traces.openTraces({ read, write, both, log: logConfig(options) }, open, error =>
      log.error(traces.describeTraceError(error, name)),
    );
  };
}

/** Null without a word of its own: the files of such a port are those of ser2net 3.5.4. */
function logConfig({ alwaysOpen, lineTimestamp, traceSize: size, traceKeep: keep }: PortOptions) {
  return alwaysOpen || lineTimestamp || size > 0 ? { rotation: { size, keep }, lineTimestamp } : null;
}

/** The replay of a port; what the process before this one has kept goes on. */
function createReplayOpener({ log, bundles }: PortEnvironmentOptions, heartbeat: Heartbeat) {
  let replays: Replays | null = null;
  return ({ name, device, options }: PortConfig, before: PortReplay | null): PortReplay | null => {
    if (options.replayBytes === 0 && before === null) return null;
    const bundle = bundles.replay();
    if (bundle === null) return null;
    replays ??= new bundle.Replays({ clock: systemClock, heartbeat, log });
    return replays.open(`port ${name} (${device.path})`, options.replayBytes, before);
  };
}

/** Opens the device of a port: a tty, a printer or a SOL console. @param locking with a UUCP lock */
function createDeviceOpener(log: Log, locking: boolean): PortEnvironment["openDevice"] {
  const warn = (text: string): void => log.warning(text);
  let openSol: PortEnvironment["openDevice"] | null = null;
  return (config, wanted) => {
    if (config.device.kind !== "sol") return openDevice(deviceRequest(config, log, locking));
    openSol ??= loadSol().createSolOpener(warn);
    return openSol(config, wanted);
  };
}

/** How a tty or a printer of that definition is opened. */
export function deviceRequest({ device, state, line, options }: PortConfig, log: Log, lock: boolean): OpenRequest {
  const { clearBreak, rs485 } = options;
  const warn = (text: string): void => log.warning(text);
  return { path: device.path, printer: state === "rawlp", line, control: options, clearBreak, rs485, lock, warn };
}

/** Checks a link by the TCP wrappers. The result is a promise only where a rule needs a look-up. */
export function createAccessCheck(
  daemon: WrappedDaemon,
  log: Log,
  access = createWrappers(),
): (link: Link) => boolean | Promise<boolean> {
  return link => {
    const verdict = access.check({ daemon, client: link.peer, server: link.local() });
    const report = (one: Awaited<typeof verdict>): boolean => {
      for (const warning of one.warnings) log.warning(warning);
      if (one.banner !== null) writeIfOpen(link, one.banner);
      return one.granted;
    };
    return verdict instanceof Promise ? verdict.then(report) : report(verdict);
  };
}
