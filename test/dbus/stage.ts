/** The service on a private bus, with ports that only pretend. */
import type { Test } from "tap";
import { type DbusService, type DbusServiceOptions, startDbus, WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import type { Log } from "../../service/log/log.js";
import type { PortStatus } from "../../service/port/status.js";
import { NO_DRAIN } from "../support/fake-control.js";
import { createFakeManagedPort, type FakeManagedPort } from "../support/fake-managed-port.js";
import type { Incoming } from "../support/incoming.js";
import { until } from "../support/wait.js";
import { type Answer, PrivateBus } from "./private-bus.js";

export const ROOT = "/org/ser2net/Ser2net1";
export const DAEMON = `${WELL_KNOWN_NAME}.Daemon`;
export const PORT = `${WELL_KNOWN_NAME}.Port`;
export const CONNECTION = `${WELL_KNOWN_NAME}.Connection`;
export const UP = `D-Bus: serving ${WELL_KNOWN_NAME}`;

export interface Stage {
  readonly bus: PrivateBus;
  readonly service: DbusService;
  /** By name, as in the registry of ports. */
  readonly ports: Map<string, FakeManagedPort>;
  readonly log: LogLines;
  busctl(...args: readonly string[]): Promise<Answer>;
  call(path: string, interfaceName: string, method: string, ...args: readonly string[]): Promise<Answer>;
  get(path: string, interfaceName: string, property: string): Promise<string>;
}

export interface LogLines extends Log {
  readonly lines: string[];
}

export function collectLog(): LogLines {
  const lines: string[] = [];
  const say = (text: string) => void lines.push(text);
  return { lines, error: say, warning: say, notice: say, info: say };
}

/** Resolves when the service has its name. */
export async function stage(
  t: Test,
  known: readonly Partial<PortStatus>[],
  options: Partial<DbusServiceOptions> = {},
): Promise<Stage> {
  const bus = await PrivateBus.start(t);
  const log = collectLog();
  const ports = new Map(known.map(status => [status.name ?? "7000", createFakeManagedPort(status)]));
  const service = startDbus(standIn({ address: bus.address, ports: registry(ports), log, ...options }));
  t.teardown(() => service.stop());
  await until("the service is on the bus", () => log.lines.includes(UP));
  const busctl = (...args: readonly string[]) => bus.busctl(...args);
  const call = (path: string, interfaceName: string, method: string, ...args: readonly string[]) =>
    busctl("call", WELL_KNOWN_NAME, path, interfaceName, method, ...args);
  const get = async (path: string, interfaceName: string, property: string) =>
    (await busctl("get-property", WELL_KNOWN_NAME, path, interfaceName, property)).output;
  return { bus, service, ports, log, busctl, call, get };
}

export function registry(ports: ReadonlyMap<string, FakeManagedPort>): DbusServiceOptions["ports"] {
  return { list: () => [...ports.values()], find: name => ports.get(name) ?? null };
}

/** Parts for a service that has nothing to do. */
export function standIn(
  options: Partial<DbusServiceOptions> & Pick<DbusServiceOptions, "address" | "log">,
): DbusServiceOptions {
  return {
    busName: WELL_KNOWN_NAME,
    daemon: {
      version: "1.2.3",
      board: null,
      uptimeSeconds: () => 90.5,
      reload: () => [],
      check: () => [],
    },
    ports: { list: () => [], find: () => null },
    drain: NO_DRAIN,
    ...options,
  };
}

export interface Signal {
  readonly member: string;
  readonly path: string;
  readonly data: readonly unknown[];
}

/** The next signal a monitor shows, but for those of the bus itself. */
export async function nextSignal(monitor: Incoming): Promise<Signal> {
  const { member, path, payload } = JSON.parse(Buffer.from(await monitor.expect("\n"), "latin1").toString("utf8"));
  return { member, path, data: payload.data };
}
