/** Opens SOL devices: names, two addresses of one BMC, and the order of sessions with it. */
import type { SolTarget } from "../config/sol-target.js";
import type { SessionError, SessionErrorCode } from "../ipmi/session-error.js";
import type { LoginSecrets, SolSettings } from "../ipmi/settings.js";
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { SystemError } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import type { BmcAddress } from "./bmc-socket.js";
import { type Device, DeviceError } from "./device.js";
import { type CreateSession, SolConsole } from "./sol.js";

/** A BMC locks an account after some refused logins: with `hold=` the next one follows after this time. */
const REFUSED_LOGIN_MS = 30_000;
const REFUSED_LOGINS: ReadonlySet<SessionErrorCode> = new Set([
  "user-refused",
  "wrong-password",
  "wrong-bmc-key",
  "privilege-refused",
]);
/** How long a name may take to be resolved. */
const RESOLVE_LIMIT_MS = 5000;

export interface SolRequest {
  /** The public form of the device: without secrets. */
  readonly path: string;
  /** Equal for all names of one device. */
  readonly identity: string;
  readonly target: Pick<SolTarget, "addresses" | "family" | "login">;
  readonly sol: SolSettings;
  /** Padded copies, which are overwritten. Throws DeviceError where a file cannot be read. */
  readonly readSecrets: () => LoginSecrets;
  readonly warn: (text: string) => void;
  /** Aborted when the device is not wanted any more. */
  readonly signal: AbortSignal;
}

export class SolDevices {
  readonly #createSession: CreateSession;
  /** Sessions that were given up while they were being established, by identity: the next one waits for their end. */
  readonly #ending = new Map<string, Promise<void>>();

  constructor(createSession: CreateSession) {
    this.#createSession = createSession;
  }

  /** Logs in and activates SOL. Rejects with DeviceError. */
  async open(request: SolRequest): Promise<Device> {
    await this.#ending.get(request.identity);
    const { path, target } = request;
    let failure = "the BMC does not answer";
    let retryAfterMs: number | null = null;
    for await (const { host, ...address } of bmcAddresses(target, path)) {
      const opened = await this.#connect(request, address);
      if (opened instanceof SolConsole) return opened;
      failure = `${host}: ${opened?.message ?? "given up"}`;
      if (opened !== null && REFUSED_LOGINS.has(opened.code)) retryAfterMs = REFUSED_LOGIN_MS;
      if (opened?.code !== "unreachable") break;
    }
    throw new DeviceError("open-failed", path, failure, { retryAfterMs });
  }

  /** The console or its error; null when it is not wanted any more. */
  #connect(request: SolRequest, address: BmcAddress): Promise<SolConsole | SessionError | null> {
    const { path, identity, target, sol, readSecrets, warn, signal } = request;
    if (signal.aborted) return Promise.resolve(null);
    const createSession = this.#createSession;
    return new Promise((settle, reject) => {
      const finish = (result: SolConsole | SessionError | null): void => {
        signal.removeEventListener("abort", abandon);
        settle(result);
      };
      const abandon = (): void => {
        const ended = device.close(0).finally(() => this.#ending.delete(identity));
        this.#ending.set(identity, ended);
      };
      let device: SolConsole;
      try {
        device = new SolConsole({
          ...{ path, address, login: target.login, readSecrets, sol, createSession, warn, before: null },
          connected: () => finish(device),
          refused: finish,
        });
      } catch (error) {
        if (!(error instanceof SystemError)) throw error;
        reject(new DeviceError("open-failed", path, error.reason, { cause: error }));
        return;
      }
      signal.addEventListener("abort", abandon);
    });
  }
}

/** `lookup` of node:dns/promises, with `all`. */
type Lookup = (
  host: string,
  options: { readonly all: true; readonly family: number },
) => Promise<readonly { readonly address: string; readonly family: number }[]>;

/**
 * The addresses of a BMC, in the order in which they are tried: of a name the first of each family. A host whose name is
 * not resolved is passed over; throws its DeviceError where no other is left.
 */
export async function* bmcAddresses(
  { addresses, family }: Pick<SolTarget, "addresses" | "family">,
  path: string,
  lookup?: Lookup,
  clock: Clock = systemClock,
): AsyncGenerator<BmcAddress & { readonly host: string }> {
  let unresolved: DeviceError | null = null;
  let hasAny = false;
  for (const { host, port } of addresses) {
    try {
      for (const address of await resolveHost({ host, family, path, lookup, clock })) {
        hasAny = true;
        yield { host, address, port };
      }
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      unresolved ??= error;
    }
  }
  if (unresolved !== null && !hasAny) throw unresolved;
}

interface HostRequest {
  readonly host: string;
  readonly family: 0 | 4 | 6;
  readonly path: string;
  readonly lookup: Lookup | undefined;
  readonly clock: Clock;
}

/** Numeric addresses, one of each family at most. Rejects with DeviceError. */
async function resolveHost({ host, family, path, lookup: given, clock }: HostRequest): Promise<readonly string[]> {
  const version = host.includes(":") ? 6 : /^(0|[1-9]\d*)(\.(0|[1-9]\d*)){3}$/.test(host) ? 4 : null;
  if (version !== null) {
    if (family === 0 || family === version) return [host];
    throw new DeviceError("open-failed", path, `${host}: not an IPv${family} address`);
  }
  const lookup: Lookup = given ?? loadModule("node:dns/promises").lookup;
  let cancel: Cancel = () => {};
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(RESOLVE_LIMIT_MS, () => reject(new Error("the name server does not answer")));
  });
  try {
    const found = await Promise.race([lookup(host, { all: true, family }), late]);
    return found
      .filter((one, at) => found.findIndex(({ family }) => family === one.family) === at)
      .map(one => one.address);
  } catch (error) {
    const reason =
      error instanceof Error && "code" in error ? "the name is not known" : "the name is not resolved in time";
    throw new DeviceError("open-failed", path, `${host}: ${reason}`, { cause: error });
  } finally {
    cancel();
  }
}
