/** A user's terminal with a program in it: what telnet finds when a person starts it. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { termiosBits as bits, getTermios, setTermios } from "../../service/native/serial.js";
import type { Teardown } from "./client.js";
import { PtyDevice } from "./pty.js";

/** Whether the terminal itself echoes keys, and collects them to lines. */
interface Mode {
  readonly echo: boolean;
  readonly lines: boolean;
}

export class Terminal {
  readonly screen: PtyDevice;
  readonly ended: Promise<unknown[]>;
  readonly pid: number;
  /** The settings of the terminal before the program starts. */
  readonly modeBefore: Mode;

  constructor(t: Teardown, program: string, args: readonly string[]) {
    this.screen = PtyDevice.open(t);
    const cooked = getTermios(this.screen.slave);
    cooked.iflag |= bits.ICRNL | bits.IXON;
    cooked.oflag |= bits.OPOST | bits.ONLCR;
    cooked.lflag |= bits.ISIG | bits.ICANON | bits.ECHO | bits.ECHOE | bits.IEXTEN;
    setTermios(this.screen.slave, cooked);
    this.modeBefore = this.mode;
    const tty = openSync(this.screen.path, "r+"); // blocking, as a program expects its terminal to be
    const child = spawn(program, args, {
      stdio: [tty, tty, tty],
      env: { ...process.env, TERM: "vt100", NO_COLOR: "" },
    });
    closeSync(tty);
    this.pid = child.pid ?? 0;
    this.ended = once(child, "exit");
    t.teardown(async () => {
      child.kill("SIGKILL");
      await this.ended;
    });
  }

  get mode(): Mode {
    const { lflag } = getTermios(this.screen.slave);
    return { echo: (lflag & bits.ECHO) !== 0, lines: (lflag & bits.ICANON) !== 0 };
  }

  type(keys: string): void {
    this.screen.send(keys);
  }

  see(text: string | RegExp): Promise<string> {
    return this.screen.expect(text);
  }
}
