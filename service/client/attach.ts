/** `ser2net attach`: the console of a port on this terminal, or on standard input and output. */
import { constants } from "node:os";
import { DaemonError } from "../drain/running-daemon.js";
import { toBytes } from "../line/bytes.js";
import type { ClientCommand } from "./arguments.js";
import { replayWord } from "./arguments.js";
import { type ControlAddress, ControlSession } from "./control-session.js";
import { askOnce, type FoundPort, findPort } from "./daemons.js";
import type { DataSession } from "./data-session.js";
import { EscapeKeys, type KeyEvent, menuText } from "./escape-keys.js";
import { FileSender } from "./file-sender.js";
import { type ClientIo, onEndingSignal } from "./io.js";
import { LocalLog } from "./local-log.js";
import { PortMenu } from "./port-menu.js";
import { SessionOutput } from "./session-output.js";
import { RawTerminal } from "./terminal.js";
import { EXIT, SIGNALLED } from "./usage.js";

type Attach = Extract<ClientCommand, { kind: "attach" }>;

/** Output of the device that is kept while a question stands on the screen. */
const MAX_HELD = 262_144;
const CTRL_C = 0x03;

/** Resolves to the exit status. Rejects with DaemonError where it does not begin. */
export async function attach(given: Attach, addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  const found = await findPort(addresses, given.name);
  const control = await ControlSession.open(found.address);
  const isForPeople = process.stdin.isTTY === true && !given.eightBit;
  const words = [
    ...(given.mode === "write" ? [] : [given.mode]),
    "-8",
    ...(isForPeople ? ["notices"] : []),
    ...replayWord(given),
  ];
  const answer = await control.attach(`attach ${found.port} ${words.join(" ")}`);
  if ("length" in answer) {
    control.close();
    for (const line of answer) io.err(`ser2net: ${line}\n`);
    return EXIT.refused;
  }
  return new Console(given, found, answer, io).run();
}

class Console {
  readonly #found: FoundPort;
  readonly #data: DataSession;
  readonly #io: ClientIo;
  /** Null: standard input is not a terminal, or `-8`: there is no menu. */
  readonly #keys: EscapeKeys | null;
  readonly #isTerminal = process.stdin.isTTY === true;
  readonly #menu: PortMenu;
  readonly #log = new LocalLog();
  readonly #sender: FileSender;
  readonly #output: SessionOutput;
  #terminal: RawTerminal | null = null;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #finish: (status: number) => void = () => {};

  constructor(given: Attach, found: FoundPort, data: DataSession, io: ClientIo) {
    this.#found = { address: found.address, port: data.port };
    this.#data = data;
    this.#io = io;
    this.#keys = this.#isTerminal && !given.eightBit ? new EscapeKeys() : null;
    this.#menu = new PortMenu(this.#found);
    this.#sender = new FileSender(data);
    this.#output = new SessionOutput([data], () => this.#finish(EXIT.ended));
  }

  async run(): Promise<number> {
    const finished = new Promise<number>(resolve => {
      this.#finish = resolve;
    });
    const forget = onEndingSignal(signal => this.#finish(SIGNALLED + constants.signals[signal]));
    if (this.#isTerminal) this.#enterTerminal();
    const { port, label, isWriter } = this.#data;
    const help = this.#keys === null ? "" : ", help: Ctrl-] ?";
    const what = isWriter ? "" : ", watching";
    if (this.#isTerminal) this.#note(`attached to ${port}${label === "" ? "" : ` (${label})`}${what}${help}`);
    this.#data.start(
      bytes => this.#fromDevice(bytes),
      reason => void this.#ended(reason),
    );
    if (this.#keys !== null) void this.#menu.start();
    process.stdin.on("data", bytes => this.#typed(bytes));
    process.stdin.on("end", () => void this.#inputEnded());
    process.stdin.on("error", () => this.#finish(EXIT.ended));
    const status = await finished;
    forget();
    process.stdin.pause();
    this.#data.close();
    this.#terminal?.leave();
    this.#log.end();
    if (status > SIGNALLED) return status; // it does not wait for the reader
    return (await this.#output.written()) ? status : EXIT.ended;
  }

  #enterTerminal(): void {
    const terminal = RawTerminal.enter(0);
    this.#terminal = terminal;
    process.on("SIGCONT", () => terminal.enter());
    process.on("SIGTSTP", () => {
      terminal.leave();
      process.kill(process.pid, "SIGSTOP");
    });
  }

  #fromDevice(bytes: Uint8Array): void {
    if (this.#sender.takes(bytes)) return;
    const problem = this.#log.write(bytes);
    if (problem !== null) this.#note(`the log has ended: ${problem}`);
    if (this.#keys?.isAsking && this.#heldBytes < MAX_HELD) {
      this.#held.push(Uint8Array.from(bytes));
      this.#heldBytes += bytes.length;
      return;
    }
    this.#showHeld();
    this.#output.write(Uint8Array.from(bytes));
  }

  #showHeld(): void {
    for (const bytes of this.#held) this.#output.write(bytes);
    this.#held = [];
    this.#heldBytes = 0;
  }

  #typed(bytes: Uint8Array): void {
    if (this.#sender.isActive) {
      if (bytes.includes(CTRL_C)) this.#sender.cancel();
      return;
    }
    if (this.#keys === null) {
      this.#send(bytes);
      return;
    }
    for (const event of this.#keys.feed(bytes)) this.#keyEvent(event);
    if (!this.#keys.isAsking) this.#showHeld();
  }

  #keyEvent(event: KeyEvent): void {
    switch (event.kind) {
      case "data":
        this.#send(event.bytes);
        return;
      case "show":
        process.stdout.write(toBytes(event.text));
        return;
      case "action":
        void this.#act(event.action, event.text);
        return;
      default:
        event satisfies never;
    }
  }

  /** A program that sends faster than the device takes waits; a terminal does not, so that its menu works. */
  #send(bytes: Uint8Array): void {
    if (!this.#data.write(bytes)) {
      if (this.#isTerminal) this.#note("the device takes nothing: input dropped");
      return;
    }
    if (this.#isTerminal) return;
    process.stdin.pause();
    void this.#data.drained().then(() => process.stdin.resume());
  }

  /** The daemon drops what it has not sent when the input ends: a slow reader must not have made it wait. */
  async #inputEnded(): Promise<void> {
    try {
      if (this.#output.endPacing()) await askOnce(this.#found.address, "version"); // it has sent the rest before it answers
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
    }
    this.#data.finish();
  }

  async #act(action: Extract<KeyEvent, { kind: "action" }>["action"], text: string): Promise<void> {
    switch (action) {
      case "quit":
        this.#finish(EXIT.done);
        return;
      case "help":
        process.stdout.write(`\r\n${menuText()}`);
        return;
      case "log":
        this.#note(text === "" ? this.#log.end() : this.#log.start(text));
        return;
      case "send":
      case "zmodem":
        if (text === "") return;
        this.#note(`sending ${text}, Ctrl-C ends it`);
        this.#note(await (action === "send" ? this.#sender.send(text) : this.#sender.zmodem(text)));
        return;
      default:
        try {
          for (const line of await this.#menu.run(action, text)) this.#note(line);
        } catch (error) {
          if (!(error instanceof DaemonError)) throw error;
          this.#note(error.message);
        }
    }
  }

  /** Tells why, as far as it can be known from here. */
  async #ended(reason: string): Promise<void> {
    this.#showHeld();
    await this.#output.written(); // before the reason, which may go to the same reader
    if (process.stdin.readableEnded) {
      this.#finish(EXIT.done);
      return;
    }
    let text = reason === "" ? "the daemon ended the connection" : reason;
    try {
      (await ControlSession.open(this.#found.address)).close();
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
      text = `the daemon has ended (${error.message})`;
    }
    this.#terminal?.leave();
    this.#io.err(`${this.#isTerminal ? "\r\n" : ""}ser2net: ${this.#found.port}: ${text}\n`);
    this.#finish(EXIT.ended);
  }

  #note(text: string): void {
    if (text === "") return;
    if (this.#isTerminal) process.stdout.write(toBytes(`\r\n[${text}]\r\n`));
    else this.#io.err(`ser2net: ${text}\n`);
  }
}
