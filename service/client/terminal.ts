/** The user's terminal: without any processing of keys or output while it is attached, and as it was afterwards. */
import { termiosBits as bits, getTermios, setTermios, type Termios } from "../native/serial.js";

export class RawTerminal {
  readonly #fd: number;
  #before: Termios | null = null;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Restores itself when the process ends, however that is but by SIGKILL. Throws SystemError. */
  static enter(fd: number): RawTerminal {
    const terminal = new RawTerminal(fd);
    terminal.enter();
    process.on("exit", () => terminal.leave());
    return terminal;
  }

  /** Also after a SIGCONT: the shell has restored its own settings meanwhile. */
  enter(): void {
    const now = getTermios(this.#fd);
    this.#before ??= now;
    // As cfmakeraw(3), with the character size and the rates left alone.
    setTermios(this.#fd, {
      ...now,
      iflag: now.iflag & ~(bits.ICRNL | bits.INLCR | bits.IGNCR | bits.IXON | bits.ISTRIP | bits.BRKINT),
      oflag: now.oflag & ~bits.OPOST,
      lflag: now.lflag & ~(bits.ECHO | bits.ICANON | bits.ISIG | bits.IEXTEN),
    });
  }

  /** Idempotent. */
  leave(): void {
    if (this.#before === null) return;
    const before = this.#before;
    this.#before = null;
    try {
      setTermios(this.#fd, before);
    } catch {
      // the terminal is gone: SIGHUP
    }
  }
}
