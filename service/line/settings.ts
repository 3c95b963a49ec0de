/** The settings of a serial line, as values. */

export type Parity = "none" | "even" | "odd" | "mark" | "space";

/** How characters travel on the wire, and how their flow is controlled. */
export interface LineSettings {
  readonly speed: number; // bits per second
  readonly dataBits: 5 | 6 | 7 | 8;
  readonly parity: Parity;
  readonly stopBits: 1 | 2;
  /** XON/XOFF obeyed when sending (IXON) and used when receiving (IXOFF). */
  readonly xonxoffOut: boolean;
  readonly xonxoffIn: boolean;
  /** Any character lets output go on, not only XON (IXANY); the word XONXOFF brings it, RFC 2217 does not. */
  readonly xonAny: boolean;
  readonly rtscts: boolean;
  /** LOCAL: modem control lines are ignored (CLOCAL). */
  readonly local: boolean;
  /** HANGUP_WHEN_DONE: DTR and RTS fall at close (HUPCL). */
  readonly hangupWhenDone: boolean;
}

/** Rates that may be asked for, in bits per second; the hardware has the last word. */
export const SPEED_RANGE = { lowest: 50, highest: 16_000_000 } as const;

/** 9600 8N1, no flow control, modem lines honoured: the initial settings of the manual page. */
export const STANDARD_LINE: LineSettings = {
  speed: 9600,
  dataBits: 8,
  parity: "none",
  stopBits: 1,
  xonxoffOut: false,
  xonxoffIn: false,
  xonAny: false,
  rtscts: false,
  local: false,
  hangupWhenDone: false,
};

const PARITY_LETTER = { none: "N", even: "E", odd: "O", mark: "M", space: "S" } as const;

/** The `\B` escape: `9600 N81` (the reference prints a blank where the manual page shows none). */
export function formatLine(line: LineSettings): string {
  return `${line.speed} ${PARITY_LETTER[line.parity]}${line.dataBits}${line.stopBits}`;
}

/** The `device config` text of showport: `9600 XONXOFF 1STOPBIT 8DATABITS NONE`. */
export function describeLine(line: LineSettings): string {
  const words = [String(line.speed)];
  if (line.xonxoffOut && line.xonxoffIn) words.push("XONXOFF");
  if (line.rtscts) words.push("RTSCTS");
  if (line.local) words.push("LOCAL");
  if (line.hangupWhenDone) words.push("HANGUP_WHEN_DONE");
  words.push(line.stopBits === 2 ? "2STOPBITS" : "1STOPBIT", `${line.dataBits}DATABITS`, line.parity.toUpperCase());
  return words.join(" ");
}

/** Bits one character takes on the wire: start, data, parity, stop. */
export function bitsPerCharacter(line: LineSettings): number {
  return 1 + line.dataBits + (line.parity === "none" ? 0 : 1) + line.stopBits;
}
