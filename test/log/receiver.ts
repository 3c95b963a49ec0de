/** A datagram socket as syslogd has it, held by Python: Node has none. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PROGRAM = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("bound", flush=True)
while True:
    if "held" in sys.argv: sys.stdin.readline()
    print(s.recv(65536).hex(), flush=True)
`;

export interface Receiver {
  /** The next datagram, in latin1. */
  next(): Promise<string>;
  /** Lets a held receiver take one datagram. */
  take(): void;
  stop(): Promise<void>;
}

/** A held one takes a datagram only when told to. */
export async function receive(path: string, ...held: "held"[]): Promise<Receiver> {
  const child: ChildProcess = spawn("python3", ["-c", PROGRAM, path, ...held], { stdio: ["pipe", "pipe", "inherit"] });
  if (child.stdout === null) throw new Error("no pipe");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  await lines.next();
  return {
    next: async () => Buffer.from((await lines.next()).value ?? "", "hex").toString("latin1"),
    take: () => child.stdin?.write("\n"),
    async stop() {
      const gone = once(child, "exit");
      child.kill();
      await gone;
    },
  };
}
