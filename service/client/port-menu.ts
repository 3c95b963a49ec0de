/** The commands of the menu that a second control session carries out. */
import { allPorts, askOnce, type FoundPort } from "./daemons.js";
import type { MenuAction } from "./escape-keys.js";

type PortAction = Exclude<MenuAction, "quit" | "help" | "log" | "send" | "zmodem">;

export class PortMenu {
  readonly #found: FoundPort;
  /** The connection of this terminal; null: not known. */
  #connection: number | null = null;

  constructor(found: FoundPort) {
    this.#found = found;
  }

  /** Call directly after the terminal is attached: its connection is the newest one. */
  async start(): Promise<void> {
    const { address, port } = this.#found;
    const { rows } = await allPorts([address]);
    const own = rows.find(({ row }) => row.port === port)?.row.connections.map(({ id }) => id ?? 0) ?? [];
    this.#connection = own.length === 0 ? null : Math.max(...own);
  }

  /** Resolves to the lines that tell the outcome. Rejects with DaemonError. */
  async run(action: PortAction, text: string): Promise<readonly string[]> {
    const { port } = this.#found;
    switch (action) {
      case "break":
        return this.#change(`break ${port}`, "break sent");
      case "dtr":
      case "rts":
        return this.#toggle(action === "dtr" ? "DTR" : "RTS");
      case "pulse":
        return text === "" ? [] : this.#change(`pulse ${port} ${text}`, `pulse ${text} played`);
      case "settings":
        if (text === "") return (await this.#show()).filter(line => /^ {2}device (?:config|controls):/.test(line));
        return this.#change(`setportconfig ${port} ${text}`, "in force when the device is opened next");
      case "who":
        return this.#ask(`who ${port}`);
      case "take":
        return this.#ask(`take ${port} ${this.#connection ?? ""}`);
      case "message":
        return text === "" ? [] : this.#change(`say ${port} ${text}`, "");
      default:
        return action satisfies never;
    }
  }

  /** The lines in force, as `showport` tells them: `RTSHI DTRLO`. */
  async #toggle(line: "DTR" | "RTS"): Promise<readonly string[]> {
    const controls = (await this.#show()).find(one => one.startsWith("  device controls:")) ?? "";
    const state = new RegExp(`${line}(HI|LO)`).exec(controls)?.[1];
    if (state === undefined) return ["the device has no modem lines"];
    const [word, told] = state === "HI" ? ["LO", "off"] : ["HI", "on"];
    return this.#change(`setportcontrol ${this.#found.port} ${line}${word}`, `${line} is ${told}`);
  }

  #show(): Promise<readonly string[]> {
    return this.#ask(`showport ${this.#found.port}`);
  }

  /** An answer is a refusal. */
  async #change(command: string, done: string): Promise<readonly string[]> {
    const answer = await this.#ask(command);
    return answer.length > 0 ? answer : [done];
  }

  #ask(command: string): Promise<readonly string[]> {
    return askOnce(this.#found.address, command);
  }
}
