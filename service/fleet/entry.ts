/** `ser2net fleet`: a process beside the daemon that connects a board with a broker of MQTT. Bundled as a file of its own. */
import { join } from "node:path";
import { loadHelp } from "../app/load-help.js";
import { writeWhole } from "../client/io.js";
import { formatDiagnostic } from "../config/diagnostic.js";
import { encodeUtf8, toBytes } from "../line/bytes.js";
import { systemClock } from "../line/clock.js";
import { createLog } from "../log/levels.js";
import type { Log } from "../log/log.js";
import { createStderrLog } from "../log/stderr.js";
import { codeOf, reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import { type FleetCommand, parseFleetArguments } from "./arguments.js";
import { Board } from "./board.js";
import { type FleetConfig, parseFleetConfig } from "./config.js";
import { FleetConsole } from "./console.js";

/** As for the daemon; 78 is EX_CONFIG of sysexits.h, with which the unit does not try again. */
const EXIT = { done: 0, failed: 1, usage: 2, misconfigured: 78 } as const;
const FORBIDDEN: readonly unknown[] = ["EROFS", "EACCES", "EPERM"];
/** For a folder that the configuration names. */
const FOLDER_CURE = "; it must belong to the user ser2net, and the unit needs ReadWritePaths= (docs/fleet.md, SPOOL)";

/** Runs the command to its end, and ends the process. @param words the arguments of the program */
export async function runCommand(words: readonly string[]): Promise<void> {
  const command = parseFleetArguments(words.slice(1));
  if (typeof command === "string") {
    err(`ser2net: fleet: ${command}\n${loadHelp().hintOf("fleet", null)}`);
    process.exit(EXIT.usage);
  }
  switch (command.kind) {
    case "help":
      writeWhole(1, toBytes(loadHelp().helpOf("fleet")));
      process.exit(EXIT.done);
      return;
    case "check":
      configOf(command);
      process.exit(EXIT.done);
      return;
    case "run":
      run(configOf(command), command.name);
      return;
    case "console":
      process.exit(await new FleetConsole(configOf(command), command, createConsoleLog(), systemClock).run());
      return;
    default:
      command satisfies never;
  }
}

/** Until a signal ends it. */
function run(config: FleetConfig, name: string): void {
  const log = createFleetLog();
  const folder = config.spoolFolder ?? process.env.STATE_DIRECTORY ?? join("/var/lib/ser2net-fleet", name);
  let board: Board;
  try {
    board = new Board(config, folder, log, systemClock);
  } catch (error) {
    const cure = config.spoolFolder !== null && FORBIDDEN.includes(codeOf(error)) ? FOLDER_CURE : "";
    log.error(`cannot use the spool in ${folder}: ${reasonOf(error)}${cure}`);
    process.exit(EXIT.failed); // the unit tries again: the disk of the folder may be mounted late
  }
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    process.once(signal, () => void board.stop().then(() => process.exit(EXIT.done)));
  }
  board.start();
}

/** Ends the process where the file cannot be read or has errors. */
function configOf(command: Exclude<FleetCommand, { kind: "help" }>): FleetConfig {
  const isGiven = command.kind === "console" && command.lines.length > 0 && command.file === null;
  const name = command.kind === "console" ? (command.name ?? command.board) : command.name;
  const file = command.file ?? `/etc/ser2net/fleet-${name}.conf`;
  const text = isGiven ? command.lines.join("\n") : readConfig(file);
  const result = parseFleetConfig(text, isGiven ? "command line" : file, name);
  if ("config" in result) return result.config;
  for (const diagnostic of result.diagnostics) err(`${formatDiagnostic(diagnostic)}\n`);
  process.exit(EXIT.misconfigured);
}

function readConfig(file: string): string {
  try {
    return readRegularFile(encodeUtf8(file)).toString();
  } catch (error) {
    err(`ser2net: cannot read ${file}: ${reasonOf(error)}\n`);
    process.exit(EXIT.misconfigured);
  }
}

function createFleetLog(): Log {
  const log = createStderrLog();
  return createLog((level, text) => log[level](encodeUtf8(`fleet: ${text}`)));
}

/** Standard output is the console's; warnings go beside it. */
function createConsoleLog(): Log {
  return createLog((level, text) => level !== "notice" && err(`ser2net: ${text}\n`));
}

function err(text: string): void {
  writeWhole(2, toBytes(encodeUtf8(text)));
}
