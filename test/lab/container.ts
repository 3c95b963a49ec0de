/** A Debian tree booted in a container: real systemd and D-Bus on this host's kernel, nothing emulated. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "../support/client.js";
import { type Running, runProgram, temporaryFolder } from "../support/daemon.js";
import { until } from "../support/wait.js";
import type { Machine } from "./machine.js";
import { connected, type Outcome, Shell } from "./shell.js";

/** There is no system bus on this host that knows the container, and PID 1 may not be systemd. */
const ALONE = ["--register=no", "--keep-unit", "--timezone=off", "--resolv-conf=off"];

export class Container implements Machine {
  readonly #running: Running;
  readonly #shell: Shell;

  private constructor(running: Running, shell: Shell) {
    this.#running = running;
    this.#shell = shell;
  }

  /**
   * Resolves when all its units have started. It shares our network: the test that calls this has one of its own.
   * /lab/pts has this host's pseudo-terminals.
   */
  static async boot(t: Teardown, tree: string): Promise<Container> {
    const folder = join(temporaryFolder(t), "lab");
    mkdirSync(folder);
    const binds = [`--bind=${folder}:/lab`, "--bind=/dev/pts:/lab-pts"];
    const command = ["systemd-nspawn", ...ALONE, ...binds, "-D", tree, "--boot"].join(" ");
    // Without a terminal around it, it says nothing and does not end.
    const running = runProgram(t, "script", ["-qfec", command, "/dev/null"]);
    const client = await until("the container's shell", () => {
      if (running.process.exitCode !== null) throw new Error(`the container has ended: ${running.output.text}`);
      return connected(join(folder, "shell")).catch(() => null);
    });
    const shell = new Shell(client);
    const container = new Container(running, shell);
    t.teardown(() => container.#stop());
    await shell.run("systemctl is-system-running --wait");
    return container;
  }

  run(command: string): Promise<string> {
    return this.#shell.run(command);
  }

  attempt(command: string): Promise<Outcome> {
    return this.#shell.attempt(command);
  }

  console(): string {
    return this.#running.output.text;
  }

  async #stop(): Promise<void> {
    await this.#shell.attempt("systemctl poweroff").catch(() => {});
    await this.#running.exit();
  }
}
