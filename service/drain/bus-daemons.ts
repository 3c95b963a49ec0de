/** The daemons on a bus: each owns the common name or is queued for it (docs/dbus.md, "Names and objects"). */
import type { BusConnection } from "../dbus/bus-connection.js";
import type { Received } from "../dbus/codec.js";
import { type Clock, systemClock } from "../line/clock.js";
import { loadModule } from "../native/load-module.js";
import type { Activity } from "../port/drain.js";
import { ANSWER_MS, DaemonError, type RunningDaemon } from "./running-daemon.js";

/** The D-Bus code is a bundle of its own, the one that the daemon loads. */
type BusModule = typeof import("../dbus/entry.js");

const PROPERTIES = "org.freedesktop.DBus.Properties";
/** Errors of the bus where the daemon does not exist, or not any more. */
const ABSENT: readonly (string | null)[] = ["NameHasNoOwner", "ServiceUnknown", "NoReply"].map(
  name => `org.freedesktop.DBus.Error.${name}`,
);

/** A row of `Busy`, as docs/dbus.md has it. */
type Row = readonly [Activity["kind"], string, string, number, bigint];

/**
 * All that run, or those of the boards named. Rejects with DaemonError.
 * @param choice `system`, `session` or an address
 */
export async function findOnBus(
  choice: string,
  boards: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<readonly RunningDaemon[]> {
  const bus = loadBus();
  const address = bus.busAddress(choice, env);
  const client = new BusClient(bus, await connectBus(bus, address));
  try {
    const owners = await client.owners(boards);
    const daemons = await Promise.all(owners.map(owner => client.daemon(owner)));
    const running = daemons.filter(daemon => daemon !== null);
    if (running.length > 0) return running;
    throw new DaemonError("absent", `no daemon is on the bus ${address}`);
  } catch (error) {
    client.close();
    throw error;
  }
}

/** Throws DaemonError. */
export function loadBus(): BusModule {
  try {
    return loadModule<BusModule>("./dbus.cjs");
  } catch (error) {
    throw new DaemonError("failed", `D-Bus cannot be loaded: ${messageOf(error)}`);
  }
}

/** The first socket of the address that takes a connection. Rejects with DaemonError. @param signalled see BusConnectionEvents */
export async function connectBus(
  bus: BusModule,
  address: string,
  signalled: (signal: Received) => void = () => {},
): Promise<BusConnection> {
  const paths = bus.socketPaths(address);
  // It does not say that no daemon runs.
  if (paths.length === 0) throw new DaemonError("failed", `not the address of a local bus: ${address}`);
  let reason = "";
  for (const path of paths) {
    try {
      return await connectSocket(bus, path, signalled);
    } catch (error) {
      reason = messageOf(error);
    }
  }
  throw new DaemonError("absent", `no bus at ${address}: ${reason}`);
}

function connectSocket(
  bus: BusModule,
  path: string,
  signalled: (signal: Received) => void,
  clock: Clock = systemClock,
): Promise<BusConnection> {
  return new Promise((resolve, reject) => {
    const connection = new bus.BusConnection(
      path,
      {
        started: () => {
          cancel();
          resolve(connection);
        },
        called: (call, _whole, own) => own.fail(call, "org.freedesktop.DBus.Error.UnknownMethod", "no method here"),
        named: () => {},
        signalled,
        ended: reason => {
          cancel();
          reject(new Error(reason));
        },
      },
      clock,
    );
    const cancel = clock.after(ANSWER_MS, () => connection.end("the bus does not answer"));
  });
}

class BusClient {
  readonly #bus: BusModule;
  readonly #connection: BusConnection;

  constructor(bus: BusModule, connection: BusConnection) {
    this.#bus = bus;
    this.#connection = connection;
  }

  /** Unique names. */
  async owners(boards: readonly string[]): Promise<readonly string[]> {
    const { instanceName, WELL_KNOWN_NAME } = this.#bus;
    if (boards.length === 0) {
      const [owners] = await this.#answer(this.#connection.call("ListQueuedOwners", "s", [WELL_KNOWN_NAME]), [[]]);
      return owners as readonly string[];
    }
    const find = async (board: string): Promise<string> => {
      const [owner] = await this.#answer(this.#connection.call("GetNameOwner", "s", [instanceName(board)]), [null]);
      if (typeof owner === "string") return owner;
      throw new DaemonError("absent", `no instance ${board} runs`);
    };
    return Promise.all(boards.map(find));
  }

  /** Null: it is gone already. */
  async daemon(owner: string): Promise<RunningDaemon | null> {
    const { ROOT, WELL_KNOWN_NAME } = this.#bus;
    const target = { destination: owner, path: ROOT };
    const bound = `${WELL_KNOWN_NAME}.Daemon`;
    const get = (property: string) =>
      this.#connection.call("Get", "ss", [bound, property], { ...target, interface: PROPERTIES });
    const call = (member: string) => this.#connection.call(member, "", [], { ...target, interface: bound });
    const board = unwrap(await this.#answer(get("Board"), [null]));
    if (board === null) return null;
    return {
      name: board === "" ? "-" : String(board),
      activities: async () => {
        const rows = unwrap(await this.#answer(get("Busy"), [null]));
        if (rows === null) throw new DaemonError("absent", "the daemon has ended");
        return (rows as readonly Row[]).map(readRow);
      },
      drain: async () => void (await this.#answer(call("Drain"), [])),
      undrain: async () => void (await this.#answer(call("Undrain"), [])),
      close: () => this.close(),
    };
  }

  close(): void {
    this.#connection.end("done");
  }

  /** What a call gives, `absent` where the daemon does not exist any more. Rejects with DaemonError. */
  async #answer(
    answer: Promise<readonly unknown[]>,
    absent: readonly unknown[],
    clock: Clock = systemClock,
  ): Promise<readonly unknown[]> {
    let cancel = (): void => {};
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(ANSWER_MS, () => reject(new DaemonError("failed", "a daemon does not answer")));
    });
    try {
      return await Promise.race([answer, late]);
    } catch (error) {
      if (error instanceof this.#bus.BusCallError && ABSENT.includes(error.errorName)) return absent;
      throw error instanceof DaemonError ? error : new DaemonError("failed", messageOf(error));
    } finally {
      cancel();
    }
  }
}

/** A property comes as a variant. */
function unwrap([reply]: readonly unknown[]): unknown {
  return typeof reply === "object" && reply !== null && "signature" in reply && "value" in reply ? reply.value : reply;
}

function readRow([kind, port, address, portNumber, since]: Row): Activity {
  return { kind, port, address, portNumber, since: Number(since) / 1000 };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
