/**
 * The daemon on D-Bus, and what `ser2net busy` needs to find it there. Bundled as a file of its own, which is loaded only
 * where D-Bus is on.
 */
import { encodeUtf8 } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import type { ManagedPort } from "../port/status.js";
import { AuditLog } from "./audit-log.js";
import { Bus } from "./bus.js";
import type { BusConnection } from "./bus-connection.js";
import { ChangeSignals } from "./change-signals.js";
import type { Received } from "./codec.js";
import { BusError, ERRORS } from "./errors.js";
import { type Result, signatureOf } from "./interface.js";
import { Writer } from "./marshal.js";
import { type MatchedCall, ObjectTree } from "./object-tree.js";
import type { DbusService, DbusServiceOptions } from "./service.js";
import { TaskQueue } from "./task-queue.js";

export { busAddress, socketPaths } from "./address.js";
export { BusCallError, BusConnection } from "./bus-connection.js";
export { KeptConnection } from "./kept-connection.js";
export { instanceName, ROOT, WELL_KNOWN_NAME } from "./names.js";
export type { DbusService, DbusServiceOptions } from "./service.js";

type Entries = Extract<Result, { kind: "entries" }>;

/** Lists of all objects that may be under way. */
const MAX_LISTINGS = 8;
/** The largest memory that is kept for the next list; 256 ports take a fifth of it. */
const MAX_KEPT = 1_048_576;

/** Returns at once; the bus may be there, come later, or never. */
export function startDbus(options: DbusServiceOptions): DbusService {
  return new Service(options);
}

class Service implements DbusService {
  readonly #log: Log;
  readonly #tasks: TaskQueue;
  readonly #tree: ObjectTree;
  readonly #changeSignals: ChangeSignals;
  readonly #auditLog: AuditLog;
  readonly #bus: Bus;
  #listings = 0;
  /** The memory of the last list, used again: the garbage collector accounts for external memory late. */
  #spare: Writer | null = null;

  constructor(options: DbusServiceOptions) {
    const { log, ports, clock = systemClock } = options;
    this.#log = log;
    this.#tasks = new TaskQueue(error => this.#noteFault(error), clock);
    this.#tree = new ObjectTree(options);
    this.#changeSignals = new ChangeSignals({ tree: this.#tree, ports, tasks: this.#tasks, clock });
    this.#auditLog = new AuditLog(log);
    this.#bus = new Bus({
      address: options.address,
      name: options.busName,
      log,
      called: (call, whole, connection) => this.#answer(call, whole, connection),
      connectionChanged: connection => this.#changeSignals.connectionChanged(connection),
      clock,
    });
  }

  portChanged(port: ManagedPort): void {
    this.#changeSignals.portChanged(port);
  }

  portsChanged(): void {
    this.#changeSignals.portsChanged();
  }

  drainChanged(): void {
    this.#changeSignals.daemonChanged();
  }

  stop(): Promise<void> {
    this.#changeSignals.stop();
    return this.#bus.stop();
  }

  #answer(call: Received, whole: boolean, connection: BusConnection): void {
    try {
      const matched = this.#tree.match(call, whole);
      const result = this.#run(matched, call, connection);
      if (result.kind === "values") connection.reply(call, signatureOf(matched.method.out), result.values);
      else this.#list(result, call, connection);
    } catch (error) {
      this.#fail(call, connection, error);
    }
  }

  #run(matched: MatchedCall, call: Received, connection: BusConnection): Result {
    if (!matched.method.mutates) return matched.run();
    try {
      const result = matched.run();
      this.#auditLog.note(connection, call.sender, describe(matched));
      return result;
    } catch (error) {
      if (error instanceof BusError)
        this.#auditLog.note(connection, call.sender, `${describe(matched)}: ${encodeUtf8(error.message)}`);
      throw error;
    }
  }

  /** Signals and lists are made one after the other, so that a list is never older than a signal before it. */
  #list(result: Entries, call: Received, connection: BusConnection): void {
    if (this.#listings >= MAX_LISTINGS) throw new BusError("LimitsExceeded", "too many ask for all objects at once");
    this.#listings++;
    this.#tasks.add(this.#makeList(result, call, connection));
  }

  *#makeList({ type, entries }: Entries, call: Received, connection: BusConnection): Generator<void> {
    const writer = this.#spare ?? new Writer();
    this.#spare = null;
    writer.reset();
    try {
      for (const entry of entries) {
        writer.put(type, 0, entry);
        yield;
      }
      connection.replyDictionary(call, type, writer.bytes(), () => {
        if (writer.bytes().length <= MAX_KEPT) this.#spare = writer;
      });
    } catch (error) {
      this.#fail(call, connection, error);
    } finally {
      this.#listings--;
    }
  }

  /** An unexpected error is logged; it ends neither the process nor the connection. */
  #fail(call: Received, connection: BusConnection, error: unknown): void {
    const known = error instanceof BusError;
    if (!known) this.#noteFault(error);
    const text = known ? error.message : "a fault of the service; its log says more";
    connection.fail(call, ERRORS[known ? error.code : "Failed"], text);
  }

  #noteFault(error: unknown): void {
    this.#log.error(`D-Bus: ${error instanceof Error ? error.message : error}`);
  }
}

/** `called SetTimeout 30 at /org/ser2net/Ser2net1/port/_32001`. */
function describe({ method, args, path }: MatchedCall): string {
  const words = args.map(arg => (typeof arg === "object" ? JSON.stringify(arg) : String(arg)));
  return encodeUtf8(`called ${[method.name, ...words].join(" ")} at ${path}`);
}
