/** `ser2net --upgrade PROCESS`: asks a running daemon to let the installed version take its place, and prints the answer. */
import { closeSync, writeSync } from "node:fs";
import { loadHelp } from "../app/load-help.js";
import { toText } from "../line/bytes.js";
import { type Clock, pause, systemClock } from "../line/clock.js";
import { read } from "../native/descriptors.js";
import { reasonOf } from "../native/errors.js";
import { readRegularFile } from "../native/read-file.js";
import { bindUnix, unixDatagram } from "../native/sockets.js";
import { type Answer, answerName, parseAnswer } from "./answer.js";

/** The signal to the daemon. Its default action is to be ignored, so a program without a handler for it lives on. */
const REQUEST = "SIGURG";
/** Longer than a trial and a start together. */
const LIMIT_MS = 120_000;
/** Interval of the looks for the answer. */
const LOOK_MS = 20;
const MOST_BYTES = 8192;
const [DONE, REFUSED, FAILED] = [0, 1, 2];

interface Io {
  out(text: string): void;
  err(text: string): void;
  readonly clock: Clock;
  readonly limitMs: number;
}

/** Runs the command to its end, and ends the process. @param words the arguments after `--upgrade` */
export async function runUpgradeCommand(words: readonly string[]): Promise<void> {
  const io: Io = {
    out: text => void writeSync(1, text),
    err: text => void writeSync(2, text),
    clock: systemClock,
    limitMs: LIMIT_MS,
  };
  process.exit(await upgradeCommand(words, io));
}

/** Resolves to the exit status, as `--help` has it. */
async function upgradeCommand(words: readonly string[], io: Io): Promise<number> {
  const [target = "", ...rest] = words[0] === "-P" ? words.slice(1) : words;
  if (target === "--help" || target === "-h") {
    io.out(loadHelp().helpOf("--upgrade"));
    return DONE;
  }
  if (target === "" || rest.length > 0) {
    io.err(`ser2net: --upgrade: which daemon?\n${loadHelp().hintOf("--upgrade", null)}`);
    return FAILED;
  }
  let socket: number | null = null;
  try {
    const pid = processOf(target);
    socket = unixDatagram();
    bindUnix(socket, answerName(pid));
    process.kill(pid, REQUEST);
    const answer = await nextAnswer(socket, pid, io);
    if (answer.isDone) io.out(`${answer.text}\n`);
    else io.err(`ser2net: upgrade refused: ${answer.text}\n`);
    return answer.isDone ? DONE : REFUSED;
  } catch (error) {
    io.err(`ser2net: ${target}: ${describe(error)}\n`);
    return FAILED;
  } finally {
    if (socket !== null) closeSync(socket);
  }
}

/** The process id that is given, or in the file of that name. Throws an Error when there is none. */
function processOf(target: string): number {
  const text = /^\d+$/.test(target) ? target : toText(readRegularFile(target)).trim();
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new Error("no process id");
  return Number(text);
}

/** Resolves to the answer of the daemon. Rejects when none comes in time, or the process ends. */
async function nextAnswer(socket: number, pid: number, { clock, limitMs }: Io): Promise<Answer> {
  const datagram = new Uint8Array(MOST_BYTES);
  for (const endMs = clock.nowMs() + limitMs; clock.nowMs() < endMs; await pause(LOOK_MS)) {
    const length = read(socket, datagram);
    const answer = length > 0 ? parseAnswer(datagram.subarray(0, length)) : null;
    if (answer !== null) return answer;
    process.kill(pid, 0);
  }
  throw new Error("the daemon does not answer");
}

function describe(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : "";
  if (code === "ESRCH") return "there is no such process";
  return code === "EADDRINUSE" ? "another upgrade of it is under way" : reasonOf(error);
}
