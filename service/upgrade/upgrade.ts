/**
 * The in-place upgrade, on the side of the running version: a trial of the next version, which then takes its place in this
 * process (execve). This file may be loaded from the folder of the next version already: its interface may only grow.
 */
import { closeSync, existsSync } from "node:fs";
import type { DaemonState } from "../handover/state.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { errorReason, reasonOf } from "../native/errors.js";
import { becomeProgram, sealedFile } from "../native/handover.js";
import { loadModule } from "../native/load-module.js";
import { sendAnswer } from "./answer.js";
import { descriptorList, LIST_VARIABLE } from "./descriptor-list.js";
import { type Program, tryVersion } from "./trial.js";

/** Time for the trial on a slow board. The running version serves meanwhile. */
const TRIAL_MS = 60_000;

interface UpgradingDaemon {
  readonly version: string;
  readonly log: Log;
  /** Arguments of the program from the second one on: first the file of the daemon. */
  readonly args: readonly string[];
  /** As this process was started with it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Sockets of a socket unit. */
  readonly sockets: readonly number[];
  /** Names of the descriptors that the next version gets, by descriptor. */
  descriptors(): ReadonlyMap<number, string>;
  /** Writes a line to all control sessions. */
  tell?(text: string): void;
  /** Resolves when no port is closing its device any more, or after a limit. */
  settled?(): Promise<unknown>;
  /** Why the daemon cannot be replaced now; null: it can. */
  obstacle(): string | null;
  /** The state of the daemon. @param isLast true: for the next version, so no byte may be read or written afterwards */
  state(isLast: boolean): DaemonState;
  /** Called before the last call of `state`. */
  leaving(): void;
  /** The next version could not take its place after all: everything goes on. */
  staying(): void;
  /** Aborted when the daemon ends. */
  readonly signal: AbortSignal;
}

/** Resolves only when the upgrade was refused: else the next version runs in this process. */
export async function upgrade(daemon: UpgradingDaemon, clock: Clock = systemClock, limitMs = TRIAL_MS): Promise<void> {
  const refuse = (reason: string): void => {
    if (daemon.signal.aborted) return;
    daemon.log.error(`Upgrade refused, version ${daemon.version} goes on: ${reason}`);
    sendAnswer({ isDone: false, text: reason });
    daemon.tell?.(`Upgrade refused: ${reason}`);
  };
  try {
    const obstacle = daemon.obstacle();
    if (obstacle !== null) return refuse(obstacle);
    const { encodeState } = loadModule<typeof import("../handover/entry.js")>("./handover.cjs");
    const encode = (isLast: boolean): Uint8Array => encodeState(daemon.state(isLast), daemon.version);
    const verdict = await tryVersion({
      program: programOf(["--try-upgrade", ...daemon.args.slice(1)], daemon.args[0]),
      ...{ state: encode(false), limitMs, clock, signal: daemon.signal },
    });
    if (!("reason" in verdict)) await daemon.settled?.();
    if (daemon.signal.aborted) return;
    if ("reason" in verdict) return refuse(verdict.reason);
    daemon.log.notice(`Upgrade from version ${daemon.version} to ${verdict.version}`);
    refuse(become(daemon, encode));
  } catch (error) {
    refuse(reasonOf(error));
  }
}

/** Becomes the next version. Returns only when that fails: the reason. */
function become(daemon: UpgradingDaemon, encode: (isLast: boolean) => Uint8Array): string {
  const { path, args } = programOf(daemon.args.slice(1), daemon.args[0]);
  const opened: number[] = [];
  daemon.leaving();
  try {
    const state = sealedFile(encode(true));
    opened.push(state);
    const stored = new Map([...daemon.descriptors()].map(([fd, name]) => [name, fd]));
    const list = descriptorList({ sockets: daemon.sockets, stored: stored.set("state", state) });
    opened.push(list);
    const environment = { ...daemon.environment, [LIST_VARIABLE]: `${process.pid}:${list}` };
    const descriptors = [...stored.values(), ...daemon.sockets, list];
    return errorReason(-becomeProgram({ path, args: [path, ...args], environment, descriptors }));
  } catch (error) {
    return reasonOf(error);
  } finally {
    for (const fd of opened) closeSync(fd);
    daemon.staying();
  }
}

/** Node with that file. After an update of the system, the executable of Node may be at another path. */
function programOf(args: readonly string[], file = ""): Program {
  const node = [...process.execArgv, file, ...args];
  if (existsSync(process.execPath)) return { path: process.execPath, args: node };
  return { path: "/usr/bin/env", args: ["node", ...node] };
}
