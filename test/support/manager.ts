/** A service manager's notification socket: what the daemon says, one text a datagram. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { type Running, runProgram } from "./daemon.js";

const RECEIVER = `import json, socket, sys, time
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + sys.argv[1][1:] if sys.argv[1][0] == "@" else sys.argv[1])
print("bound", flush=True)
while True:
    text = receiver.recv(8192)
    monotonic = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    print(json.dumps({"text": text.decode(), "monotonicUs": monotonic}), flush=True)
`;

export interface Datagram {
  readonly text: string;
  readonly monotonicUs: number;
}

export class Manager {
  /** For $NOTIFY_SOCKET. */
  readonly address: string;
  readonly #running: Running;

  private constructor(address: string, running: Running) {
    this.address = address;
    this.#running = running;
  }

  static async start(t: Teardown, kind: "path" | "abstract" = "path"): Promise<Manager> {
    const name = `ser2net-notify-${process.pid}-${started++}`;
    const address = kind === "abstract" ? `@${name}` : join(tmpdir(), name);
    if (kind === "path") t.teardown(() => rmSync(address, { force: true }));
    const running = runProgram(t, "python3", ["-c", RECEIVER, address]);
    await running.output.expect("bound\n");
    return new Manager(address, running);
  }

  async next(): Promise<Datagram> {
    return JSON.parse(await this.#running.output.expect("\n"));
  }

  async nextText(): Promise<string> {
    return (await this.next()).text;
  }

  /** While it is paused, what it is told fills the kernel's queue. */
  pause(): void {
    this.#running.process.kill("SIGSTOP");
  }

  resume(): void {
    this.#running.process.kill("SIGCONT");
  }
}

let started = 0;
