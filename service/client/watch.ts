/** `ser2net watch`: the output of one or several ports, read-only, each line with its port. */
import { constants } from "node:os";
import { toBytes, toText } from "../line/bytes.js";
import type { Cancel } from "../line/clock.js";
import { type ClientCommand, replayWord } from "./arguments.js";
import { type ControlAddress, ControlSession } from "./control-session.js";
import { findPort } from "./daemons.js";
import type { DataSession } from "./data-session.js";
import { type ClientIo, onEndingSignal } from "./io.js";
import { PrefixedLines } from "./prefixed-lines.js";
import { SessionOutput } from "./session-output.js";
import { EXIT, SIGNALLED } from "./usage.js";

type Watch = Extract<ClientCommand, { kind: "watch" }>;

/** A line that a device does not go on with is shown after this time: a prompt. */
const PROMPT_MS = 300;

/** Resolves to the exit status. Rejects with DaemonError. */
export async function watch(given: Watch, addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  const sessions: DataSession[] = [];
  for (const name of given.names) {
    const found = await findPort(addresses, name);
    const control = await ControlSession.open(found.address);
    const answer = await control.attach(`attach ${found.port} watch -8 ${replayWord(given).join("")}`.trim());
    if ("length" in answer) {
      control.close();
      for (const line of answer) io.err(`ser2net: ${line}\n`);
      return EXIT.refused;
    }
    sessions.push(answer);
  }
  return new Screen(sessions, given, io).run();
}

class Screen {
  readonly #sessions: readonly DataSession[];
  readonly #given: Watch;
  readonly #io: ClientIo;
  readonly #output: SessionOutput;
  #left: number;
  /** The port whose begun line ends the screen. */
  #last: PrefixedLines | null = null;
  #finish: (status: number) => void = () => {};

  constructor(sessions: readonly DataSession[], given: Watch, io: ClientIo) {
    this.#sessions = sessions;
    this.#given = given;
    this.#io = io;
    this.#left = sessions.length;
    this.#output = new SessionOutput(sessions, () => this.#finish(EXIT.refused));
  }

  /** Until a signal, or until the daemons have ended all sessions. */
  async run(): Promise<number> {
    const finished = new Promise<number>(resolve => {
      this.#finish = resolve;
    });
    const forget = onEndingSignal(signal =>
      this.#finish(signal === "SIGINT" ? EXIT.done : SIGNALLED + constants.signals[signal]),
    );
    for (const session of this.#sessions) this.#show(session);
    const status = await finished;
    forget(); // another one ends the wait for the reader
    for (const session of this.#sessions) session.close();
    return status > SIGNALLED || (await this.#output.written()) ? status : EXIT.refused;
  }

  #show(session: DataSession): void {
    const name = session.label === "" ? session.port : session.label;
    const lines = new PrefixedLines(() => `${this.#time()}${name}: `);
    let cancelPrompt: Cancel = () => {};
    session.start(
      bytes => {
        cancelPrompt();
        this.#write(lines, lines.push(toText(bytes)));
        cancelPrompt = this.#io.clock.after(PROMPT_MS, () => this.#write(lines, lines.flush()));
      },
      reason => {
        cancelPrompt();
        this.#write(lines, lines.flush());
        this.#write(null, "");
        void this.#ended(session, reason);
      },
    );
  }

  async #ended(session: DataSession, reason: string): Promise<void> {
    await this.#output.written(); // the reason may go to the same reader
    this.#io.err(`ser2net: ${session.port}: ${reason === "" ? "the daemon ended the connection" : reason}\n`);
    if (--this.#left === 0) this.#finish(EXIT.ended);
  }

  #write(lines: PrefixedLines | null, text: string): void {
    if (lines !== null && text === "") return;
    const broken = this.#last !== null && this.#last !== lines ? this.#last.interrupt() : "";
    this.#last = lines;
    this.#output.write(toBytes(broken + text));
  }

  #time(): string {
    return this.#given.timestamps ? `${this.#io.clock.date().toISOString()} ` : "";
  }
}
