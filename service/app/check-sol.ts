/** `ser2net check-sol`: logs in to a BMC, activates Serial over LAN, and prints the result. */
import { type Options, parseArguments } from "../cli.js";
import type { DeviceName, PortConfig } from "../config/configuration.js";
import { type Diagnostic, formatDiagnostic } from "../config/diagnostic.js";
import type { ServiceLookup } from "../config/network-port.js";
import { isSolDevice, type SolTarget } from "../config/sol-target.js";
import { hideSecrets } from "../config/sol-words.js";
import { type BmcAddress, BmcSocket } from "../device/bmc-socket.js";
import { DeviceError } from "../device/device.js";
import { bmcAddresses } from "../device/open-sol.js";
import { SolSecrets } from "../device/sol-secrets.js";
import { createSession } from "../ipmi/entry.js";
import type { SessionError } from "../ipmi/session-error.js";
import type { SolSettings } from "../ipmi/settings.js";
import type { SolSessionFacts } from "../ipmi/sol-session.js";
import { type Cancel, type Clock, systemClock } from "../line/clock.js";
import { SystemError } from "../native/errors.js";
import { ConfigurationError, loadConfiguration, readSources } from "./load-configuration.js";
import { loadHelp } from "./load-help.js";

interface CheckIo {
  out(text: string): void;
  err(text: string): void;
  readonly serviceLookup: ServiceLookup;
  readonly clock?: Clock;
}

const [DONE, FAILED, MISUSED] = [0, 1, 2];

interface Wish {
  /** Without secrets. */
  readonly path: string;
  readonly target: SolTarget;
  readonly sol: SolSettings;
}

/** Resolves to the exit status: 1 where the console cannot be used, 2 for wrong words. */
export async function checkSolCommand(words: readonly string[], io: CheckIo): Promise<number> {
  const [device, ...rest] = words;
  if (device === undefined || device.startsWith("-")) {
    io.err(wrongWords(device));
    return MISUSED;
  }
  const wish = isSolDevice(device) ? readDevice(device, rest, io) : findPort(device, rest, io);
  if (wish === null) return MISUSED;
  const secrets = new SolSecrets(text => io.err(`${text}\n`));
  try {
    for await (const { host, address, port } of bmcAddresses(wish.target, wish.path, undefined, io.clock)) {
      const outcome = await new Attempt(wish, { address, port }, secrets, io).run();
      if ("facts" in outcome) {
        report(wish, `${host} (${address}), UDP port ${port}`, outcome, io);
        return DONE;
      }
      io.err(`${host}: ${outcome.message}\n`);
      if (outcome.code !== "unreachable") break;
    }
  } catch (error) {
    if (!(error instanceof DeviceError || error instanceof SystemError)) throw error;
    io.err(`${error.reason}\n`);
  }
  return FAILED;
}

function wrongWords(word: string | undefined): string {
  const what = word === undefined ? "which device, or which port?" : `wrong word: ${hideSecrets(word)}`;
  return `ser2net: check-sol: ${what}\n${loadHelp().hintOf("check-sol", word ?? null)}`;
}

/** The device as of a port line of its own. */
function readDevice(device: string, words: readonly string[], { serviceLookup, err }: CheckIo): Wish | null {
  const text = `DEVICE:check:${device}\n0:raw:0:check:${words.join(" ")}\n`;
  const { ports, diagnostics } = readSources([{ file: null, text }], serviceLookup);
  const [port] = ports;
  const wish = port === undefined ? null : wishOf(port);
  for (const { message, expected } of diagnostics) err(`${message.replace(/ on line 0$/, "")} (${expected})\n`);
  return wish;
}

function findPort(name: string, args: readonly string[], { serviceLookup, err }: CheckIo): Wish | null {
  const command = parseArguments(args);
  if (command.kind !== "run") {
    err(wrongWords(command.kind === "wrong" ? (command.word ?? undefined) : args[0]));
    return null;
  }
  const ports = readPorts(command.options, serviceLookup, err);
  const found = ports?.find(port => port.name === name) ?? ports?.find(({ device }) => device.written === name);
  const wish = found === undefined ? null : wishOf(found);
  if (wish === null && ports !== null) err(`${name} is not a port with a SOL device\n`);
  return wish;
}

function readPorts(options: Options, lookup: ServiceLookup, err: CheckIo["err"]): readonly PortConfig[] | null {
  try {
    const { configuration, diagnostics } = loadConfiguration(options, lookup);
    for (const one of diagnostics.filter(isAboutSol)) err(`${formatDiagnostic(one)}\n`);
    return configuration.ports;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    err(`${error.message}\n`);
    return null;
  }
}

function isAboutSol({ message }: Diagnostic): boolean {
  return message.includes("SOL") || message.startsWith("device configuration invalid");
}

function wishOf({ device, line, options }: { device: DeviceName } & Pick<PortConfig, "line" | "options">): Wish | null {
  if (device.kind !== "sol" || options.sol === null) return null;
  return { path: device.path, target: device.target, sol: { ...options.sol, speed: line.speed } };
}

function report({ sol, target }: Wish, place: string, { facts, roundTripMs }: Outcome, io: CheckIo): void {
  const { suite, instance, packetBytes, receivedBytes } = facts;
  const lines = [
    ["BMC", place],
    ["cipher suite", `${suite}${protection(sol, suite)}`],
    ["privilege level", target.login.privilege],
    ["SOL instance", String(instance)],
    ["data in a packet", `${packetBytes} bytes to the BMC, ${receivedBytes} bytes from it`],
    ["round trip", `${roundTripMs.toFixed(1)} ms`],
  ];
  for (const [name = "", value = ""] of lines) io.out(`${name.padEnd(17)} ${value}\n`);
  io.out("Serial over LAN works; it is deactivated again\n");
}

function protection({ authenticated, encrypted }: SolSettings, suite: number): string {
  const words = [authenticated ? [] : ["without authentication"], encrypted ? [] : ["without encryption"]].flat();
  return suite === 0 || words.length === 0 ? "" : `, data ${words.join(" and ")}`;
}

interface Outcome {
  readonly facts: SolSessionFacts;
  /** The shortest time between a datagram and its answer. */
  readonly roundTripMs: number;
}

/** One session, from the login to its end. */
class Attempt {
  readonly #session;
  readonly #socket: BmcSocket;
  readonly #clock: Clock;
  #cancelTimer: Cancel | null = null;
  #sentMs = Number.NaN;
  #roundTripMs = Number.POSITIVE_INFINITY;
  #facts: SolSessionFacts | null = null;
  #settle: (error: SessionError | null) => void = () => {};

  /** Throws DeviceError and SystemError. */
  constructor({ path, target, sol }: Wish, to: BmcAddress, secrets: SolSecrets, { err, clock = systemClock }: CheckIo) {
    this.#clock = clock;
    const loginSecrets = secrets.read(target, path); // before the socket: these may throw
    this.#socket = new BmcSocket(to, datagram => {
      if (this.#sentMs > 0) this.#roundTripMs = Math.min(this.#roundTripMs, this.#clock.nowMs() - this.#sentMs);
      this.#sentMs = Number.NaN;
      this.#act(nowMs => this.#session.receive(datagram, nowMs));
    });
    this.#session = createSession(
      { login: target.login, secrets: loginSecrets, sol, udpPort: to.port },
      {
        send: datagram => {
          this.#sentMs = this.#clock.nowMs();
          this.#socket.send(datagram);
        },
        connected: () => {
          this.#facts = this.#session.facts;
          setImmediate(() => this.#act(nowMs => this.#session.close(nowMs)));
        },
        readable: () => {},
        writable: () => {},
        happened: () => {},
        warn: text => err(`${text}\n`),
        ended: error => this.#settle(error),
      },
    );
  }

  /** Resolves when the session has ended. */
  async run(): Promise<Outcome | SessionError> {
    const error = await new Promise<SessionError | null>(resolve => {
      this.#settle = resolve;
      this.#act(nowMs => this.#session.start(nowMs));
    });
    this.#cancelTimer?.();
    this.#socket.close();
    if (error !== null) return error;
    if (this.#facts === null) throw new Error("the session has ended before it was established");
    return { facts: this.#facts, roundTripMs: this.#roundTripMs };
  }

  #act(call: (nowMs: number) => void): void {
    call(this.#clock.nowMs());
    this.#cancelTimer?.();
    const dueMs = this.#session.deadlineMs - this.#clock.nowMs();
    if (Number.isFinite(dueMs)) {
      this.#cancelTimer = this.#clock.after(Math.max(1, Math.ceil(dueMs)), () =>
        this.#act(nowMs => this.#session.expire(nowMs)),
      );
    }
  }
}
