/** A TCP client, as plain as netcat. */
import { connect, type Socket } from "node:net";
import { Incoming } from "./incoming.js";

export interface Teardown {
  teardown(done: () => unknown): unknown;
}

export class Client extends Incoming {
  readonly socket: Socket;
  /** True once the peer has closed by a reset instead of an orderly end. */
  reset = false;

  constructor(socket: Socket) {
    super();
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on("data", chunk => this.push(chunk));
    socket.on("error", () => {
      this.reset = true;
    });
    socket.on("close", () => this.end());
  }

  static async connect(t: Teardown, port: number, host = "127.0.0.1", from?: string): Promise<Client> {
    const socket = connect({ port, host, ...(from === undefined ? {} : { localAddress: from }) });
    t.teardown(() => socket.destroy());
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new Client(socket);
  }

  /** By a local socket. */
  static async connectLocal(t: Teardown, path: string): Promise<Client> {
    const socket = connect(path);
    t.teardown(() => socket.destroy());
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new Client(socket);
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  }

  /** One command of the control port: its answer, without the echo and the prompt. */
  async ask(command: string): Promise<string> {
    this.send(`${command}\r`);
    await this.expect(`${command}\r\n`);
    return (await this.expect("-> ")).slice(0, -"-> ".length);
  }

  /** Closes our direction only. */
  finish(): void {
    this.socket.end();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.untilEnd();
  }
}

/** One command in a control session of its own, gone when this resolves. */
export async function askControlPort(t: Teardown, controlPort: number, command: string): Promise<string> {
  const session = await Client.connect(t, controlPort);
  await session.expect("-> ");
  const answer = await session.ask(command);
  session.send("exit\r");
  await session.untilEnd();
  return answer;
}

/** True when no program listens there. */
export async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  return new Promise(resolve => {
    socket.once("connect", () => resolve(false));
    socket.once("error", () => resolve(true));
  }).then(refused => {
    socket.destroy();
    return refused as boolean;
  });
}
