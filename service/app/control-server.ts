/** Loads the control port and connects it with the daemon. */
import type { ProfileFacts } from "../board/profile.js";
import { VERSION } from "../cli.js";
import type { Diagnostic } from "../config/diagnostic.js";
import type { ControlServer } from "../control/server.js";
import type { ObservedLog } from "../log/log.js";
import { loadModule } from "../native/load-module.js";
import type { Drain } from "../port/drain.js";
import type { Registry } from "../port/registry.js";
import type { Bundles } from "./bundles.js";
import { portNames } from "./port-names.js";
import { type ReportedState, statusText } from "./service-manager.js";

interface ServedDaemon extends ReportedState {
  readonly ports: Registry;
  readonly drain: Drain;
  readonly configFile: string | null;
  readonly board: ProfileFacts | null;
  readonly bundles: Pick<Bundles, "metrics">;
  identify(portName: string, seconds: number): boolean;
  readonly lastReload: readonly Diagnostic[] | string;
}

/** Throws when the bundle cannot be loaded. @param reload reads the configuration anew; then `lastReload` has the result */
export function createControlServer(daemon: ServedDaemon, log: ObservedLog, reload: () => void): ControlServer {
  const { ControlServer } = loadModule<typeof import("../control/server.js")>("./control.cjs");
  return new ControlServer({
    ports: daemon.ports,
    version: VERSION,
    drain: daemon.drain,
    log,
    profile: portName => portNames(daemon.board, portName),
    daemon: {
      reload() {
        reload();
        return daemon.lastReload;
      },
      status: () => statusText(daemon),
      configFile: () => daemon.configFile,
      identify: (portName, seconds) => daemon.identify(portName, seconds),
      board: () => daemon.board?.board ?? null,
      metrics: () => daemon.bundles.metrics()?.lines() ?? ["Metrics cannot be loaded: see the log"],
    },
  });
}
