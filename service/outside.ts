/** Gives ports what reaches outside: sockets, devices, access rules, traces, LEDs. */
import { createHostsAccess } from "./access/hosts-files.js";
import { isAdmitted } from "./access/remote-address.js";
import { readClock } from "./clock.js";
import type { LedConfig, OptionContext } from "./config/configuration.js";
import { deviceIdentity, openDevice } from "./device/open.js";
import type { Presence } from "./device/presence.js";
import type { Leds } from "./led/sysfs.js";
import type { Log } from "./log/log.js";
import type { Inherited } from "./net/inherited.js";
import type { Link } from "./net/link.js";
import { listen } from "./net/listen.js";
import { RemoteNames } from "./net/remote-names.js";
import { standardInput } from "./net/stdio.js";
import type { Operable } from "./port/facts.js";
import type { PortParts } from "./port/parts.js";
import { tell } from "./port/refuse.js";
import type { Registry } from "./port/registry.js";
import { Heartbeat, Ticker } from "./port/ticker.js";
import { describeTraceError, openTraces } from "./trace/traces.js";

/** What the manual page calls the two daemons of the TCP wrappers. */
export type WrappedDaemon = "ser2net" | "ser2net-control";

export interface OutsideParts {
  readonly log: Log;
  readonly ports: Registry;
  readonly leds: Leds;
  readonly presence: Presence;
  readonly inherited: Inherited;
  /** UUCP locks. */
  readonly locking: boolean;
  readonly signature: string;
  /** A LED that the kernel flashes by itself. */
  showsTraffic(led: LedConfig): boolean;
  optionContext(): OptionContext;
  changed(port: Operable): void;
  removed(port: Operable): void;
  stdioEnded(ok: boolean): void;
}

export function createOutside(parts: OutsideParts): PortParts {
  const { log, ports, leds, inherited, locking } = parts;
  const names = new RemoteNames();
  const permitted = createPermission("ser2net", log);
  let connectionIds = 0;
  return {
    log,
    ticker: new Ticker(),
    heartbeat: new Heartbeat(),
    defaultSignature: parts.signature,
    listen: (spec, events) => listen(spec, inherited, events),
    standardInput,
    openDevice: ({ device, state, line, options }) =>
      openDevice({
        path: device.path,
        printer: state === "rawlp",
        line,
        clearBreak: options.clearBreak,
        rs485: options.rs485,
        lock: locking,
        warn: text => log.warning(text),
      }),
    presence: parts.presence,
    identify: deviceIdentity,
    permitted,
    admits: (list, peer) =>
      isAdmitted(
        list?.flatMap(remote => names.addresses(remote).map(address => ({ address, port: remote.port }))) ?? null,
        peer,
      ),
    numericAddresses: remote => names.addresses(remote),
    openTraces: ({ name, options: { traceRead: read, traceWrite: write, traceBoth: both } }, expand) =>
      openTraces({ read, write, both }, expand, error => log.error(describeTraceError(error, name))),
    led: config => (config === null || parts.showsTraffic(config) ? null : leds.open(config)),
    optionContext: () => parts.optionContext(),
    clock: readClock,
    deviceInUse: (identity, by) => ports.deviceInUse(identity, by),
    nextConnectionId: () => ++connectionIds,
    changed: port => parts.changed(port),
    removed: port => parts.removed(port),
    stdioEnded: ok => parts.stdioEnded(ok),
  };
}

/** TCP wrappers: at once, or a promise where a rule has to look something up. */
export function createPermission(
  daemon: WrappedDaemon,
  log: Log,
  access = createHostsAccess(),
): (link: Link) => boolean | Promise<boolean> {
  return link => {
    const verdict = access.check({ daemon, client: link.peer, server: link.local() });
    const judge = (one: Awaited<typeof verdict>): boolean => {
      for (const warning of one.warnings) log.warning(warning);
      if (one.banner !== null) tell(link, one.banner);
      return one.granted;
    };
    return verdict instanceof Promise ? verdict.then(judge) : judge(verdict);
  };
}
