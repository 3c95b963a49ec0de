/** The line being typed on the control port: bytes in, what to echo and the finished line out. Pure. */

export interface LineEditor {
  /** Takes bytes up to the end of the first line in them, or all of them. */
  feed(bytes: Uint8Array): Edited;
}

export interface Edited {
  /** How many of the bytes are dealt with. Fewer than all only when a line is finished. */
  readonly taken: number;
  readonly echo: string;
  /** Without its end; null while the line is not finished. */
  readonly line: string | null;
}

/** Characters kept of a line that has no end yet. A line this long is given up at the next byte. */
export const MAX_LINE = 255;

const NUL = 0x00;
const BACKSPACE = 0x08;
const LF = 0x0a;
const CR = 0x0d;
const DELETE = 0x7f;

export function createLineEditor(): LineEditor {
  let line = "";

  function feed(bytes: Uint8Array): Edited {
    let echo = "";
    for (const [at, byte] of bytes.entries()) {
      if (line.length === MAX_LINE) {
        line = "";
        echo += "Input line too long\r\n";
      }
      switch (byte) {
        case CR: {
          const finished = line;
          line = "";
          return { taken: at + 1, echo: `${echo}\r\n`, line: finished };
        }
        case NUL: // after CR, as telnet wants it
        case LF:
          break;
        case BACKSPACE:
        case DELETE:
          if (line !== "") echo += "\b \b";
          line = line.slice(0, -1);
          break;
        default: {
          const character = String.fromCharCode(byte);
          line += character;
          echo += character; // IAC too goes back single, as in the reference
        }
      }
    }
    return { taken: bytes.length, echo, line: null };
  }

  return { feed };
}
