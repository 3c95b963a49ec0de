/** The commands of the client: each one to its file, or as one line of the control language. */
import { loadHelp } from "../app/load-help.js";
import { NOT_RELOADED } from "../config/diagnostic.js";
import { DaemonError } from "../drain/running-daemon.js";
import { apply } from "./apply.js";
import { type ClientCommand, parseClientArguments, UsageError } from "./arguments.js";
import { attach } from "./attach.js";
import type { ControlAddress } from "./control-session.js";
import { askOnce, askOrFail, controlAddresses, findPort, tellFailures } from "./daemons.js";
import { discover } from "./discover.js";
import { doctor } from "./doctor.js";
import type { ClientIo } from "./io.js";
import { showJournal } from "./journal.js";
import { ports } from "./ports.js";
import { EXIT } from "./usage.js";
import { watch } from "./watch.js";

/** Resolves to the exit status. @param argv from the name of the command on, one character a byte */
export async function clientCommand(argv: readonly string[], io: ClientIo): Promise<number> {
  try {
    const { command, target } = parseClientArguments(argv);
    if (command.kind === "help") {
      io.out(loadHelp().helpOf(argv[0] ?? ""));
      return EXIT.done;
    }
    if (command.kind === "log") return await showJournal(command, target, io);
    if (command.kind === "doctor") return await doctor(command, target, io);
    if (command.kind === "ports" && command.show === "discover") return await discover(command.json, io);
    return await run(command, controlAddresses(target), io);
  } catch (error) {
    if (error instanceof UsageError) {
      io.err(`ser2net: ${error.message}\n${loadHelp().hintOf(argv[0] ?? "", error.word)}`);
      return EXIT.usage;
    }
    if (!(error instanceof DaemonError)) throw error;
    io.err(`ser2net: ${error.message}\n`);
    return error.code === "absent" ? EXIT.unreachable : EXIT.refused;
  }
}

function run(
  command: Exclude<ClientCommand, { kind: "help" | "log" | "doctor" }>,
  addresses: readonly ControlAddress[],
  io: ClientIo,
): Promise<number> {
  switch (command.kind) {
    case "ports":
      return ports(command, addresses, io);
    case "attach":
      return attach(command, addresses, io);
    case "watch":
      return watch(command, addresses, io);
    case "who":
      return who(command.name, addresses, io);
    case "set":
      return change(addresses, command.name, port => `setportconfig ${port} ${command.words.join(" ")}`, io);
    case "apply":
      return apply(command, addresses, io);
    case "status":
    case "metrics":
    case "reload":
      return ofDaemons(command.kind, addresses, io);
    case "take":
      return change(addresses, command.name, port => `take ${port}`, io, / writes on /);
    case "say":
    case "pulse":
    case "break":
    case "disconnect": {
      const words = "words" in command ? command.words.map(word => ` ${word}`).join("") : "";
      return change(addresses, command.name, port => `${command.kind} ${port}${words}`, io);
    }
    default:
      return command satisfies never;
  }
}

async function who(name: string | null, addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  const show = (answer: readonly string[]): void => {
    for (const line of answer) io.out(`${line}\n`);
  };
  if (name === null) return ofEach(addresses, "who", show, io);
  const { address, port } = await findPort(addresses, name);
  show(await askOnce(address, `who ${port}`));
  return EXIT.done;
}

/** A command of the whole daemon, for each of them. Its answer begins with what went wrong. */
async function ofDaemons(command: string, addresses: readonly ControlAddress[], io: ClientIo): Promise<number> {
  let isRefused = false;
  const show = (answer: readonly string[], { name }: ControlAddress): void => {
    for (const line of answer) io.out(`${addresses.length > 1 ? `${name}: ` : ""}${line}\n`);
    if (answer[0]?.startsWith(NOT_RELOADED) === true) isRefused = true;
  };
  const status = await ofEach(addresses, command, show, io);
  return isRefused ? EXIT.refused : status;
}

/** Asks one daemon after the other; the first that fails does not keep it from the others. Resolves to the exit status. */
async function ofEach(
  addresses: readonly ControlAddress[],
  command: string,
  show: (answer: readonly string[], address: ControlAddress) => void,
  io: ClientIo,
): Promise<number> {
  const failures: DaemonError[] = [];
  for (const address of addresses) {
    const answer = await askOrFail(address, command);
    if (answer instanceof DaemonError) failures.push(answer);
    else show(answer, address);
  }
  return tellFailures(failures, addresses.length, io);
}

/** A command whose answer is a refusal, or that has the given one. */
async function change(
  addresses: readonly ControlAddress[],
  name: string,
  command: (port: string) => string,
  io: ClientIo,
  success: RegExp | null = null,
): Promise<number> {
  const { address, port } = await findPort(addresses, name);
  const answer = await askOnce(address, command(port));
  const refusal = answer.filter(line => success?.test(line) !== true);
  for (const line of refusal) io.err(`ser2net: ${line}\n`);
  return refusal.length === 0 ? EXIT.done : EXIT.refused;
}
