/** Root's shell in a machine, at the other end of a socket: one command after the other. */
import { connect } from "node:net";
import { Client, type Teardown } from "../support/client.js";
import { until } from "../support/wait.js";

export interface Outcome {
  readonly status: number;
  /** Of both outputs. */
  readonly output: string;
}

export class Shell {
  readonly #client: Client;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  private constructor(client: Client) {
    this.#client = client;
  }

  /** Resolves once there is a shell that answers. */
  static async open(t: Teardown, path: string, alive: () => boolean): Promise<Shell> {
    const shell = await until("the machine's shell", async () => {
      if (!alive()) throw new Error("the machine has ended");
      return connected(path).then(
        client => new Shell(client),
        () => null,
      );
    });
    t.teardown(() => shell.#client.socket.destroy());
    await shell.run("set +m"); // no job notices in the output
    return shell;
  }

  async run(command: string): Promise<string> {
    const { status, output } = await this.attempt(command);
    if (status !== 0) throw new Error(`${command}: ${output.trimEnd()} (exit ${status})`);
    return output;
  }

  /** Calls wait for each other. */
  attempt(command: string): Promise<Outcome> {
    const outcome = this.#last.then(() => this.#attempt(command));
    this.#last = outcome.catch(() => {});
    return outcome;
  }

  async #attempt(command: string): Promise<Outcome> {
    // In two parts, so that a terminal that echoes does not end it.
    const mark = `@@${++this.#count}@@`;
    this.#client.send(`eval ${quote(command)} </dev/null 2>&1; echo "${mark.slice(0, 2)}""${mark.slice(2)}$?@"\n`);
    const answer = await this.#client.expect(new RegExp(`${mark}\\d+@\r?\n`));
    const at = answer.lastIndexOf(mark);
    return {
      status: Number.parseInt(answer.slice(at + mark.length), 10),
      output: answer.slice(0, at).replaceAll("\r\n", "\n"),
    };
  }
}

/** As one word of the shell. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** A client of a socket in the file system. */
export async function connected(path: string): Promise<Client> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once("connect", resolve);
    socket.once("error", reject);
  });
  return new Client(socket);
}
