/** `ser2net ports --discover`: the ports that are announced in the network, as a table or as JSON. */
import { connectBus, loadBus } from "../drain/bus-daemons.js";
import { DaemonError } from "../drain/running-daemon.js";
import { alignedLines } from "../drain/table.js";
import { encodeUtf8 } from "../line/bytes.js";
import { pause } from "../line/clock.js";
import { AVAHI, CONTROL_TYPE } from "../mdns/announcement.js";
import { type FoundService, ServiceBrowser } from "../mdns/browser.js";
import type { ClientIo } from "./io.js";
import { EXIT } from "./usage.js";

/** avahi-daemon has asked the network after a second; a service that does not answer is not waited for. */
const DEADLINE_MS = 8000;
const HEADS = ["HOST", "ADDRESS", "PORT", "LABEL", "BOARD", "MODE", "LINE", "NAME"];

/** Of each announced port; null: it does not say so. */
interface DiscoveredPort {
  readonly host: string;
  readonly address: string;
  readonly port: number;
  readonly transport: "tcp" | "udp";
  readonly label: string | null;
  readonly board: string | null;
  /** `telnet`, `raw`, `rawlp`, or `control` for a control port. */
  readonly mode: string;
  readonly line: string | null;
  readonly tls: boolean;
  readonly name: string;
}

/** Resolves to the exit status. Rejects with DaemonError where there is no bus or no avahi-daemon. */
export async function discover(json: boolean, io: ClientIo): Promise<number> {
  const bus = loadBus();
  let browser: ServiceBrowser | null = null;
  const address = bus.busAddress("system", io.env);
  const connection = await connectBus(bus, address, signal => browser?.signalled(signal));
  let found: readonly FoundService[];
  try {
    const [owner] = await connection.call("GetNameOwner", "s", [AVAHI]);
    browser = new ServiceBrowser(connection, String(owner));
    found = await browser.find(pause(DEADLINE_MS, io.clock));
  } catch (error) {
    if (!(error instanceof bus.BusCallError)) throw error;
    if (browser === null) throw new DaemonError("absent", "avahi-daemon does not run on this machine");
    throw new DaemonError("failed", `avahi-daemon does not answer: ${encodeUtf8(error.message)}`);
  } finally {
    connection.end("done");
  }
  const ports = found.filter(({ txt }) => txt.get("provider") === "ser2net").map(discovered);
  ports.sort((one, other) => (one.host === other.host ? one.port - other.port : one.host < other.host ? -1 : 1));
  if (json)
    io.out(encodeUtf8(ports.length === 0 ? "[]\n" : `[\n${ports.map(one => JSON.stringify(one)).join(",\n")}\n]\n`));
  else io.out(encodeUtf8(alignedLines([HEADS, ...ports.map(cellsOf)])));
  if (ports.length === 0) io.err("ser2net: no ports are announced in the network\n");
  return EXIT.done;
}

function discovered({ name, type, host, address, port, txt }: FoundService): DiscoveredPort {
  const isTelnet = type.startsWith("_telnet.") || /^telnet\b/.test(txt.get("gensiostack") ?? "");
  return {
    ...{ host, address, port, transport: type.endsWith("._udp") ? "udp" : "tcp" },
    ...{ label: txt.get("label") ?? null, board: txt.get("board") ?? null },
    mode: type === CONTROL_TYPE ? "control" : (txt.get("mode") ?? (isTelnet ? "telnet" : "raw")), // ser2net 4 has no mode
    ...{ line: txt.get("line") ?? null, tls: txt.has("tls"), name },
  };
}

function cellsOf({ host, address, port, transport, label, board, mode, line, tls, name }: DiscoveredPort) {
  const [shownPort, shownMode] = [transport === "udp" ? `udp,${port}` : String(port), tls ? `${mode} TLS` : mode];
  const cells = [host, address, shownPort, label ?? "-", board ?? "-", shownMode, line ?? "-", name];
  return cells.map(cell => cell.replace(/[\0-\x1f\x7f-\x9f]/g, "?")); // the network decides what they are
}
