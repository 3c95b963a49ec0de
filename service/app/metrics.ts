/**
 * The metrics of the daemon. Bundled as a file of its own, and loaded where METRICS is configured or `ser2net metrics` asks.
 */
import { readdirSync } from "node:fs";
import type { ProfileFacts } from "../board/profile.js";
import { VERSION } from "../cli.js";
import { parseNetworkPort, type ServiceLookup } from "../config/network-port.js";
import { encodeUtf8 } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import type { LimitedLog } from "../log/rate-limit.js";
import { MetricsServer, type MetricsSource, metricsLines } from "../metrics/server.js";
import { listenAddresses } from "../net/addresses.js";
import { type ManagedPort, portCondition } from "../port/status.js";
import type { Totals } from "../port/totals.js";

interface MeasuredDaemon {
  readonly ports: { list(): readonly ManagedPort[] };
  readonly drain: { readonly isDraining: boolean };
  readonly board: ProfileFacts | null;
  readonly faultyLines: number;
  missing(): readonly string[];
}

export class Metrics {
  readonly #log: LimitedLog;
  readonly #source: MetricsSource;
  readonly #serviceLookup: ServiceLookup;
  readonly #clock: Clock;
  #server: MetricsServer | null = null;
  #spec: string | null = null;

  constructor(
    daemon: MeasuredDaemon,
    totals: Totals,
    log: LimitedLog,
    serviceLookup: ServiceLookup,
    clock: Clock = systemClock,
  ) {
    this.#log = log;
    this.#serviceLookup = serviceLookup;
    this.#clock = clock;
    this.#source = sourceOf(daemon, totals, log, clock);
  }

  /** Serves them at `[HOST,]PORT` and nowhere else; null: nowhere. Without a host only to this machine. Logs what fails. */
  move(spec: string | null): void {
    if (spec === this.#spec) return;
    this.#spec = spec;
    this.#server?.close();
    if (spec === null) return;
    const port = parseNetworkPort(spec, this.#serviceLookup);
    if (typeof port === "string" || port.transport !== "tcp") return; // a diagnostic of the line
    const addresses = listenAddresses(port.host === null ? { ...port, host: "localhost" } : port);
    if (addresses === null) {
      this.#log.error(`Unable to serve metrics on ${spec}: a host name is not looked up, give its address`);
      return;
    }
    this.#server ??= new MetricsServer({ source: this.#source, log: this.#log, clock: this.#clock });
    this.#server.listen(addresses, port.port);
  }

  lines(): Iterable<string> {
    return metricsLines(this.#source);
  }

  close(): void {
    this.#server?.close();
  }
}

function sourceOf(daemon: MeasuredDaemon, totals: Totals, log: LimitedLog, clock: Clock): MetricsSource {
  return {
    daemon() {
      const { user, system } = process.cpuUsage();
      return {
        ...{ version: VERSION, faultyLines: daemon.faultyLines, isDraining: daemon.drain.isDraining },
        ...{ missingDevices: daemon.missing().length, suppressedLines: log.suppressed },
        ...{ memoryBytes: known(() => process.memoryUsage.rss()), cpuSeconds: (user + system) / 1e6 },
        openFiles: known(() => readdirSync("/proc/self/fd").length - 1),
        startedSeconds: Math.round(clock.date().getTime() / 1000 - process.uptime()),
      };
    },
    ports: () =>
      daemon.ports.list().map(port => () => {
        const status = port.status();
        const label = encodeUtf8(daemon.board?.ports.get(port.name)?.label ?? "");
        return { status, condition: portCondition(status), totals: totals.of(port.name), label };
      }),
  };
}

/** What a file of /proc tells; null: no descriptor is left to open it. */
function known(read: () => number): number | null {
  try {
    return read();
  } catch {
    return null;
  }
}
