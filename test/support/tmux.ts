/** Technicians at terminals of tmux, each with a shell. */
import { execFileSync } from "node:child_process";
import type { Teardown } from "./client.js";
import { until } from "./wait.js";

let servers = 0;

export class Tmux {
  readonly #server = `ser2net-test-${process.pid}-${servers++}`;
  readonly #environment: NodeJS.ProcessEnv;

  constructor(t: Teardown, environment: NodeJS.ProcessEnv = {}) {
    this.#environment = { ...process.env, TMUX: "", PS1: "$ ", ENV: "", ...environment };
    t.teardown(() => {
      try {
        this.#run("kill-server");
      } catch {
        // it has ended with its last terminal
      }
    });
  }

  /** A terminal with that name, and a shell in it. */
  open(name: string): void {
    this.#run("new-session", "-d", "-s", name, "-x", "100", "-y", "40", "/bin/sh");
  }

  /** Keys as they are. */
  type(name: string, keys: string): void {
    this.#run("send-keys", "-t", name, "-H", ...[...Buffer.from(keys, "latin1")].map(byte => byte.toString(16)));
  }

  screen(name: string): string {
    return this.#run("capture-pane", "-p", "-t", name);
  }

  /** Waits until the screen shows it. */
  async see(name: string, text: string | RegExp): Promise<string> {
    const shows = (screen: string) => (typeof text === "string" ? screen.includes(text) : text.test(screen));
    let last = "";
    try {
      return await until(`${name} sees ${text}`, () => {
        last = this.screen(name);
        return shows(last) && last;
      });
    } catch (error) {
      throw new Error(`${name} sees ${JSON.stringify(last)}, not ${text}`, { cause: error });
    }
  }

  #run(...words: string[]): string {
    const args = ["-L", this.#server, "-f", "/dev/null", ...words];
    return execFileSync("tmux", args, {
      encoding: "utf8",
      env: this.#environment,
      stdio: ["ignore", "pipe", "ignore"],
    });
  }
}
