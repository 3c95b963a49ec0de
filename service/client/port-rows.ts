/** What `ports json` of a daemon tells about each port, and the table of it. Pure. */
import { decodeUtf8, encodeUtf8 } from "../line/bytes.js";
import { isJsonObject, readJsonObject } from "../line/json-object.js";

interface PeerRow {
  /** Never used twice by a daemon; null: not told. */
  readonly id: number | null;
  readonly peer: string;
  /** Empty: not known. */
  readonly user: string;
  readonly writer: boolean;
}

/** Texts are one character a byte. */
export interface PortRow {
  readonly port: string;
  /** Empty: it has none. So is the id of the board profile. */
  readonly label: string;
  readonly id: string;
  /** Its path, and as the port line has it: a path or a DEVICE name. */
  readonly device: string;
  readonly deviceName: string;
  readonly line: string;
  readonly state: string;
  readonly condition: string;
  /** The last one; empty: none. */
  readonly error: string;
  readonly connections: readonly PeerRow[];
  /** Seconds; null: without a connection. */
  readonly idle: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** All that the daemon sent, for `--json`. */
  readonly whole: Readonly<Record<string, unknown>>;
}

/** One for each line that is an object; others are notices. */
export function readPortRows(lines: readonly string[]): readonly PortRow[] {
  return lines.flatMap(line => {
    const whole = line.startsWith("{") ? readJsonObject(decodeUtf8(line)) : null;
    return whole === null || typeof whole.port !== "string" ? [] : [portRow(whole)];
  });
}

function portRow(whole: Readonly<Record<string, unknown>>): PortRow {
  return {
    port: text(whole.port),
    label: text(whole.label),
    id: text(whole.id),
    device: text(whole.device),
    deviceName: text(whole.deviceName),
    line: text(whole.line),
    state: text(whole.state),
    condition: text(whole.condition),
    error: text(whole.error),
    connections: Array.isArray(whole.connections) ? whole.connections.filter(isJsonObject).map(peerRow) : [],
    idle: typeof whole.idle === "number" ? whole.idle : null,
    bytesIn: count(whole.bytesIn),
    bytesOut: count(whole.bytesOut),
    whole,
  };
}

function peerRow(whole: Readonly<Record<string, unknown>>): PeerRow {
  return {
    id: typeof whole.id === "number" ? whole.id : null,
    peer: text(whole.peer),
    user: text(whole.user),
    writer: whole.writer === true,
  };
}

export type Paint = (colour: "good" | "bad" | "quiet" | "head", text: string) => string;

const HEADS = ["PORT", "LABEL", "DEVICE", "LINE", "STATE", "WHO", "IDLE", "IN", "OUT"];
const STATE_COLUMN = 4;

interface TableRow {
  /** Shown where there are several daemons. */
  readonly instance: string;
  readonly row: PortRow;
}

/** Lines without their ends. @param width characters that a line may have; null: any number */
export function portTable(rows: readonly TableRow[], paint: Paint, width: number | null = null): readonly string[] {
  const several = new Set(rows.map(({ instance }) => instance)).size > 1;
  const cells = rows.map(({ instance, row }) => [...(several ? [instance] : []), ...cellsOf(row)]);
  const heads = [...(several ? ["INSTANCE"] : []), ...HEADS];
  const widths = heads.map((head, at) =>
    cells.reduce((most, row) => Math.max(most, shown(row[at]).length), head.length),
  );
  const line = (row: readonly string[]) => row.map((cell, at) => shown(cell).padEnd(widths[at] ?? 0));
  const fit = (parts: readonly string[], colours: (at: number) => Parameters<Paint>[0] | null): string => {
    let left = width ?? Number.POSITIVE_INFINITY;
    const fitted = parts.map((part, at) => {
      const gap = at === parts.length - 1 ? "" : "  ";
      const piece = `${at === parts.length - 1 ? part.trimEnd() : part}${gap}`.slice(0, Math.max(left, 0));
      left -= piece.length;
      const colour = colours(at);
      return colour === null ? piece : paint(colour, piece);
    });
    return fitted.join("");
  };
  const state = STATE_COLUMN + (several ? 1 : 0);
  return [
    fit(line(heads), () => "head"),
    ...cells.map((row, index) =>
      fit(line(row), at => (at === state ? colourOf(rows[index]?.row.condition ?? "") : null)),
    ),
  ];
}

function cellsOf(row: PortRow): readonly string[] {
  const { port, label, device, line, condition, state, connections, idle, bytesIn, bytesOut } = row;
  const what = condition === "" ? state : condition;
  const who = connections.map(one => `${one.user === "" ? one.peer : one.user}${one.writer ? "" : " (watching)"}`);
  return [
    port,
    label === "" ? "-" : label,
    device,
    line === "" ? "-" : line,
    what,
    who.length === 0 ? "-" : who.join(", "),
    idle === null || connections.length === 0 ? "-" : duration(idle),
    amount(bytesIn),
    amount(bytesOut),
  ];
}

function colourOf(condition: string): Parameters<Paint>[0] | null {
  switch (condition) {
    case "connected":
    case "opening":
      return "good";
    case "not served":
    case "waiting for device":
      return "bad";
    case "disabled":
      return "quiet";
    default:
      return null;
  }
}

/** `7s`, `12m`, `3h05m`, `2d04h`. */
export function duration(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (part: number) => String(part).padStart(2, "0");
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${two(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${two(Math.floor((whole % 86_400) / 3600))}h`;
}

/** `512`, `1.5K`, `20M`: in steps of 1024. */
export function amount(bytes: number): string {
  const units = ["", "K", "M", "G", "T"];
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit > 0 && value < 10 ? value.toFixed(1) : Math.round(value)}${units[unit]}`;
}

/** Characters that would control the terminal are not for it. */
function shown(cell = ""): string {
  return decodeUtf8(cell).replace(/[\0-\x1f\x7f-\x9f]/g, "?");
}

function text(value: unknown): string {
  return typeof value === "string" ? encodeUtf8(value) : "";
}

function count(value: unknown): number {
  return typeof value === "number" && value >= 0 ? value : 0;
}
