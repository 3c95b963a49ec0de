/** The files of examples/, served with pseudo-terminals in place of their devices. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { Daemon, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";

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
