/** The daemon on D-Bus. Bundled as a file of its own, which is loaded only where D-Bus is on. */
import { encodeUtf8 } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import { AuditLog } from "./audit-log.js";
import { Bus } from "./bus.js";
import type { BusConnection } from "./bus-connection.js";
import { ChangeSignals } from "./change-signals.js";
import type { Received } from "./codec.js";
import { type Matched, match } from "./dispatch.js";
import { BusError, ERRORS } from "./errors.js";
import { type Result, signatureOf } from "./interface.js";
import { Writer } from "./marshal.js";
import { ObjectTree } from "./object-tree.js";
import type { DbusService, DbusServiceOptions } from "./service.js";
import { TaskQueue } from "./task-queue.js";

export { busAddress } from "./address.js";
export { instanceName, WELL_KNOWN_NAME } from "./names.js";
export type { DbusService, DbusServiceOptions as DbusParts } from "./service.js";

type Entries = Extract<Result, { kind: "entries" }>;

/** Lists of all objects being made. */
const MAX_LISTINGS = 8;
/** The largest memory that is kept for the next list; 256 ports take a fifth of it. */
const MAX_KEPT = 1_048_576;

/** Returns at once; the bus may be there, come later, or never. */
export function startDbus(options: DbusServiceOptions): DbusService {
  const { log, ports, clock = systemClock } = options;
  const tasks = new TaskQueue(noteFault);
  const tree = new ObjectTree(options);
  const changeSignals = new ChangeSignals({ tree, ports, tasks, clock });
  const auditLog = new AuditLog(log);
  const bus = new Bus({
    address: options.address,
    name: options.busName,
    log,
    called: answer,
    connectionChanged: connection => changeSignals.connectionChanged(connection),
    clock,
  });
  let listings = 0;
  /** Long lists are made in the same memory again: the collector of garbage is slow to see how much they take. */
  let spare: Writer | null = null;

  function answer(call: Received, whole: boolean, connection: BusConnection): void {
    try {
      const matched = match(call, whole, tree);
      const result = run(matched, call, connection);
      if (result.kind === "values") connection.reply(call, signatureOf(matched.method.out), result.values);
      else list(result, call, connection);
    } catch (error) {
      fail(call, connection, error);
    }
  }

  function run(matched: Matched, call: Received, connection: BusConnection): Result {
    if (!matched.method.mutates) return matched.run();
    try {
      const result = matched.run();
      auditLog.note(connection, call.sender, describe(matched));
      return result;
    } catch (error) {
      if (error instanceof BusError)
        auditLog.note(connection, call.sender, `${describe(matched)}: ${encodeUtf8(error.message)}`);
      throw error;
    }
  }

  /** Signals and lists are made one after the other, so that a list is never older than a signal before it. */
  function list(result: Entries, call: Received, connection: BusConnection): void {
    if (listings >= MAX_LISTINGS) throw new BusError("LimitsExceeded", "too many ask for all objects at once");
    listings++;
    tasks.add(makeList(result, call, connection));
  }

  function* makeList({ type, entries }: Entries, call: Received, connection: BusConnection): Generator<void> {
    const writer = spare ?? new Writer();
    spare = null;
    writer.reset();
    try {
      for (const entry of entries) {
        writer.put(type, 0, entry);
        yield;
      }
      connection.replyDictionary(call, type, writer.bytes(), () => {
        if (writer.bytes().length <= MAX_KEPT) spare = writer;
      });
    } catch (error) {
      fail(call, connection, error);
    } finally {
      listings--;
    }
  }

  /** A fault in here is worth a line in the log, never a port: neither the process nor the connection ends by it. */
  function fail(call: Received, connection: BusConnection, error: unknown): void {
    const known = error instanceof BusError;
    if (!known) noteFault(error);
    const text = known ? error.message : "a fault of the service; its log says more";
    connection.fail(call, ERRORS[known ? error.code : "Failed"], text);
  }

  function noteFault(error: unknown): void {
    log.error(`D-Bus: ${error instanceof Error ? error.message : error}`);
  }

  return {
    portChanged: port => changeSignals.portChanged(port),
    portsChanged: () => changeSignals.portsChanged(),
    drainChanged: () => changeSignals.daemonChanged(),
    stop() {
      changeSignals.stop();
      return bus.stop();
    },
  };
}

/** `called SetTimeout 30 at /org/ser2net/Ser2net1/port/_32001`. */
function describe({ method, args, path }: Matched): string {
  const words = args.map(arg => (typeof arg === "object" ? JSON.stringify(arg) : String(arg)));
  return encodeUtf8(`called ${[method.name, ...words].join(" ")} at ${path}`);
}
