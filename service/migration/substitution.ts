/** `*(name)` within a text stands for a define (ser2net.yaml(5), "DEFINE SPECIFICATION"). */

/** Characters of one text, and of all texts of a run together: a define may stand in a define, and doubles with each step. */
const LONGEST_TEXT = 65_536;
const MOST = 4 << 20;

export class Substitution {
  readonly #defined = new Map<string, string>();
  #left = MOST;

  define(name: string, text: string): void {
    this.#defined.set(name, text);
  }

  get(name: string): string | undefined {
    return this.#defined.get(name);
  }

  /** The text with its defines put in, or what is wrong with it. */
  expand(text: string): { readonly text: string } | { readonly problem: string } {
    const parts: string[] = [];
    let [end, length] = [0, 0];
    const add = (part: string) => {
      parts.push(part);
      length += part.length;
      return length <= LONGEST_TEXT;
    };
    for (let at = next(text, 0); at >= 0; at = next(text, end)) {
      if (!add(text.slice(end, at))) return TOO_LONG;
      const bracket = text[at + 1] ?? "";
      if (text[at + 2] === "*") {
        add(`*${bracket}`);
        end = at + 3;
        continue;
      }
      const close = text.indexOf(bracket === "(" ? ")" : "}", at);
      const name = text.slice(at + 2, close < 0 ? undefined : close);
      if (bracket === "{") return { problem: `the file ${name} is not put in: its text would be in the configuration` };
      const value = close < 0 ? undefined : this.#defined.get(name);
      if (value === undefined) return { problem: `there is no define ${name} before this line` };
      if (!add(value)) return TOO_LONG;
      end = close + 1;
    }
    if (!add(text.slice(end))) return TOO_LONG;
    this.#left -= length;
    return this.#left < 0 ? TOO_LONG : { text: parts.join("") };
  }
}

const TOO_LONG = { problem: `with its defines it has more than ${LONGEST_TEXT} characters` };

function next(text: string, from: number): number {
  for (let at = text.indexOf("*", from); at >= 0; at = text.indexOf("*", at + 1)) {
    if (text[at + 1] === "(" || text[at + 1] === "{") return at;
  }
  return -1;
}
