/** Starts a second process that serves; the first one waits until it does (docs/reference.md, "Going into the background"). */
import { READY_FD, READY_FD_VARIABLE } from "../daemonize.js";
import { loadModule } from "../native/load-module.js";

/**
 * Starts this program anew in a session of its own (Node cannot fork). Resolves to the exit status of the foreground
 * process: 0 as soon as the sockets are open, else that of the other one, which says itself what went wrong.
 */
export async function launchBackground(): Promise<number> {
  const child = loadModule("node:child_process").spawn(
    process.execPath,
    [...process.execArgv, ...process.argv.slice(1)],
    {
      detached: true,
      stdio: ["ignore", "inherit", "inherit", "pipe"],
      env: { ...process.env, [READY_FD_VARIABLE]: String(READY_FD) },
    },
  );
  return new Promise(resolve => {
    child.stdio[READY_FD]?.once("data", () => resolve(0));
    child.once("exit", code => resolve(code ?? 1));
    child.once("error", () => resolve(1));
  });
}
