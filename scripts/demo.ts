/** The daemon with two serial lines that this program plays itself: a small board's console and an echo. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { createConsole } from "../test/support/console.js";
import { listen } from "../test/support/ports.js";
import { PtyDevice } from "../test/support/pty.js";

const base = Number(process.env.DEMO_PORT_BASE ?? 2000);
const [control, console_, echo] = [base, base + 1, base + 2];
const LONGEST_STOP_MS = 8_000;

void main();

async function main(): Promise<void> {
  for (const port of [control, console_, echo]) {
    const probe = await listen(port);
    if (probe === null) {
      console.error(`Port ${port} is in use; another start: DEMO_PORT_BASE=3000 scripts/demo.sh`);
      process.exitCode = 1;
      return;
    }
    await new Promise(resolve => probe.close(resolve));
  }
  const board = createConsole(() => process.uptime());
  const lines = [
    new PtyDevice((bytes, line) => line.send(board.input(Buffer.from(bytes).toString("latin1")))),
    new PtyDevice((bytes, line) => line.send(bytes)),
  ] as const;
  lines[0].send(board.boot());

  const folder = mkdtempSync(join(tmpdir(), "ser2net-demo-"));
  const file = join(folder, "ser2net.conf");
  writeFileSync(file, configuration(lines[0].path, lines[1].path));
  // A session of its own: Ctrl-C reaches only this program, which then stops the daemon in an orderly way.
  const daemon = spawn(process.execPath, ["dist/ser2net.cjs", "-d", "-u", "-c", file], {
    stdio: ["ignore", "inherit", "inherit"],
    detached: true,
  });
  const ended = once(daemon, "exit");
  let stopping = false;
  const stop = () => {
    stopping = true;
    daemon.kill("SIGTERM");
    setTimeout(() => daemon.kill("SIGKILL"), LONGEST_STOP_MS).unref();
  };
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);

  if (await serves(daemon)) console.log(instructions());
  const [code] = await ended;
  for (const line of lines) line.close();
  rmSync(folder, { recursive: true });
  process.exitCode = stopping ? 0 : (code ?? 1);
}

function configuration(consolePath: string, echoPath: string): string {
  return [
    `CONTROLPORT:localhost,${control}`,
    "BANNER:hello:\\r\\nser2net port \\p, device \\d [\\B]\\r\\n",
    `localhost,${console_}:telnet:0:${consolePath}:115200 8DATABITS NONE 1STOPBIT remctl kickolduser hello`,
    `localhost,${echo}:telnet:0:${echoPath}:9600 8DATABITS NONE 1STOPBIT remctl hello`,
    "",
  ].join("\n");
}

function instructions(): string {
  return `
The daemon serves two simulated serial lines. In another terminal, type:

  telnet localhost ${console_}    the console of a small board: press Enter, log in as "demo",
                           password "demo", then try: help, uptime, led on, version, reboot, exit
  telnet localhost ${echo}    an echo: what you type comes back
  telnet localhost ${control}    the control port: try help, showshortport,
                           showport localhost,${console_}, monitor term localhost,${console_}
  node dist/ser2net.cjs attach -H localhost:${control} localhost,${console_}
                           the console again, by the client of ser2net: Ctrl-] and ? show what it can do

Ctrl-] and then "quit" leaves telnet. Ctrl-C here stops everything.

ready: control ${control}, console ${console_}, echo ${echo}`;
}

/** True once the control port answers, false when the daemon has ended. */
async function serves(daemon: ChildProcess): Promise<boolean> {
  while (daemon.exitCode === null && daemon.signalCode === null) {
    const socket = connect({ port: control, host: "localhost" });
    const answers = await once(socket, "data").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (answers) return true;
    await pause(20);
  }
  return false;
}
