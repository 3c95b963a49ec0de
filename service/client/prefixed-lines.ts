/** Output of several ports as lines, each with the name of its port. Pure. */

/** The longest line; longer ones are shown in parts. */
const MAX_LINE = 4096;

/** Collects the bytes of one port. Texts are one character a byte. */
export class PrefixedLines {
  readonly #prefix: () => string;
  #line = "";
  /** The begun line stands on the screen already; its rest goes there too. */
  #isShown = false;

  /** @param prefix of a line that begins now: the name, or the time and the name */
  constructor(prefix: () => string) {
    this.#prefix = prefix;
  }

  /** The text for the screen: whole lines. Carriage returns are dropped. */
  push(text: string): string {
    let shown = "";
    const lines = text.replaceAll("\r", "").split("\n");
    for (const [at, part] of lines.entries()) {
      this.#line += part;
      const isLast = at === lines.length - 1;
      if (isLast && this.#line.length < MAX_LINE) break;
      shown += `${this.#begin()}\n`;
      this.#isShown = false;
    }
    return shown;
  }

  /** The begun line, which the device does not go on with: a prompt. */
  flush(): string {
    if (this.#line === "") return "";
    const shown = this.#begin();
    this.#isShown = true;
    return shown;
  }

  /** Another port has the screen now: what follows of the line begins a new one. */
  interrupt(): string {
    if (!this.#isShown) return "";
    this.#isShown = false;
    return "\n";
  }

  #begin(): string {
    const text = `${this.#isShown ? "" : this.#prefix()}${this.#line}`;
    this.#line = "";
    return text;
  }
}
