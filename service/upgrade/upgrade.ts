/**
 * The upgrade in place, on the side of the version that runs: a trial of the next one, then that one takes its place in this
 * process (execve). Files of the next version may be on disk already when this is loaded: the interface only grows.
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

/** For a start on a slow board. The version that runs serves meanwhile. */
const TRIAL_MS = 20_000;

interface UpgradingDaemon {
  readonly version: string;
  readonly log: Log;
  /** Of the program, from the second one on: the file of the daemon first. */
  readonly args: readonly string[];
  /** As this process got it. */
  readonly environment: NodeJS.ProcessEnv;
  /** Of a socket unit. */
  readonly sockets: readonly number[];
  /** What outlives the process. */
  descriptors(): ReadonlyMap<number, string>;
  /** A line for the control sessions. */
  tell?(text: string): void;
  /** Resolves soon, when no port is closing its device. */
  settled?(): Promise<unknown>;
  /** Why the daemon cannot be replaced now; null: it can. */
  obstacle(): string | null;
  /** @param isLast true: no byte moves afterwards */
  state(isLast: boolean): DaemonState;
  /** The next call is the last one. */
  leaving(): void;
  /** The other version could not take its place after all: control sessions are over, everything else goes on. */
  staying(): void;
  /** Aborted when the daemon ends. */
  readonly signal: AbortSignal;
}

/** Resolves where the daemon stays as it is. */
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

/** Returns only where that fails: why. */
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

/** Node with that file. Its own file may have another place after an update of the system. */
function programOf(args: readonly string[], file = ""): Program {
  const node = [...process.execArgv, file, ...args];
  if (existsSync(process.execPath)) return { path: process.execPath, args: node };
  return { path: "/usr/bin/env", args: ["node", ...node] };
}
