/** Root's shell in a machine, at the other end of a socket: one command after the other. */
import { connect } from "node:net";
import { Client } from "../support/client.js";

export interface Outcome {
  readonly status: number;
  /** The text of both outputs. */
  readonly output: string;
}

export class Shell {
  readonly #client: Client;
  #count = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Client) {
    this.#client = client;
  }

  /** Takes everything up to this line, which a shell that has just started says. */
  async greeted(line: string): Promise<void> {
    await this.#client.expect(new RegExp(`${line}\r?\n`));
    await this.run("set +m"); // no job notices in the output
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

/** Quotes a text as one word of the shell. */
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
