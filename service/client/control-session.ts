/** A session of the control language with a daemon: behind its local socket, or by TCP with telnet. */
import { connect, type Socket } from "node:net";
import { ANSWER_MS, DaemonError } from "../drain/running-daemon.js";
import { toBytes, toText } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import { TelnetDecoder } from "../telnet/decoder.js";
import type { TlsFiles } from "./arguments.js";
import { DataSession } from "./data-session.js";
import { connectTls } from "./tls.js";

export type ControlAddress =
  | { readonly name: string; readonly path: string }
  | {
      readonly name: string;
      readonly host: string;
      readonly port: number;
      readonly family: 0 | 4 | 6;
      readonly tls?: TlsFiles | null;
    };

const PROMPT = "-> ";
const PROMPTS = /^(?:-> )+/;
/** Asked for after each command, to see where its answer ends: a notice to the session has a prompt of its own. */
const LAST = "version";
const LAST_ANSWER = "ser2net version ";
/** The longest answer taken, in bytes: the largest replay, and the rest. */
const MAX_ANSWER = 17 * 1024 * 1024;
/** The daemon discards longer lines. */
const MAX_COMMAND = 255;

export class ControlSession {
  readonly #socket: Socket;
  readonly #name: string;
  /** Null: the local socket has no telnet. */
  readonly #decoder: TelnetDecoder | null;
  readonly #clock: Clock;
  #received = "";
  #connected = false;
  /** It has shown that it is a control port. */
  #answered = false;
  #failure: DaemonError | null = null;
  #changed: () => void = () => {};

  private constructor(socket: Socket, name: string, decoder: TelnetDecoder | null, clock: Clock) {
    this.#clock = clock;
    this.#socket = socket;
    this.#name = name;
    this.#decoder = decoder;
    socket.on("connect", () => {
      this.#connected = true;
    });
    socket.on("data", bytes => {
      if (decoder === null) this.#received += toText(bytes);
      else for (const event of decoder.push(bytes)) if (event.kind === "data") this.#received += toText(event.bytes);
      if (this.#received.length > MAX_ANSWER) this.#fail("failed", "its answer has no end");
      this.#changed();
    });
    socket.on("error", error => this.#ended(decoder === null ? localReason(error) : networkReason(error)));
    // A refusal is its last line: access denied, too many sessions.
    socket.on("close", () => this.#ended(this.#received.trim().split("\n").at(-1) || this.#silence("it has ended")));
  }

  /** Resolves when the daemon has shown its prompt. Rejects with DaemonError, as every call here. */
  static async open(address: ControlAddress, clock: Clock = systemClock): Promise<ControlSession> {
    const isLocal = "path" in address;
    const socket = isLocal ? connect({ path: address.path }) : connectTcp(address);
    const session = new ControlSession(socket, address.name, isLocal ? null : new TelnetDecoder(), clock);
    try {
      await session.#until(() => session.#received.endsWith(PROMPT));
    } catch (error) {
      session.close();
      throw error;
    }
    return session;
  }

  /** The lines of the answer. @param command one character a byte, as all texts here */
  async ask(command: string): Promise<readonly string[]> {
    if (command.length > MAX_COMMAND) throw new DaemonError("failed", "the text is too long for a command");
    if (/[\0-\x1f\x7f]/.test(command)) throw new DaemonError("failed", "a command takes no control characters");
    this.#send(`${command}\r${LAST}\r`);
    await this.#until(() => this.#received.endsWith(PROMPT) && this.#received.includes(LAST_ANSWER));
    this.#answered = true;
    const lines = answerOf(this.#received.split("\r\n"), command);
    const unknown = lines.find(line => line.startsWith("Unknown command"));
    if (unknown !== undefined) throw new DaemonError("failed", `${this.#name}: ${unknown}`);
    return lines;
  }

  /**
   * Becomes a data session: nothing may be called afterwards. Or, where the daemon refuses, the reason in lines.
   * @param command `attach PORT -8`
   */
  async attach(command: string): Promise<DataSession | readonly string[]> {
    // What belongs to the end of the line must not be the first byte of the data.
    this.#send(`${command}${this.#decoder === null ? "\n" : "\r\0"}`);
    let answer = readAttached(this.#received, command);
    await this.#until(() => {
      answer = readAttached(this.#received, command);
      return answer !== null;
    });
    if (answer === null) throw new DaemonError("failed", `${this.#name}: no answer`);
    if (!("line" in answer)) return answer;
    this.#socket.removeAllListeners();
    return new DataSession(this.#socket, this.#decoder, answer.line, toBytes(answer.rest));
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(commands: string): void {
    this.#received = "";
    if (this.#failure === null) this.#socket.write(toBytes(commands));
  }

  async #until(isThere: () => boolean): Promise<void> {
    const cancel = this.#clock.after(ANSWER_MS, () => this.#fail("failed", this.#silence("it does not answer")));
    try {
      while (!isThere() && this.#failure === null) {
        await new Promise<void>(resolve => {
          this.#changed = resolve;
        });
      }
    } finally {
      cancel();
    }
    if (!isThere() && this.#failure !== null) throw this.#failure;
  }

  /** The reason, with its likely cause where nothing has come by TCP. */
  #silence(reason: string): string {
    if (this.#decoder === null || this.#answered || this.#received !== "") return reason;
    return `${reason} (expected a control port; --tls if it has TLS, else without)`;
  }

  /** A daemon that takes the connection and refuses the session is there, but cannot be asked. */
  #ended(reason: string): void {
    this.#fail(this.#connected && !this.#answered ? "failed" : "absent", reason);
  }

  #fail(code: DaemonError["code"], reason: string): void {
    this.#failure ??= new DaemonError(code, `${this.#name}: ${reason}`);
    this.#changed();
  }
}

function connectTcp(address: Extract<ControlAddress, { host: string }>): Socket {
  const { host, port, family, tls } = address;
  return tls == null ? connect({ host, port, family }) : connectTls(address, tls);
}

/** Without the echo (the local socket has none), the prompts, and what asked for the end. */
function answerOf(received: readonly string[], command: string): readonly string[] {
  const lines = received.map(line => line.replace(PROMPTS, ""));
  const end = lines.findLastIndex(line => line.startsWith(LAST_ANSWER));
  const isEchoed = lines[end - 1] === LAST && end > 0;
  const first = lines[0] === command && isEchoed ? 1 : 0;
  return lines.slice(first, isEchoed ? end - 1 : end);
}

/** Null while the answer is not complete. */
function readAttached(
  received: string,
  command: string,
): { readonly line: string; readonly rest: string } | readonly string[] | null {
  const refusal: string[] = [];
  for (let at = 0; ; ) {
    const end = received.indexOf("\r\n", at);
    if (end < 0) return refusal.length > 0 && received.slice(at) === PROMPT ? refusal : null;
    const line = received.slice(at, end).replace(PROMPTS, "");
    at = end + 2;
    if (line.startsWith("attached ")) return { line, rest: received.slice(at) };
    if (line !== command && line !== "") refusal.push(line);
  }
}

/** Reasons of a local socket that a user meets, in words. */
function localReason(error: NodeJS.ErrnoException): string {
  if (error.code === "EACCES") {
    return "permission denied: be a member of the group ser2net, or of ser2net-admin to write";
  }
  if (error.code === "ENOENT" || error.code === "ECONNREFUSED") return "no daemon runs there";
  return reasonOf(error);
}

/** The same by TCP and TLS. */
function networkReason(error: NodeJS.ErrnoException & { syscall?: string }): string {
  const { code = "" } = error;
  if (error.syscall === "getaddrinfo") return `the name of the host is not known (${code})`;
  if (/SELF_SIGNED|UNABLE_TO_/.test(code))
    return `${reasonOf(error)} (--ca FILE names the authority of its certificate)`;
  if (/^ERR_SSL_(WRONG_VERSION|PACKET_LENGTH)/.test(code)) return "it has no TLS (try without --tls)";
  return reasonOf(error).trim();
}
