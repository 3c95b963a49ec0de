/** Carries out one command of the control port. */
import { isSolDevice } from "../config/sol-target.js";
import type { ManagedPort, PortStatus } from "../port/status.js";
import { type Command, parseControls, parseState, parseTimeout } from "./command.js";
import type { CommandContext, ControlPorts } from "./context.js";
import { formatActivity, formatPort, formatShortPort, HELP, isIdle, SHORT_HEADER } from "./format.js";
import { isMonitored, type Monitor, parseDirection } from "./monitor.js";
import { denied, MORE_HELP, runMore } from "./more-commands.js";

type Operation = Extract<Command, { kind: "monitor" | "disconnect" | `setport${string}` }>;

/**
 * The answer as lines without their ends. The command is done when this returns; only a listing is made while it is
 * read, line by line, so that it never stands in memory whole.
 */
export function execute(command: Exclude<Command, { kind: "exit" }>, context: CommandContext): Iterable<string> {
  if (context.deniedBut !== null && CHANGING.has(command.kind)) return [denied(command.kind, context.deniedBut)];
  switch (command.kind) {
    case "nothing":
      return [];
    case "error":
      return [command.text];
    case "help":
      return [...HELP, ...MORE_HELP];
    case "other":
      return runMore(command.name, command.text, context);
    case "version":
      return [`ser2net version ${context.version}`];
    case "showport":
      return listPorts(context.ports, command.port, status => formatPort(status, context.drain.isDraining));
    case "showshortport":
      return listShort(context.ports, command.port);
    case "drain":
      context.drain.begin(context.session);
      return [];
    case "undrain":
      context.drain.end();
      return [];
    case "busy":
      return context.drain.activities(context.session).map(formatActivity);
    case "upgrade":
      process.kill(process.pid, "SIGURG"); // a refusal is told to all sessions
      return ["The installed version is tried"];
    case "monitor-stop":
      context.monitor.stop();
      return [];
    default: {
      const refusal = operate(command, context);
      return refusal === null ? [] : [refusal];
    }
  }
}

/** Commands of 3.5.4, of the drain and of the upgrade, that a peer who may only look does not have. */
const CHANGING: ReadonlySet<Command["kind"]> = new Set([
  ...(["disconnect", "setporttimeout", "setportenable", "setportconfig", "setportcontrol"] as const),
  ...(["drain", "undrain", "upgrade"] as const),
]);

/** Returns null, or the reason why it was not done. */
function operate(command: Operation, { ports, monitor }: CommandContext): string | null {
  if (command.kind === "monitor") return startMonitor(ports, monitor, command.type, command.port);
  const port = ports.find(command.port);
  if (port === null || (isSetting(command) && port.status().pending === "delete")) return invalidPort(command.port);
  switch (command.kind) {
    case "disconnect":
      return port.disconnect() ? null : `Port not connected: ${command.port}`;
    case "setporttimeout": {
      const seconds = parseTimeout(command.timeout);
      if (seconds === null) return `Invalid timeout: ${command.timeout}`;
      port.setTimeoutSeconds(seconds);
      return null;
    }
    case "setportenable": {
      const state = parseState(command.state);
      return state === null ? `Invalid enable: ${command.state}` : port.setState(state);
    }
    case "setportconfig":
      return configure(port, command.words);
    case "setportcontrol":
      return driveControls(port, command.port, command.words);
    default:
      return command satisfies never;
  }
}

/** Commands that a port no longer takes while it is being removed; a timeout is still accepted. */
function isSetting(command: Operation): boolean {
  return command.kind === "setportenable" || command.kind === "setportconfig" || command.kind === "setportcontrol";
}

function* listPorts(
  ports: ControlPorts,
  name: string | null,
  show: (status: PortStatus) => Iterable<string>,
): Generator<string> {
  if (name === null) {
    for (const port of [...ports.list()]) yield* show(port.status());
    return;
  }
  const port = ports.find(name);
  yield* port === null ? [invalidPort(name)] : show(port.status());
}

function* listShort(ports: ControlPorts, name: string | null): Generator<string> {
  yield SHORT_HEADER;
  yield* listPorts(ports, name, status => [formatShortPort(status)]);
}

function startMonitor(ports: ControlPorts, monitor: Monitor, type: string, name: string | null): string | null {
  if (monitor.active) return "Already monitoring a port";
  if (name === null) return "No tcp port given";
  const port = ports.find(name);
  if (port === null) return invalidPort(name);
  const direction = parseDirection(type);
  const taken = direction === null ? isMonitored(port) : !monitor.start(port, direction);
  if (taken) return "Port is already being monitored";
  return direction === null ? `invalid monitor type: ${type}` : null;
}

/** The text of the reference about a number has its own line end, in addition to that of every answer. */
function configure(port: ManagedPort, words: string): string | null {
  const problem = port.setConfig(words);
  return problem?.startsWith("Invalid number for ") ? `${problem}\n` : problem;
}

function driveControls(port: ManagedPort, name: string, words: string): string | null {
  const notConnected = `Port is not currently connected: ${name}`;
  const status = port.status();
  if (isIdle(status)) return notConnected;
  const controls = isSolDevice(status.devicePath) ? null : parseControls(words);
  if (controls === null) return "Invalid device controls";
  // One at a time and in order: `DTRLO DTRHI` is a pulse.
  for (const control of controls) if (!port.drive(control)) return notConnected;
  return null;
}

function invalidPort(name: string): string {
  return `Invalid port number: ${name}`;
}
