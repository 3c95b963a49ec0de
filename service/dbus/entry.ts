/** The daemon on D-Bus. Bundled as a file of its own, which is loaded only where D-Bus is on. */
import { Announcer } from "./announcer.js";
import { Bus } from "./bus.js";
import { Callers } from "./callers.js";
import type { Received } from "./codec.js";
import { type Matched, match } from "./dispatch.js";
import { BusError, ERRORS } from "./errors.js";
import { Writer } from "./marshal.js";
import { toBytes } from "./names.js";
import type { DbusParts, DbusService } from "./parts.js";
import type { Stay } from "./stay.js";
import { type Result, signatureOf } from "./table.js";
import { Tree } from "./tree.js";
import { Turns } from "./turns.js";

export { busAddress } from "./address.js";
export { instanceName, WELL_KNOWN_NAME } from "./names.js";
export type { DbusParts, DbusService } from "./parts.js";

type Entries = Extract<Result, { kind: "entries" }>;

/** Lists of all objects being made. */
const MOST_LISTINGS = 8;
/** Memory that is kept for the next list, if it is no more; 256 ports take a fifth of it. */
const MOST_KEPT = 1_048_576;

/** Returns at once; the bus may be there, come later, or never. */
export function startDbus(parts: DbusParts): DbusService {
  const { log, ports, after = afterDelay } = parts;
  const turns = new Turns(noteFault);
  const tree = new Tree(parts);
  const announcer = new Announcer({ tree, ports, turns, after });
  const callers = new Callers(log);
  const bus = new Bus({
    address: parts.address,
    name: parts.busName,
    log,
    called: answer,
    stayChanged: stay => announcer.stayChanged(stay),
    after,
  });
  let listings = 0;
  /** Long lists are made in the same memory again: the collector of garbage is slow to see how much they take. */
  let spare: Writer | null = null;

  function answer(call: Received, whole: boolean, stay: Stay): void {
    try {
      const matched = match(call, whole, tree);
      const result = run(matched, call, stay);
      if (result.kind === "values") stay.reply(call, signatureOf(matched.method.gives), result.values);
      else list(result, call, stay);
    } catch (error) {
      fail(call, stay, error);
    }
  }

  function run(matched: Matched, call: Received, stay: Stay): Result {
    if (!matched.method.changes) return matched.run();
    try {
      const result = matched.run();
      callers.note(stay, call.sender, describe(matched));
      return result;
    } catch (error) {
      if (error instanceof BusError) callers.note(stay, call.sender, `${describe(matched)}: ${toBytes(error.message)}`);
      throw error;
    }
  }

  /** Signals and lists are made one after the other, so that a list is never older than a signal before it. */
  function list(result: Entries, call: Received, stay: Stay): void {
    if (listings >= MOST_LISTINGS) throw new BusError("LimitsExceeded", "too many ask for all objects at once");
    listings++;
    turns.add(makeList(result, call, stay));
  }

  function* makeList({ type, entries }: Entries, call: Received, stay: Stay): Generator<void> {
    const writer = spare ?? new Writer();
    spare = null;
    writer.reset();
    try {
      for (const entry of entries) {
        writer.put(type, 0, entry);
        yield;
      }
      stay.replyDictionary(call, type, writer.bytes(), () => {
        if (writer.bytes().length <= MOST_KEPT) spare = writer;
      });
    } catch (error) {
      fail(call, stay, error);
    } finally {
      listings--;
    }
  }

  /** A fault in here is worth a line in the log, never a port: neither the process nor the stay ends by it. */
  function fail(call: Received, stay: Stay, error: unknown): void {
    const known = error instanceof BusError;
    if (!known) noteFault(error);
    const text = known ? error.message : "a fault of the service; its log says more";
    stay.fail(call, ERRORS[known ? error.code : "Failed"], text);
  }

  function noteFault(error: unknown): void {
    log.error(`D-Bus: ${error instanceof Error ? error.message : error}`);
  }

  return {
    portChanged: port => announcer.portChanged(port),
    portsChanged: () => announcer.portsChanged(),
    stop() {
      announcer.stop();
      return bus.stop();
    },
  };
}

/** `called SetTimeout 30 at /org/ser2net/Ser2net1/port/_32001`. */
function describe({ method, args, path }: Matched): string {
  const words = args.map(arg => (typeof arg === "object" ? JSON.stringify(arg) : String(arg)));
  return toBytes(`called ${[method.name, ...words].join(" ")} at ${path}`);
}

function afterDelay(delayMs: number, run: () => void): () => void {
  const timer = setTimeout(run, delayMs);
  return () => clearTimeout(timer);
}
