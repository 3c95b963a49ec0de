/** Carries out one command of the control port. */
import { isSolDevice } from "../config/sol-target.js";
import type { ManagedPort, PortStatus } from "../port/status.js";
import { type Command, parseControls, parseState, parseTimeout } from "./command.js";
import type { CommandContext } from "./context.js";
import { formatActivity, formatPort, formatShortPort, HELP, isIdle, SHORT_HEADER } from "./format.js";
import { isMonitored, parseDirection } from "./monitor.js";
import { denied, MORE_HELP, portCalled, runMore } from "./more-commands.js";

type Operation = Extract<Command, { kind: "disconnect" | `setport${string}` }>;

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
      return listPorts(context, command.port, status => formatPort(status, context.drain.isDraining));
    case "showshortport":
      return listShort(context, command.port);
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
    case "monitor":
      return startMonitor(command.type, command.port, context);
    default:
      return operate(command, context);
  }
}

/** Commands of 3.5.4, of the drain and of the upgrade, that a peer who may only look does not have. */
const CHANGING: ReadonlySet<Command["kind"]> = new Set([
  ...(["disconnect", "setporttimeout", "setportenable", "setportconfig", "setportcontrol"] as const),
  ...(["drain", "undrain", "upgrade"] as const),
]);

/** The reason why it was not done; empty: it was. */
function operate(command: Operation, context: CommandContext): readonly string[] {
  const port = portOf(command.port, context);
  if (Array.isArray(port)) return port;
  const refusal =
    isSetting(command) && port.status().pending === "delete" ? invalidPort(command.port) : change(port, command);
  return refusal === null ? [] : [refusal];
}

/** Returns null, or the reason why it was not done. */
function change(port: ManagedPort, command: Operation): string | null {
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
  context: CommandContext,
  name: string | null,
  show: (status: PortStatus) => Iterable<string>,
): Generator<string> {
  if (name === null) {
    for (const port of [...context.ports.list()]) yield* show(port.status());
    return;
  }
  const port = portOf(name, context);
  yield* Array.isArray(port) ? port : show(port.status());
}

function* listShort(context: CommandContext, name: string | null): Generator<string> {
  yield SHORT_HEADER;
  yield* listPorts(context, name, status => [formatShortPort(status)]);
}

function startMonitor(type: string, name: string | null, context: CommandContext): readonly string[] {
  const { monitor } = context;
  if (monitor.active) return ["Already monitoring a port"];
  if (name === null) return ["No tcp port given"];
  const port = portOf(name, context);
  if (Array.isArray(port)) return port;
  const direction = parseDirection(type);
  const taken = direction === null ? isMonitored(port) : !monitor.start(port, direction);
  if (taken) return ["Port is already being monitored"];
  return direction === null ? [`invalid monitor type: ${type}`] : [];
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

/** As `portCalled`, but a number is the network port as written, as in 3.5.4: scripts test for the refusal. */
function portOf(name: string, context: CommandContext): ManagedPort | string[] {
  return /^\d+$/.test(name) ? (context.ports.find(name) ?? [invalidPort(name)]) : portCalled(name, context);
}

function invalidPort(name: string): string {
  return `Invalid port number: ${name}`;
}
