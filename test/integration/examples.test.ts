/** The files of examples/, served with pseudo-terminals in place of their devices. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client, isRefused } from "../support/client.js";
import { Daemon, runProgram, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const FOLDER = join(import.meta.dirname, "../../examples");
const FILES = readdirSync(FOLDER).filter(name => name.endsWith(".conf"));
/** Number, state, device or its name, and options of a port line. */
const PORT_LINE = /^(\d+):(raw|rawlp|telnet):(\d+):(\S+?):(.*)$/;

t.test("each example is a valid configuration", async t => {
  t.equal(FILES.length, 7);
  for (const name of FILES) {
    const checked = await runToEnd(t, ["--check", "-c", join(FOLDER, name)]);
    t.match(
      checked,
      { code: 0, errors: /^$/, output: /^(?:warning: every address can connect, in clear text, .*\n)?$/ },
      name,
    );
    t.match(
      readFileSync(join(FOLDER, name), "utf8"),
      /^CONTROLPORT:localhost,\d+$/m,
      `${name}: the control port is local`,
    );
  }
});

t.test("each example is served, and its devices exchange bytes with a peer", async t => {
  const next = await portNumbers(t);
  for (const name of FILES) {
    const { config, ports } = await onPseudoTerminals(t, name, next);
    const daemon = await Daemon.start(t, { controlPort: await next(), config });
    for (const { port, state, device } of ports) {
      t.match(await daemon.ask("showshortport"), new RegExp(`^127\\.0\\.0\\.1,${port} +${state} `, "m"), name);
      if (device === null) continue;
      const client = await Client.connect(t, port);
      client.send("to the device");
      t.match(await device.expect("to the device"), "to the device", `${name}: ${port}`);
      if (state !== "rawlp") {
        device.send("to the peer");
        t.match(await client.expect("to the peer"), "to the peer", `${name}: ${port}`);
      }
      client.close();
    }
    await daemon.stop();
  }
});

const POSITION = "GPRMC,120000.00,A,4807.0380,N,01131.0000,E,0.0,0.0,291126,,,A";

t.test("gpsd reads a GPS receiver through the port of the example", needs("gpsd", "gpspipe"), async t => {
  const next = await portNumbers(t);
  const { config, ports } = await onPseudoTerminals(t, "gps-gpsd.conf", next);
  const { port = 0, device } = ports[0] ?? {};
  await Daemon.start(t, { controlPort: await next(), config });
  const sum = [...POSITION].reduce((all, letter) => all ^ letter.charCodeAt(0), 0);
  const sentence = `$${POSITION}*${sum.toString(16).toUpperCase().padStart(2, "0")}\r\n`;
  const receiver = setInterval(() => device?.send(sentence), 200);
  t.teardown(() => clearInterval(receiver));
  const json = await next();
  const gpsd = spawn("gpsd", ["-N", "-n", "-S", String(json), `tcp://127.0.0.1:${port}`], { stdio: "ignore" });
  t.teardown(() => gpsd.kill("SIGKILL"));
  await until("gpsd listens", async () => !(await isRefused(json)));
  const pipe = runProgram(t, "gpspipe", ["-w", `127.0.0.1:${json}`]);
  const report = await pipe.output.expect('"lon":11.5');
  t.match(report, `"device":"tcp://127.0.0.1:${port}","mode":2,`);
  t.match(report, '"lat":48.117300000,');
});

t.test("a job for the printer of the example arrives whole, from the client that people use", needs("nc"), async t => {
  const next = await portNumbers(t);
  const { config, ports } = await onPseudoTerminals(t, "printer.conf", next);
  const daemon = await Daemon.start(t, { controlPort: await next(), config });
  const job = `${Array.from({ length: 200 }, (_, line) => `line ${line} of the job`).join("\n")}\fEND`;
  for (const { port, device } of ports) {
    const nc = spawn("nc", ["-N", "127.0.0.1", String(port)], { stdio: ["pipe", "ignore", "inherit"] });
    nc.stdin.end(job);
    const printed = await device?.expect("END");
    t.equal(printed?.replaceAll("\r\n", "\n"), job, `port ${port}`);
    if (nc.exitCode === null) nc.kill();
  }
  await daemon.stop();
});

interface ServedPort {
  readonly port: number;
  readonly state: string;
  /** Null: a BMC, of which there is none here. */
  readonly device: PtyDevice | null;
}

/** The lines of an example with pseudo-terminals and free network ports. Files of traces and passwords are in a folder. */
async function onPseudoTerminals(t: Test, name: string, next: () => Promise<number>) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "bmc-password"), "secret\n", { mode: 0o600 });
  const text = readFileSync(join(FOLDER, name), "utf8")
    .replaceAll("/etc/ser2net/", `${folder}/`)
    .replaceAll("/var/log/ser2net/", `${folder}/`)
    .replace(/^CONTROLPORT:.*\n/m, "");
  const devices = new Map<string, PtyDevice>();
  const deviceOf = (path: string) => {
    const device = devices.get(path) ?? PtyDevice.open(t);
    devices.set(path, device);
    return device;
  };
  const names = new Map<string, PtyDevice>();
  const ports: ServedPort[] = [];
  const config: string[] = [];
  for (const line of text.trimEnd().split("\n")) {
    const [, own = "", path = ""] = /^DEVICE:([^:]+):(\/.*)$/.exec(line) ?? [];
    const served = PORT_LINE.exec(line);
    if (own !== "") {
      names.set(own, deviceOf(path));
      config.push(`DEVICE:${own}:${deviceOf(path).path}`);
    } else if (served === null) config.push(line);
    else {
      const [, , state = "", seconds, written = "", options = ""] = served;
      const device = written.startsWith("/") ? deviceOf(written) : (names.get(written) ?? null);
      const port = await next();
      ports.push({ port, state, device });
      // A pseudo-terminal has no RS-485.
      const words = options.replace(/ rs485=\S+/, "");
      config.push(`127.0.0.1,${port}:${state}:${seconds}:${written.startsWith("/") ? device?.path : written}:${words}`);
    }
  }
  return { config, ports };
}
