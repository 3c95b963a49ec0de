/** `ser2net log`: the entries of a port in the journal of systemd (docs/console.md, "Who was connected"). */
import { DaemonError, isAbsent } from "../drain/running-daemon.js";
import { decodeUtf8 } from "../line/bytes.js";
import { loadModule } from "../native/load-module.js";
import type { ClientCommand, Target } from "./arguments.js";
import { allPorts, controlAddresses, matching, tellFailures } from "./daemons.js";
import type { ClientIo } from "./io.js";
import { EXIT } from "./usage.js";

/** Resolves to the exit status. Throws DaemonError. */
export async function showJournal(
  { name, words }: Extract<ClientCommand, { kind: "log" }>,
  target: Target,
  io: ClientIo,
): Promise<number> {
  if (target.host !== null) {
    throw new DaemonError("failed", `the journal is on the other machine: ssh ${target.host.name} ser2net log ${name}`);
  }
  const port = await networkPort(name, target, io);
  const { spawn } = loadModule("node:child_process");
  const child = spawn("journalctl", [`SER2NET_PORT=${decodeUtf8(port)}`, ...words.map(decodeUtf8)], {
    stdio: "inherit",
  });
  return new Promise(resolve => {
    child.on("error", error => {
      const isMissing = "code" in error && error.code === "ENOENT";
      io.err(
        `ser2net: ${isMissing ? "journalctl is not installed: the log is where syslog puts it" : error.message}\n`,
      );
      resolve(EXIT.refused);
    });
    child.on("exit", code => resolve(code === 0 ? EXIT.done : EXIT.refused));
  });
}

/** The journal can be read without the daemon; then the name is taken for a network port. */
async function networkPort(name: string, target: Target, io: ClientIo): Promise<string> {
  try {
    const addresses = controlAddresses(target);
    const { rows, failures } = await allPorts(addresses);
    const ports = new Set(matching(rows, name).map(({ row }) => row.port));
    // A label of a daemon that does not answer is not found in the journal.
    if (ports.size === 0) tellFailures(failures, addresses.length, io);
    const [port = name, ...others] = ports;
    if (others.length > 0) throw new DaemonError("failed", `several ports are called ${name}: ${[...ports].join(" ")}`);
    return port;
  } catch (error) {
    if (isAbsent(error)) return name;
    throw error;
  }
}
