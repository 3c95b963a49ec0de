/** `ser2net attach` and `watch` in a pipeline whose next program takes less than the device sends. */
import t, { type Test } from "tap";
import { type ConsoleStage, consoleStage } from "../support/console-stage.js";
import { BUNDLE, runProgram } from "../support/daemon.js";
import { until } from "../support/wait.js";

const RAW = "raw:0:DEVICE:9600 NONE max-connections=4";
/** More than the pipes and sockets between the device and the reader take. */
const PLENTY = 2_400_000;

/** Lines of 8 characters, each another one. */
const LINES = Buffer.from(Array.from({ length: PLENTY / 8 }, (_, at) => `${at}`.padStart(7, "0")).join("\n"));

async function portOf(stage: ConsoleStage) {
  const [port] = JSON.parse((await stage.ask("ports", "--json")).output);
  return port as { readonly bytesIn: number; readonly connections: readonly unknown[] };
}

/** A command before a program that reads nothing, when no more bytes move. */
async function stalled(t: Test, stage: ConsoleStage, ...words: readonly string[]) {
  const command = [BUNDLE, ...words, "--socket", stage.socket, stage.names[0] ?? ""];
  const running = runProgram(t, process.execPath, command);
  running.process.stdout?.pause();
  await until("it is connected", async () => (await portOf(stage)).connections.length === 1);
  stage.devices[0]?.send(LINES);
  let before = 0;
  const taken = await until("no more bytes are taken from the device", async () => {
    const { bytesIn } = await portOf(stage);
    const isStalled = bytesIn > 0 && bytesIn === before;
    before = bytesIn;
    return isStalled && bytesIn;
  });

  t.ok(taken < LINES.length, "the device waits; what it sends is not kept in memory");
  return { ...running, taken };
}

function untilLeft(stage: ConsoleStage): Promise<unknown> {
  return until("the session has ended", async () => (await portOf(stage)).connections.length === 0);
}

/** `attach -8` whose input and session have ended, with output that its reader has not taken. */
async function atItsEnd(t: Test, stage: ConsoleStage) {
  const running = await stalled(t, stage, "attach", "-8");
  running.process.stdin?.end("bye");
  await stage.devices[0]?.expect("bye");
  await untilLeft(stage);
  return running;
}

t.test("a program that reads slowly gets all that came before the end of the input", async t => {
  const stage = await consoleStage(t, [RAW]);
  const running = await atItsEnd(t, stage);
  running.process.stdout?.resume();
  t.same(await running.exit(), { code: 0, signal: null });
  const output = await running.output.untilEnd();
  t.ok(output.length >= running.taken, `${output.length} of ${running.taken} bytes`);
  t.ok(LINES.toString("latin1", 0, output.length) === output, "none is lost in between");
  t.equal(await running.errors.untilEnd(), "");
});

t.test("a program that reads again gets everything, and the device goes on", async t => {
  const stage = await consoleStage(t, [RAW]);
  for (const words of [["attach", "-r"], ["watch"]]) {
    const running = await stalled(t, stage, ...words);
    running.process.stdout?.resume();
    const shown = await running.output.expect(`${PLENTY / 8 - 2}\n`);
    const prefix = words[0] === "watch" ? `${stage.names[0]}: ` : "";
    const lines = shown.split("\n").slice(0, -1);
    t.equal(lines.length, PLENTY / 8 - 1, words.join(" "));
    t.ok(
      lines.every((line, at) => line === `${prefix}${String(at).padStart(7, "0")}`),
      "in order",
    );
    running.process.kill("SIGKILL");
    await running.exit();
    await untilLeft(stage);
  }
});

t.test("a command whose reader stands still ends by a signal, and where the reader goes away", async t => {
  for (const [words, gone] of [
    [["attach", "-r"], 4],
    [["watch"], 1],
  ] as const) {
    const stage = await consoleStage(t, [RAW]);
    const signalled = await stalled(t, stage, ...words);
    signalled.process.kill("SIGTERM");
    await until("it ends without its reader", () => signalled.process.exitCode !== null);
    signalled.process.stdout?.resume();
    t.same(await signalled.exit(), { code: 143, signal: null }, words.join(" "));
    const other = await consoleStage(t, [RAW]);
    const left = await stalled(t, other, ...words);
    left.process.stdout?.destroy();
    t.same(await left.exit(), { code: gone, signal: null }, words.join(" "));
  }
});

t.test("a reader that goes away while the end of the output waits for it is not waited for", async t => {
  const stage = await consoleStage(t, [RAW]);
  const running = await atItsEnd(t, stage);
  running.process.stdout?.destroy();
  t.same(await running.exit(), { code: 4, signal: null });
});
