/** `ser2net ports`: the table of all ports, once or again and again, or as JSON. */
import { constants } from "node:os";
import { encodeUtf8 } from "../line/bytes.js";
import { pause } from "../line/clock.js";
import type { ClientCommand } from "./arguments.js";
import type { ControlAddress } from "./control-session.js";
import { allPorts, tellFailures } from "./daemons.js";
import { type ClientIo, onEndingSignal } from "./io.js";
import { type Paint, portTable } from "./port-rows.js";
import { EXIT, SIGNALLED } from "./usage.js";

type Ports = Extract<ClientCommand, { kind: "ports" }>;

const REFRESH_MS = 1000;
const COLOURS = { good: "32", bad: "31", quiet: "2", head: "1" } as const;
const [HIDE_CURSOR, SHOW_CURSOR] = ["\x1b[?25l", "\x1b[?25h"];
const [TOP, END_OF_LINE, END_OF_SCREEN] = ["\x1b[H", "\x1b[K", "\x1b[J"];

/** Resolves to the exit status. */
export async function ports(given: Ports, addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  if (given.show === "watch") {
    if (io.isTerminal) return refresh(addresses, io);
    io.err("ser2net: ports --watch needs a terminal\n");
    return EXIT.usage;
  }
  const { rows, failures } = await allPorts(addresses);
  if (failures.length === addresses.length) return tellFailures(failures, addresses.length, io);
  if (given.json) {
    const whole = rows.map(({ address, row }) => JSON.stringify({ instance: address.name, ...row.whole }));
    io.out(encodeUtf8(whole.length === 0 ? "[]\n" : `[\n${whole.join(",\n")}\n]\n`));
  } else {
    const shown = rows.map(({ address, row }) => ({ instance: address.name, row }));
    io.out(encodeUtf8(`${portTable(shown, painter(io)).join("\n")}\n`));
  }
  if (rows.length === 0) io.err("ser2net: no ports: no serial device was found, or none is configured\n");
  return tellFailures(failures, addresses.length, io);
}

/** Each screen is written over the one before in a single write, so that it does not flicker. */
async function refresh(addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  let status: number | null = null;
  const interrupted = new Promise<void>(resolve => {
    onEndingSignal(signal => {
      status = signal === "SIGINT" ? EXIT.done : SIGNALLED + constants.signals[signal];
      resolve();
    });
  });
  const paint = painter(io);
  io.out(`${HIDE_CURSOR}${TOP}${END_OF_SCREEN}`);
  process.on("exit", () => io.out(`${SHOW_CURSOR}\n`));
  while (status === null) {
    // A terminal on a serial line has no size: 0.
    const [columns, height] = [process.stdout.columns || 80, process.stdout.rows || 24];
    const { rows, failures } = await allPorts(addresses);
    const shown = rows.map(({ address, row }) => ({ instance: address.name, row }));
    const told = failures.map(({ message }) => `ser2net: ${message}`.slice(0, columns));
    const lines = [...(rows.length === 0 ? [] : portTable(shown, paint, columns)), ...told].slice(0, height - 1);
    io.out(encodeUtf8(`${TOP}${lines.map(line => `${line}${END_OF_LINE}\n`).join("")}${END_OF_SCREEN}`));
    await Promise.race([pause(REFRESH_MS, io.clock), interrupted]);
  }
  return status;
}

/** Colour on a terminal only, and not where NO_COLOR or TERM says otherwise (https://no-color.org). */
function painter({ isTerminal, env }: ClientIo): Paint {
  if (!isTerminal || (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return (_, text) => text;
  return (colour, text) => `\x1b[${COLOURS[colour]}m${text}\x1b[0m`;
}
