/** The texts of showport, showshortport and help, to the letter of the reference; lines come without their `\r\n`. */
import { isSolDevice } from "../config/sol-target.js";
import { describeLine, type LineSettings } from "../line/settings.js";
import type { Activity } from "../port/drain.js";
import type { ConnectionStatus, PortStatus } from "../port/status.js";

/** The block of one port. Lines are made one at a time: a port may have 65536 slots. */
export function* formatPort(status: PortStatus, isDraining = false): Generator<string> {
  const idle = isIdle(status);
  const alias = status.deviceWritten === status.devicePath ? "" : ` (${status.deviceWritten})`;
  yield `TCP Port ${status.name}`;
  yield `  enable state: ${status.pending === "delete" ? "off" : status.state}`;
  if (status.listenError !== null && status.state !== "off") yield `  not served: ${status.listenError}`;
  if (isDraining) yield "  draining: no new connections";
  yield `  timeout: ${status.timeoutSeconds}`;
  yield* idle ? ["  unconnected"] : showSlots(status.slots);
  yield `  device: ${status.devicePath}${alias}`;
  yield `  device config: ${status.line === null ? "none" : describeConfig(status.line, status)}`;
  yield `  device controls: ${idle ? "not currently connected" : showControl(status)}`;
  yield `  tcp to device state: ${status.toDevice}`;
  yield `  device to tcp state: ${status.toNet}`;
  yield `  bytes read from device: ${status.bytesFromDevice}`;
  yield `  bytes written to device: ${status.bytesToDevice}`;
  if (status.pending === "delete") yield "  Port will be deleted when current session closes.";
  if (status.pending === "reconfigure") yield "  Port will be reconfigured when current session closes.";
}

/** The heads of the columns of showShortPort. */
export const SHORT_HEADER =
  "Port name              Type   Timeout Remote address                                      Device                 TCP to device  Device to TCP     TCP in   TCP out    Dev in   Dev out State";

/** One row of showshortport: the port and the first of its connections. */
export function formatShortPort(status: PortStatus): string {
  const connection = status.slots.find(slot => slot !== null) ?? null;
  return shortRow([
    status.name,
    status.pending === "delete" ? "DEL" : status.state,
    String(status.timeoutSeconds),
    connection === null ? "unconnected" : fitAddress(showAddress(connection)),
    status.devicePath,
    status.toDevice,
    status.toNet,
    String(connection?.bytesFromNet ?? 0),
    String(connection?.bytesToNet ?? 0),
    String(status.bytesFromDevice),
    String(status.bytesToDevice),
    showShortState(status),
  ]);
}

/** A line of `busy`: what it is, the port, the peer or `-`, and since when. `ser2net busy` reads it. */
export function formatActivity({ kind, port, address, portNumber, since }: Activity): string {
  const peer = address === "" ? "-" : `${address},${portNumber}`;
  return `${kind} ${port} ${peer} ${new Date(since).toISOString()}`;
}

/** True when the port has no connection and is not closing. */
export function isIdle(status: PortStatus): boolean {
  return (
    status.toDevice === "unconnected" && status.toNet === "unconnected" && status.slots.every(slot => slot === null)
  );
}

/** Known deviation: for free slots the reference lists the peer before, or an address error. */
function* showSlots(slots: PortStatus["slots"]): Generator<string> {
  for (const slot of slots) {
    if (slot === null) {
      yield "  unconnected";
      continue;
    }
    yield `  connected to: ${showAddress(slot)}`;
    yield `    bytes read from TCP: ${slot.bytesFromNet}`;
    yield `    bytes written to TCP: ${slot.bytesToNet}`;
  }
}

/** A SOL device has a bit rate and nothing else. */
function describeConfig(line: LineSettings, { devicePath }: PortStatus): string {
  return isSolDevice(devicePath) ? String(line.speed) : describeLine(line);
}

/**
 * `RTSHI DTRHI `, with the trailing blank; empty for a SOL device. Lines that cannot be read show low (in the reference:
 * undefined).
 */
function showControl(status: PortStatus): string {
  if (isSolDevice(status.devicePath)) return "";
  return `${status.control?.rts ? "RTSHI" : "RTSLO"} ${status.control?.dtr ? "DTRHI" : "DTRLO"} `;
}

function showShortState(status: PortStatus): string {
  const config = status.line === null ? "" : describeConfig(status.line, status);
  if (isIdle(status)) return config;
  return `${config}${config === "" ? "" : " "}${showControl(status)}`;
}

function showAddress(connection: ConnectionStatus): string {
  return `${connection.address},${connection.port}`;
}

const ADDRESS_WIDTH = 51; // the longest IPv6 text, a comma, and a port number

function fitAddress(text: string): string {
  return text.length > ADDRESS_WIDTH ? `${text.slice(0, ADDRESS_WIDTH - 3)}...` : text;
}

/** Negative: to the left, as in printf. Longer texts push the columns after them. */
const COLUMNS = [-22, -6, 7, -ADDRESS_WIDTH, -22, -14, -14, 9, 9, 9, 9, 0];

function shortRow(cells: readonly string[]): string {
  return cells
    .map((cell, at) => {
      const width = COLUMNS[at] ?? 0;
      return width < 0 ? cell.padEnd(-width) : cell.padStart(width);
    })
    .join(" ");
}

/** The output of `help`. The blanks at line ends and `immedaite` are those of the reference. */
export const HELP: readonly string[] = [
  "exit - leave the program.",
  "help - display this help.",
  "version - display the version of this program.",
  "monitor <type> <tcp port> - display all the input for a given port on",
  "       the calling control port.  Only one direction may be monitored",
  "       at a time.  The type field may be 'tcp' or 'term' and specifies",
  "       whether to monitor data from the TCP port or from the serial port",
  "       Note that data monitoring is best effort, if the controller port",
  "       cannot keep up the data will be silently dropped.  A controller",
  "       may only monitor one thing and a port may only be monitored by",
  "       one controller.",
  "monitor stop - stop the current monitor.",
  "disconnect <tcp port> - disconnect the tcp connection on the port.",
  "showport [<tcp port>] - Show information about a port. If no port is",
  "       given, all ports are displayed.",
  "showshortport [<tcp port>] - Show information about a port in a one-line",
  "       format. If no port is given, all ports are displayed.",
  "setporttimeout <tcp port> <timeout> - Set the amount of time in seconds",
  "       before the port connection will be shut down if no activity",
  "       has been seen on the port.",
  "setportconfig <tcp port> <config> - Set the port configuration as in",
  "       the device configuration in the ser2net.conf file.  Valid options",
  "       are: 300, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, ",
  "       EVEN, ODD, NONE, 1STOPBIT, 2STOPBITS, 7DATABITS, 8DATABITS, ",
  "       LOCAL (ignore modem control), [-]RTSCTS, [-]XONXOFF.",
  "       Note that these will not change until the port is disconnected",
  "       and connected again.",
  "setportcontrol <tcp port> <controls>",
  "       Dynamically modify the characteristics of the port.  These are",
  "       immedaite and won't live between connections.  Valid controls are",
  "       DTRHI, DTRLO, RTSHI, and RTSLO.",
  "setportenable <tcp port> <enable state> - Sets the port operation state.",
  "       Valid states are:",
  "         off - The port is shut down",
  "         raw - The port is up and all I/O is transferred",
  "         rawlp - The port is up and the input is transferred to dev",
  "         telnet - The port is up and the telnet negotiation protocol",
  "                  runs on the port.",
];
