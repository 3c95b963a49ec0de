/** `ser2net doctor`: what the daemons tell; what is wrong with it is found by a bundle of its own. */
import { DaemonError } from "../drain/running-daemon.js";
import { loadModule } from "../native/load-module.js";
import type { ClientCommand, Target } from "./arguments.js";
import type { ControlAddress } from "./control-session.js";
import { allPorts, askOrFail, controlAddresses, matching } from "./daemons.js";
import type { ClientIo } from "./io.js";

type Doctor = Extract<ClientCommand, { kind: "doctor" }>;
type DoctorModule = typeof import("../doctor/entry.js");

/** Resolves to the exit status. Throws DaemonError. A daemon that cannot be reached is a finding. */
export async function doctor(given: Doctor, target: Target, io: ClientIo): Promise<number> {
  if (target.host !== null) {
    throw new DaemonError("failed", `the doctor looks at its own machine: ssh ${target.host.name} ser2net doctor`);
  }
  const { addresses, failures } = reachable(target);
  const all = await allPorts(addresses);
  const { name } = given;
  const chosen = name === null ? all.rows : matching(all.rows, name);
  if (name !== null && chosen.length === 0 && all.failures.length + failures.length === 0) {
    throw new DaemonError("failed", `no port is called ${name}`);
  }
  const answers = await Promise.all(
    chosen.map(async ({ address, row }) => {
      const shown = await askOrFail(address, `showport ${row.port}`);
      if (shown instanceof DaemonError) return shown;
      const { port, label, device, condition, whole } = row;
      return { instance: address.name, port, label, device, condition, shown, whole };
    }),
  );
  const ports = answers.flatMap(answer => (answer instanceof DaemonError ? [] : [answer]));
  const silent = answers.flatMap(answer => (answer instanceof DaemonError ? [answer.message] : []));
  const isOnePort = name !== null && chosen.length > 0 && silent.length === 0;
  return loadModule<DoctorModule>("./doctor.cjs").runDoctor({
    ...{ ports, instances: addresses.map(one => one.name), isOnePort },
    ...{ json: given.json, open: given.open },
    ...{ archive: given.archive, now: io.clock.date(), out: io.out, err: io.err },
    failures: [...failures, ...all.failures.map(({ message }) => message), ...new Set(silent)],
  });
}

function reachable(target: Target): { addresses: readonly ControlAddress[]; failures: readonly string[] } {
  try {
    return { addresses: controlAddresses(target), failures: [] };
  } catch (error) {
    if (!(error instanceof DaemonError)) throw error;
    return { addresses: [], failures: [error.message] };
  }
}
