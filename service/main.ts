/** The program: arguments, signals, exit status. */
import { writeSync } from "node:fs";
import { basename } from "node:path";
import { loadSol, loadSystemd } from "./app/bundles.js";
import { Daemon, type DaemonEvents } from "./app/daemon.js";
import { DbusLoader } from "./app/dbus-loader.js";
import { daemonState, giveState, takeOver } from "./app/handover.js";
import { InPlaceUpgrade, isUpgraded } from "./app/in-place.js";
import type { Journal } from "./app/journal.js";
import { checkSources, loadBoards } from "./app/load-configuration.js";
import { loadHelp } from "./app/load-help.js";
import { deviceRequest } from "./app/port-environment.js";
import { createProgramLog } from "./app/program-log.js";
import type { ServiceManager } from "./app/service-manager.js";
import { StartError } from "./app/start-error.js";
import type { TakenOver } from "./app/taken-over.js";
import { type Options, parseArguments, VERSION } from "./cli.js";
import type { PortConfig } from "./config/configuration.js";
import { hideSecrets, holdsSecret } from "./config/sol-words.js";
import { argumentsAnew, detach, fromHere, isBackground, readyFdProblem } from "./daemonize.js";
import { decodeUtf8, encodeUtf8, toBytes } from "./line/bytes.js";
import { type Clock, systemClock } from "./line/clock.js";
import { oneLine } from "./log/one-line.js";
import type { LimitedLog } from "./log/rate-limit.js";
import { isJournal } from "./log/stderr.js";
import { reasonOf } from "./native/errors.js";
import { loadModule } from "./native/load-module.js";
import { endUnclaimed, hasDescriptorStore, useDescriptorStore } from "./native/stored-descriptors.js";
import { createServiceLookup } from "./net/services.js";
import { createPidFile, type PidFile } from "./pid-file.js";

export * from "./app/shared.js";

type Background = typeof import("./app/background.js");
type Report = typeof import("./app/report.js");

const FAILED = 1;
/** EX_CONFIG of sysexits.h: under the service manager, which then does not start the daemon again at once. */
const MISCONFIGURED = 78;
/** Less than TimeoutStartSec= of the units. */
const BEFORE_NEXT_TRY_MS = 55_000;
/** Ports that are closing when the state is handed over send their close strings first. The others serve meanwhile. */
const SETTLE_MS = 4000;

/** The longest a timer can be: 24 days. */
const LONGEST_TIMER_MS = 2_147_483_647;

const program = basename(process.argv[1] ?? "ser2net").replace(/\.[cm]?js$/, "");

async function main(): Promise<void> {
  // In the daemon a text is one character a byte. Node reads arguments as UTF-8.
  const argv = process.argv.slice(2).map(word => encodeUtf8(word));
  const command = parseArguments(argv);
  switch (command.kind) {
    case "version":
      print(1, `${program} version ${VERSION}\n`);
      return;
    case "help":
      print(1, loadHelp().helpOf(command.name));
      return;
    case "wrong":
      print(2, `${command.text}\n${command.help ? loadHelp().hintOf("daemon", command.word) : ""}`);
      process.exitCode = FAILED;
      return;
    case "board":
      process.exitCode = loadBoards().runBoardCommand(command.words, {
        out: text => print(1, text),
        err: text => print(2, text),
        hint: word => loadHelp().hintOf("board", word),
        checkSources,
      });
      return;
    case "check-sol":
      hideArguments(argv, command.words);
      process.exitCode = await checkSol(command.words);
      return;
    case "run":
      hideArguments(argv, command.options.configLines);
      return run(command.options);
    default:
      command satisfies never;
  }
}

async function run(options: Options): Promise<void> {
  const problem = readyFdProblem();
  if (problem !== null) print(2, `${oneLine(problem)}\n`);
  if (options.report !== null) process.exitCode = loadModule<Report>("./report.cjs").report(options);
  else if (options.foreground) new Program(options).start();
  else if (isBackground() || isUpgraded()) new Program(fromHere(options)).start();
  else process.exit(await loadModule<Background>("./background.cjs").launchBackground());
}

/** Resolves to the exit status. */
async function checkSol(words: readonly string[]): Promise<number> {
  let sol: ReturnType<typeof loadSol>;
  try {
    sol = loadSol();
  } catch (error) {
    print(2, `Serial over LAN cannot be loaded: ${reasonOf(error)}\n`);
    return FAILED;
  }
  const [out, err] = [(text: string) => print(1, text), (text: string) => print(2, text)];
  return sol.checkSolCommand(words, { out, err, serviceLookup: createServiceLookup() });
}

/** A password in a -C line would be shown by ps as long as the process runs. */
function hideArguments(argv: readonly string[], lines: readonly string[]): void {
  if (!lines.some(holdsSecret)) return;
  const shown = argv.map(word => (lines.includes(word) ? hideSecrets(word) : word));
  process.title = decodeUtf8([program, ...shown].join(" "));
}

/** The process: the daemon with signals, service manager, D-Bus and pid file. */
class Program {
  readonly #options: Options;
  readonly #log: LimitedLog;
  readonly #clock: Clock = systemClock;
  readonly #daemon: Daemon;
  readonly #bus = new DbusLoader();
  /** Null: there is none that wants to be told. */
  readonly #serviceManager: ServiceManager | null;
  /** Of the process before this one; null: nothing. */
  readonly #takenOver: TakenOver | null;
  readonly #journal: Journal | null;
  readonly #inPlace = new InPlaceUpgrade();
  #pidFile: PidFile | null = null;
  #isEnding = false;
  /** The configuration could not be read: nothing is served, and nothing that is stored may be given up. */
  #waitsForNextTry = false;

  constructor(options: Options) {
    // First of all: the default action of these signals ends the process.
    this.#handleSignals();
    this.#options = options;
    this.#log = createProgramLog(options.debug);
    const { handed } = this.#inPlace;
    const systemd = loadSystemd(process.env, this.#log);
    useDescriptorStore(systemd?.createDescriptorStore(process.env) ?? null, handed.stored);
    const requestOf = (config: PortConfig) => deviceRequest(config, this.#log, options.locking);
    const handedOver = { ...handed, ...takeOver(handed.stored, this.#log, requestOf) };
    this.#takenOver = handedOver.takenOver;
    this.#journal = handedOver.journal;
    this.#daemon = new Daemon(options, this.#log, handedOver, this.#daemonEvents());
    this.#takenOver?.use(this.#daemon.ports, () => this.#daemon.control.server());
    this.#serviceManager = systemd === null ? null : new systemd.ServiceManager(this.#daemon, process.env, this.#log);
  }

  /** Synchronous, so a signal that arrives meanwhile is handled when the ports listen. Exits where the daemon cannot start. */
  start(): void {
    const { pidFile, dbus } = this.#options;
    try {
      this.#daemon.start();
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      this.#failed(error);
      return;
    }
    this.#takenOver?.resumeSessions();
    this.#journal?.start(this.#daemon.ports);
    this.#takenOver?.end();
    const missing = this.#takenOver?.missing ?? 0;
    if (missing > 0) this.#log.warning(`Connections not kept over the restart: ${missing}`);
    const left = endUnclaimed();
    if (left > 0) this.#log.notice(`Ended ${left} descriptors of the last run that no port has`);
    if (pidFile !== null) this.#pidFile = createPidFile(pidFile, this.#log);
    if (isBackground()) {
      this.#log.notice("ser2net startup");
      detach();
    }
    // Keeps the process running without any port: a reload may bring one.
    this.#clock.every(LONGEST_TIMER_MS, () => {});
    const summary = this.#takenOver?.summary() ?? null;
    this.#serviceManager?.started(summary);
    this.#inPlace.started(VERSION, summary);
    if (dbus !== null) this.#bus.start(dbus, this.#daemon, () => this.#reload("Reload called over D-Bus"), this.#log);
  }

  #handleSignals(): void {
    process.on("SIGHUP", () => this.#reload("Got SIGHUP"));
    process.on("SIGUSR1", () => {});
    process.on("SIGURG", () => this.#upgrade());
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.on(signal, () => this.#end(signal));
  }

  /** SIGTERM may be a restart, and hands over where there is a store; the others are a stop. Only the first one counts. */
  #end(signal: NodeJS.Signals): void {
    if (this.#waitsForNextTry) process.exit(FAILED);
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#inPlace.close();
    this.#serviceManager?.stopping();
    void this.#handOverOrStop(signal === "SIGTERM" && hasDescriptorStore());
  }

  async #handOverOrStop(handsOver: boolean): Promise<void> {
    if (handsOver) await this.#settled();
    if (handsOver) this.#handOver();
    await this.#stop();
  }

  async #settled(): Promise<void> {
    await this.#daemon.served.settled(SETTLE_MS);
    await this.#daemon.bundles.tls?.end();
  }

  /** With a store, the next process goes on where this one ends, in the same turn: no byte moves any more. Else it returns. */
  #handOver(): void {
    if (!giveState(daemonState(this.#daemon, this.#daemon.control.sessions), this.#log)) return;
    this.#pidFile?.remove();
    this.#log.flush();
    process.exit(0);
  }

  /** Does nothing while the daemon ends. */
  #upgrade(): void {
    const { ports, control } = this.#daemon;
    const daemon = {
      ...{ version: VERSION, log: this.#log, args: argumentsAnew(this.#options) },
      tell: (text: string) => control.sessions?.tell(text, null),
      settled: () => this.#settled(),
      obstacle: () => (ports.find("0")?.isFree === false ? "the connection on standard input cannot be kept" : null),
      state: (isLast: boolean) => daemonState(this.#daemon, isLast ? control.sessions : null),
      leaving: () => {
        this.#serviceManager?.upgrading();
        this.#log.flush();
      },
      staying: () => {
        control.sessions?.proceed();
        this.#serviceManager?.reloaded();
      },
    };
    this.#inPlace.begin(daemon, this.#log);
  }

  #daemonEvents(): DaemonEvents {
    return {
      stdioEnded: ok => {
        this.#log.flush();
        process.exit(ok ? 0 : FAILED);
      },
      portChanged: port => {
        this.#serviceManager?.changed();
        this.#bus.portChanged(port);
      },
      portsChanged: () => {
        this.#serviceManager?.changed();
        this.#bus.portsChanged();
      },
      drainChanged: () => {
        this.#serviceManager?.changed();
        this.#bus.drainChanged();
      },
      healthChanged: () => this.#serviceManager?.changed(),
      reloadDue: cause => this.#reload(cause),
    };
  }

  #reload(cause: string): void {
    if (this.#waitsForNextTry) process.exit(FAILED);
    this.#serviceManager?.reloading();
    this.#daemon.reload(cause);
    this.#serviceManager?.reloaded();
  }

  /** Exits; later where connections are kept for the next try, which are lost with the last one. */
  #failed(error: StartError): void {
    this.#log.flush();
    // Not a second time where the log is on standard error.
    if (!(error.misconfigured && (this.#options.debug || isJournal()))) print(2, `${error.message}\n`);
    if (error.help) print(2, loadHelp().hintOf("daemon", null));
    if (this.#serviceManager === null || !error.misconfigured) process.exit(FAILED);
    if (this.#takenOver === null) process.exit(MISCONFIGURED);
    this.#waitsForNextTry = true;
    this.#clock.after(BEFORE_NEXT_TRY_MS, () => process.exit(FAILED));
  }

  async #stop(): Promise<void> {
    this.#journal?.close();
    await Promise.all([this.#daemon.stop(), this.#bus.stop()]);
    this.#pidFile?.remove();
    this.#log.flush();
    process.exit(0);
  }
}

function print(fd: 1 | 2, text: string): void {
  writeSync(fd, toBytes(text));
}

void main();
