/** The machine of the measurement. */
import { execFileSync } from "node:child_process";
import { arch, availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import type { Bench } from "./context.js";

export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly kernel: string;
  readonly node: string;
  readonly ser2net: string;
  readonly socat: string;
  readonly commit: string;
  /** Before anything ran: other work disturbs. */
  readonly loadAverage: number;
  readonly level: string;
  readonly rounds: number;
  readonly seconds: number;
}

export function describeMachine({ level, rounds, seconds }: Bench): Machine {
  const memoryGb = Math.round(totalmem() / 1e9);
  return {
    date: new Date().toISOString().slice(0, 16).replace("T", " "),
    cpu: `${availableParallelism()} x ${cpus()[0]?.model.trim() ?? "unknown"} (${arch()}), ${memoryGb} GB`,
    kernel: release(),
    node: process.version,
    ser2net: packageVersion("ser2net"),
    socat: packageVersion("socat"),
    commit: output("git", ["describe", "--always", "--dirty"]),
    loadAverage: loadavg()[0] ?? 0,
    level,
    rounds,
    seconds,
  };
}

function packageVersion(name: string): string {
  return output("dpkg-query", ["-W", name]).split("\t").at(-1) ?? "unknown";
}

function output(program: string, words: readonly string[]): string {
  try {
    return execFileSync(program, words, { encoding: "latin1", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return "unknown";
  }
}
