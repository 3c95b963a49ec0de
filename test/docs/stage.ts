/** A small board in namespaces of its own, with the names and network ports that the documents use. */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OPEN_POLICY } from "../dbus/private-bus.js";
import type { Teardown } from "../support/client.js";
import { BUNDLE, temporaryFolder } from "../support/daemon.js";
import { Incoming } from "../support/incoming.js";
import { PtyDevice } from "../support/pty.js";
import { Terminal } from "../support/terminal.js";
import { until } from "../support/wait.js";

/** Ends in waiting; the namespaces are gone with it. */
const NAMESPACE = `set -e
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/dbus /run/ser2net/example /run/locks /run/upper/ser2net/boards /run/work /run/dev
mount -t overlay -o lowerdir=/etc,upperdir=/run/upper,workdir=/run/work overlay /etc
at=$(readlink -m /var/lock) && mkdir -p "$at" && mount --bind /run/locks "$at"
mount --rbind /dev /run/dev && mount -t tmpfs tmpfs /dev
for name in null zero full random urandom tty; do touch /dev/$name; mount --bind /run/dev/$name /dev/$name; done
mkdir /dev/pts && mount --rbind /run/dev/pts /dev/pts && ln -s pts/ptmx /dev/ptmx
ln -s "$1" /dev/ttyS0 && ln -s "$2" /dev/ttyUSB0
cp "$3"/example.json /etc/ser2net/boards/ && cp "$3"/ser2net.conf /etc/
echo ready
exec sleep infinity`;

/** Processes too: the doctor sees only those of the board, and all of them end with the first one. */
const UNSHARE = "unshare --mount --net --pid --fork --kill-child --mount-proc --propagation private".split(" ");

const PROFILE = {
  id: "example",
  title: "A board with a console and a modem",
  controlPort: "localhost,2000",
  pulses: [{ id: "reset", steps: "DTR=0 10ms DTR=1" }],
  ports: [
    { id: "console", label: "console", device: "ttyS0", networkPort: "2001", line: { speed: 115200, local: true } },
    { id: "modem", label: "modem", device: "ttyUSB0", networkPort: "2002", state: "raw", line: { local: true } },
  ].map(port => ({ ...port, remctl: true, maxConnections: 4, replayBytes: 65536 })),
};

const BUS = `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path=/run/dbus/system_bus_socket</listen><auth>EXTERNAL</auth>${OPEN_POLICY}</busconfig>
`;

export interface Said {
  readonly status: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Skips a test where there are no namespaces. */
export const NEEDS_STAGE =
  spawnSync("unshare", ["--mount", "--net", "sh", "-c", "ip link set lo up && mount -t tmpfs tmpfs /mnt"]).status === 0
    ? {}
    : { skip: "namespaces need root" };

export class DocsStage {
  /** Of the console and of the modem: the far ends. */
  readonly console: PtyDevice;
  readonly modem: PtyDevice;
  readonly #t: Teardown;
  readonly #folder: string;
  #inside = 0;

  private constructor(t: Teardown, folder: string) {
    this.#t = t;
    this.#folder = folder;
    [this.console, this.modem] = [PtyDevice.open(t), PtyDevice.open(t)];
  }

  /** @param config the text of /etc/ser2net.conf */
  static async open(t: Teardown, config = ""): Promise<DocsStage> {
    const folder = temporaryFolder(t);
    mkdirSync(join(folder, "bin"));
    symlinkSync(BUNDLE, join(folder, "bin/ser2net"));
    writeFileSync(join(folder, "example.json"), JSON.stringify(PROFILE));
    writeFileSync(join(folder, "ser2net.conf"), config);
    writeFileSync(join(folder, "bus.conf"), BUS);
    const stage = new DocsStage(t, folder);
    const words = [stage.console.path, stage.modem.path, folder];
    const { output, pid } = stage.#start(UNSHARE, NAMESPACE, words);
    await output.expect("ready\n");
    stage.#inside = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8"));
    return stage;
  }

  /** Starts the bus and the daemon, which serves the board on it. */
  async serve(): Promise<void> {
    this.inBackground(`exec dbus-daemon --nofork --nopidfile --config-file=${this.#folder}/bus.conf 2>/dev/null`);
    await until("the bus is there", () => this.run("busctl list").status === 0);
    const socket = "--control-socket /run/ser2net/example/control";
    this.inBackground(`exec ser2net -n --board example -c /dev/null ${socket} --dbus system`);
    await until("the daemon serves", () => this.run("busctl status org.ser2net.Ser2net1").status === 0);
  }

  /** Runs a command of a shell in the namespaces, to its end. */
  run(command: string, input = ""): Said {
    const [program = "", ...words] = [...this.#enter(), "sh", "-c", command];
    const how = { input, env: this.#environment(), cwd: this.#folder, encoding: "utf8", timeout: 60_000 } as const;
    const { status, stdout, stderr } = spawnSync(program, words, how);
    return { status, output: stdout, errors: stderr };
  }

  /** Starts a command of a shell; it is killed at the end of the test. */
  inBackground(command: string): { readonly output: Incoming; readonly input: NodeJS.WritableStream } {
    return this.#start(this.#enter(), command, []);
  }

  /** A user at a terminal with a command of a shell. */
  terminal(command: string): Terminal {
    const [program = "", ...words] = this.#enter();
    return new Terminal(this.#t, program, [...words, "sh", "-c", `PATH="${this.#folder}/bin:$PATH"; exec ${command}`]);
  }

  #enter(): readonly string[] {
    return ["nsenter", "-t", String(this.#inside), "--mount", "--net", "--pid", `--wd=${this.#folder}`];
  }

  #environment(): NodeJS.ProcessEnv {
    return {
      PATH: `${this.#folder}/bin:${process.env.PATH}`,
      LANG: "C.UTF-8",
      TERM: "vt100",
      NO_COLOR: "1",
      TZ: "UTC",
    };
  }

  #start([program = "", ...before]: readonly string[], script: string, words: readonly string[]) {
    const child = spawn(program, [...before, "sh", "-c", script, "sh", ...words], {
      env: this.#environment(),
      stdio: ["pipe", "pipe", "inherit"],
    });
    const output = new Incoming();
    child.stdout.on("data", bytes => output.push(bytes)).on("close", () => output.end());
    this.#t.teardown(async () => {
      child.kill("SIGKILL");
      await new Promise(resolve =>
        (child.exitCode ?? child.signalCode) === null ? child.once("exit", resolve) : resolve(null),
      );
    });
    return { output, input: child.stdin, pid: child.pid ?? 0 };
  }
}
