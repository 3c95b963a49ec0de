/**
 * What the daemon hands to the next process, and takes over from the previous one. The work is the bundle handover.cjs, loaded
 * where there is a store, where there is something to take over, and for an upgrade in place.
 */
import { VERSION } from "../cli.js";
import type { PortConfig } from "../config/configuration.js";
import type { ControlServer } from "../control/server.js";
import type { DaemonState } from "../handover/state.js";
import { monotonicMs } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { sealedFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";
import { handOver, hasDescriptorStore } from "../native/stored-descriptors.js";
import type { Registry } from "../port/registry.js";
import type { Journal } from "./journal.js";
import type { TakenOver } from "./taken-over.js";

/** How long the process waits at its end until the service manager has read all messages. */
const BARRIER_MS = 5000;

interface StatefulDaemon {
  readonly ports: Registry;
  readonly served: { rotatorStates(): DaemonState["rotators"] };
}

/** What a process is started with: sockets of a socket unit, and what the previous process has left. */
export interface HandedOver {
  readonly sockets: readonly number[];
  /** Null: the previous process has left nothing. */
  readonly takenOver: TakenOver | null;
  /** Null: there is no store. */
  readonly journal: Journal | null;
}

/** Takes over what the previous process has left. Where the bundle cannot be loaded that is nothing, and the log says so. */
export function takeOver(
  stored: ReadonlyMap<string, number>,
  log: Log,
  request: Parameters<typeof TakenOver.read>[1],
): Pick<HandedOver, "takenOver" | "journal"> {
  const isLeft = stored.size > 0;
  const handover = isLeft || hasDescriptorStore() ? tryHandover(log) : null;
  return {
    takenOver: handover !== null && isLeft ? handover.TakenOver.read(log, request) : null,
    journal: handover !== null && hasDescriptorStore() ? new handover.Journal(log) : null,
  };
}

/** Puts the state into the store, beside the descriptors. False: there is no store, or it failed, which is logged. */
export function giveState(state: DaemonState, log: Log): boolean {
  try {
    return handOver(sealedFile(loadHandover().encodeState(state, VERSION)), BARRIER_MS);
  } catch (error) {
    log.error(`The state cannot be handed over: ${reasonOf(error)}`);
    return false;
  }
}

/** As handover/definition.ts makes it; empty where the bundle cannot be loaded. */
export function definitionMark(config: PortConfig): string {
  try {
    return loadHandover().definitionMark(config);
  } catch {
    return ""; // nothing can be handed over
  }
}

/** The state for the next process. The sessions of `control` must not run any more afterwards. */
export function daemonState({ ports, served }: StatefulDaemon, control: ControlServer | null): DaemonState {
  for (const port of ports.list()) port.endPulses();
  const controlSessions = control?.states() ?? []; // first: this finishes the commands under way
  const states = ports.list().map(port => port.state());
  return {
    takenMs: monotonicMs(),
    nextConnectionId: Math.max(0, ...states.flatMap(({ connections }) => connections.map(({ id }) => id))),
    ports: states.map(({ port }) => port),
    listeners: [],
    rotators: served.rotatorStates(),
    connections: states.flatMap(({ connections }) => connections),
    devices: states.flatMap(({ device }) => device ?? []),
    traces: states.flatMap(({ traces }) => traces),
    controlSessions,
  };
}

type Bundle = typeof import("./handover-entry.js");

function loadHandover(): Bundle {
  return loadModule<Bundle>("./handover.cjs");
}

function tryHandover(log: Log): Bundle | null {
  try {
    return loadHandover();
  } catch (error) {
    log.error(`Connections and devices are not taken over, and not kept: ${reasonOf(error)}`);
    return null;
  }
}
