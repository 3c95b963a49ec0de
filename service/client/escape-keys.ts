/** The keys of a terminal: data for the device, and the menu behind the escape character. Pure. */

export type MenuAction =
  | "help"
  | "break"
  | "dtr"
  | "rts"
  | "pulse"
  | "settings"
  | "who"
  | "take"
  | "message"
  | "log"
  | "send"
  | "zmodem"
  | "quit";

export type KeyEvent =
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  /** For the terminal only: the question of an action, the echo of its answer. One character a byte. */
  | { readonly kind: "show"; readonly text: string }
  | { readonly kind: "action"; readonly action: MenuAction; readonly text: string };

interface MenuItem {
  readonly keys: string;
  readonly action: MenuAction;
  readonly about: string;
  /** The question whose answer the action needs. */
  readonly question?: string;
}

/** The characters are those of cu and telnet where these have one. */
const MENU: readonly MenuItem[] = [
  { keys: "?h", action: "help", about: "this help" },
  { keys: "b", action: "break", about: "send a break" },
  { keys: "d", action: "dtr", about: "switch DTR" },
  { keys: "r", action: "rts", about: "switch RTS" },
  { keys: "p", action: "pulse", about: "play a pulse", question: "Pulse" },
  { keys: "c", action: "settings", about: "line settings", question: "Line settings (empty: show them)" },
  { keys: "w", action: "who", about: "who is connected" },
  { keys: "t", action: "take", about: "take over: become the writer" },
  { keys: "m", action: "message", about: "a message to all users of the port", question: "Message" },
  { keys: "l", action: "log", about: "log to a file here, or end it", question: "Log to file (empty: end the log)" },
  { keys: "s", action: "send", about: "send a file as it is", question: "Send file" },
  { keys: "z", action: "zmodem", about: "send a file by ZMODEM (sz)", question: "Send file by ZMODEM" },
  { keys: "q.", action: "quit", about: "leave" },
];

const ESCAPE = 0x1d; // Ctrl-]
const CR = 0x0d;
const LF = 0x0a;
const BACKSPACES = [0x08, 0x7f];
const CANCELS = [0x03, 0x07, 0x1b]; // Ctrl-C, Ctrl-G, Esc
const ERASE_LINE = 0x15; // Ctrl-U
const MAX_ANSWER = 1024;

export function menuText(): string {
  const items = MENU.map(({ keys, about }) => `  ${keys.split("").join(" ").padEnd(5)}${about}\r\n`);
  return `Ctrl-] and then:\r\n${items.join("")}  ^]   the character Ctrl-] for the device\r\n`;
}

export class EscapeKeys {
  #state: "data" | "menu" | { readonly item: MenuItem; answer: string } = "data";

  /** A question stands on the screen: output of the device would tear it apart. */
  get isAsking(): boolean {
    return typeof this.#state === "object";
  }

  feed(bytes: Uint8Array): KeyEvent[] {
    const events: KeyEvent[] = [];
    for (let at = 0; at < bytes.length; at++) {
      if (this.#state !== "data") {
        events.push(...this.#key(bytes[at] ?? 0));
        continue;
      }
      const found = bytes.indexOf(ESCAPE, at);
      const end = found < 0 ? bytes.length : found;
      if (end > at) events.push({ kind: "data", bytes: bytes.subarray(at, end) });
      if (found >= 0) this.#state = "menu";
      at = end;
    }
    return events;
  }

  #key(byte: number): readonly KeyEvent[] {
    const state = this.#state;
    if (typeof state === "object") return this.#answerKey(state, byte);
    this.#state = "data";
    if (byte === ESCAPE) return [{ kind: "data", bytes: Uint8Array.of(ESCAPE) }];
    const item = MENU.find(({ keys }) => keys.includes(String.fromCharCode(byte).toLowerCase()));
    if (item === undefined) return []; // any other key leaves the menu
    if (item.question === undefined) return [{ kind: "action", action: item.action, text: "" }];
    this.#state = { item, answer: "" };
    return [{ kind: "show", text: `\r\n${item.question}: ` }];
  }

  #answerKey(state: { readonly item: MenuItem; answer: string }, byte: number): readonly KeyEvent[] {
    if (byte === CR || byte === LF) {
      this.#state = "data";
      return [
        { kind: "show", text: "\r\n" },
        { kind: "action", action: state.item.action, text: state.answer.trim() },
      ];
    }
    if (CANCELS.includes(byte)) {
      this.#state = "data";
      return [{ kind: "show", text: " (cancelled)\r\n" }];
    }
    const erased = byte === ERASE_LINE ? state.answer.length : BACKSPACES.includes(byte) ? 1 : 0;
    if (erased > 0) {
      const count = Math.min(erased, state.answer.length);
      state.answer = state.answer.slice(0, state.answer.length - count);
      return [{ kind: "show", text: "\b \b".repeat(count) }];
    }
    if (byte < 0x20 || state.answer.length >= MAX_ANSWER) return [];
    const character = String.fromCharCode(byte);
    state.answer += character;
    return [{ kind: "show", text: character }];
  }
}
