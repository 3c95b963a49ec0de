/** A machine of the lab: a container with a system of its own, or a board in QEMU. Its ports are at 127.0.0.1. */
import type { Test } from "tap";
import type { Client } from "../support/client.js";
import type { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";
import { type Outcome, quote } from "./shell.js";

export interface Machine {
  /** A command of root's shell in it: what it prints. Throws when it fails. */
  run(command: string): Promise<string>;
  /** The same for a command that may fail. */
  attempt(command: string): Promise<Outcome>;
  /** The output on its console. */
  console(): string;
}

/** The far end of a serial line of the machine. */
export type FarEnd = PtyDevice | Client;

/** Runs the command until it succeeds. */
export async function eventually(machine: Machine, command: string): Promise<string> {
  let last = "";
  const seen = until(command, async () => {
    const { status, output } = await machine.attempt(command);
    last = output;
    return status === 0 ? { output } : null;
  });
  return (await seen.catch(error => Promise.reject(new Error(`${error.message}; it says ${JSON.stringify(last)}`))))
    .output;
}

/** Puts a file there; its folder is made. */
export async function put(machine: Machine, file: string, lines: readonly string[]): Promise<void> {
  const text = lines.map(line => `${quote(line)}`).join(" ");
  await machine.run(`mkdir -p "$(dirname ${quote(file)})" && printf '%s\\n' ${text} >${quote(file)}`);
}

/** Values of properties that `systemctl show` tells. */
export async function properties(machine: Machine, unit: string, ...names: string[]): Promise<Record<string, string>> {
  const shown = await machine.run(`systemctl show ${unit} ${names.map(name => `-p ${name}`).join(" ")}`);
  const lines = shown.trimEnd().split("\n");
  return Object.fromEntries(lines.map(line => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

/** Says, where a test has failed, what the machine and its daemon have written. */
export function explain(t: Test, machine: Machine): void {
  t.teardown(async () => {
    if (t.passing()) return;
    const asked = machine.attempt("journalctl --no-pager -o cat -n 100 -u 'ser2net*'");
    const { output } = await asked.catch(error => ({ output: `not to be had: ${error.message}` }));
    t.comment(`the journal:\n${output}\nthe console:\n${machine.console().slice(-2000)}`);
  });
}
