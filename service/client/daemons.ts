/** The daemons that a command is about, and which of them has a port. */
import { readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DaemonError, isAbsent } from "../drain/running-daemon.js";
import { encodeUtf8 } from "../line/bytes.js";
import { codeOf } from "../native/errors.js";
import type { Target } from "./arguments.js";
import { type ControlAddress, ControlSession } from "./control-session.js";
import type { ClientIo } from "./io.js";
import { type PortRow, readPortRows } from "./port-rows.js";
import { EXIT } from "./usage.js";

/** Each daemon has a folder of its own here, with its socket (docs/console.md, "Where it connects"). */
const RUN = "/run/ser2net";
const SOCKET = "control";

/** Throws DaemonError: there is none. */
export function controlAddresses({ host, instances, sockets }: Target, run = RUN): readonly ControlAddress[] {
  if (host !== null) {
    const { name, port, tls } = host;
    return [{ name: `${name}:${port}`, host: name, port, family: 0, tls }];
  }
  if (instances.length + sockets.length > 0) {
    return [
      ...instances.map(name => ({ name, path: join(run, name, SOCKET) })),
      ...sockets.map(path => ({ name: nameOf(path), path })),
    ];
  }
  const found = readFolder(run)
    .map(name => ({ name: encodeUtf8(name), path: join(run, name, SOCKET) }))
    .filter(({ path }) => isSocket(path));
  if (found.length > 0) return found;
  throw new DaemonError("absent", `no daemon has a socket at ${run}/NAME/${SOCKET}; -H HOST asks a control port`);
}

/** A port that a name stands for, with the daemon that has it. */
export interface FoundPort {
  readonly address: ControlAddress;
  /** The network port, which is unique in its daemon. */
  readonly port: string;
}

/** Resolves a name in all daemons. Rejects with DaemonError: none or several have it, or none can be reached. */
export async function findPort(addresses: readonly ControlAddress[], name: string): Promise<FoundPort> {
  const { rows, failures } = await allPorts(addresses);
  const found = matching(rows, name);
  const [first, ...more] = found;
  if (first === undefined) throw notFound(name, failures, addresses.length);
  if (more.length === 0) return { address: first.address, port: first.row.port };
  const titles = found.map(({ address, row }) => {
    const label = row.label === "" ? "" : ` (${row.label})`;
    return `${addresses.length > 1 ? `${address.name}: ` : ""}${row.port}${label} ${row.device}`;
  });
  throw new DaemonError("failed", `${name} may be ${titles.join(", or ")}`);
}

/** A daemon that did not answer may have the port. */
function notFound(name: string, failures: readonly DaemonError[], asked: number): DaemonError {
  const reasons = failures.map(({ message }) => message);
  if (failures.length < asked) reasons.unshift(`no port is called ${name}`);
  return new DaemonError(areAbsent(failures, asked) ? "absent" : "failed", reasons.join("; "));
}

/** No daemon is there of those that were asked. */
function areAbsent(failures: readonly DaemonError[], asked: number): boolean {
  return failures.length === asked && failures.every(isAbsent);
}

/** Tells of each daemon that did not answer. Returns the exit status. */
export function tellFailures(failures: readonly DaemonError[], asked: number, io: ClientIo): number {
  for (const { message } of failures) io.err(`ser2net: ${message}\n`);
  if (failures.length === 0) return EXIT.done;
  return areAbsent(failures, asked) ? EXIT.unreachable : EXIT.refused;
}

/** The ports that a name stands for: the network port before all other names, as with the commands of the control port. */
export function matching(rows: AllPorts["rows"], name: string): AllPorts["rows"] {
  const exact = rows.filter(({ row }) => row.port === name);
  return exact.length > 0 ? exact : rows.filter(({ row }) => isCalled(row, name));
}

interface AllPorts {
  readonly rows: readonly { readonly address: ControlAddress; readonly row: PortRow }[];
  /** One for each daemon that did not answer. */
  readonly failures: readonly DaemonError[];
}

/** The ports of all daemons that answer. */
export async function allPorts(addresses: readonly ControlAddress[]): Promise<AllPorts> {
  const answers = await Promise.all(
    addresses.map(async address => {
      const lines = await askOrFail(address, "ports json");
      return lines instanceof DaemonError ? lines : readPortRows(lines).map(row => ({ address, row }));
    }),
  );
  return {
    rows: answers.flatMap(answer => (answer instanceof DaemonError ? [] : answer)),
    failures: answers.filter(answer => answer instanceof DaemonError),
  };
}

/** One command in a session of its own. Rejects with DaemonError. */
export async function askOnce(address: ControlAddress, command: string): Promise<readonly string[]> {
  const session = await ControlSession.open(address);
  try {
    return await session.ask(command);
  } finally {
    session.close();
  }
}

/** As `askOnce`, but resolves to the error: the other daemons are asked all the same. */
export async function askOrFail(address: ControlAddress, command: string): Promise<readonly string[] | DaemonError> {
  try {
    return await askOnce(address, command);
  } catch (error) {
    if (error instanceof DaemonError) return error;
    throw error;
  }
}

function isCalled({ port, label, id, device, deviceName }: PortRow, name: string): boolean {
  const number = /\d+$/.exec(port)?.[0];
  const names = [number, id, device, deviceName, device.replace(/^\/dev\//, "")];
  return names.includes(name) || label.toLowerCase() === name.toLowerCase();
}

/** The folder names the daemon where the socket has its usual name. */
function nameOf(path: string): string {
  return encodeUtf8(basename(path) === SOCKET ? basename(dirname(path)) : path);
}

function readFolder(path: string): readonly string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket();
  } catch (error) {
    return codeOf(error) === "EACCES"; // to say so when it is connected to
  }
}
