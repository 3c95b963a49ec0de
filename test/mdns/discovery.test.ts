/** Ports announced in the network, as avahi-browse on another machine sees them. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Box, NEEDS_BOXES } from "../support/boxes.js";
import { Client, type Teardown } from "../support/client.js";
import { BUNDLE, type Running, run, temporaryFolder } from "../support/daemon.js";
import type { Incoming } from "../support/incoming.js";
import { needs } from "../support/tools.js";

t.jobs = 2; // each has machines and a network of its own
const tools = {
  buffered: true,
  ...needs("avahi-daemon", "avahi-browse", "dbus-daemon", "nsenter", "ip"),
  ...NEEDS_BOXES,
};

const BOARD = {
  profile: 1,
  title: "Cabinet",
  ports: [{ id: "p1", label: "Console 1", device: "/dev/ttyNone1", networkPort: "2001", mdns: true }],
};

const CONFIG = [
  "2002:raw:0:/dev/ttyNone2:mdns=Zigbee",
  "localhost,2003:raw:0:/dev/ttyNone3:mdns",
  "2004:raw:0:/dev/ttyNone4",
  "udp,192.0.2.1,2005:raw:0:/dev/ttyNone5:mdns=GPS",
];

interface Started {
  readonly daemon: Running;
  reload(config: readonly string[]): void;
  ask(command: string): Promise<string>;
}

async function serve(t: Teardown, box: Box, control = "mdns:2000"): Promise<Started> {
  const folder = temporaryFolder(t);
  const [config, board, socket] = ["ser2net.conf", "cabinet.json", "control"].map(name => join(folder, name));
  if (config === undefined || board === undefined || socket === undefined) throw new Error("three files");
  const write = (lines: readonly string[]) => writeFileSync(config, lines.map(line => `${line}\n`).join(""));
  write(CONFIG);
  writeFileSync(board, JSON.stringify(BOARD));
  const words = ["-d", "-u", "-c", config, "--board", board, "-p", control, "--control-socket", socket];
  const daemon = run(t, words, { under: box.under, env: box.env });
  const session = daemon.errors.expect("Port 2004 serves").then(() => Client.connectLocal(t, socket));
  return {
    daemon,
    reload: lines => {
      write(lines);
      daemon.process.kill("SIGHUP");
    },
    ask: async command => {
      const client = await session;
      client.send(`${command}\n`);
      return client.expect(/-> $/);
    },
  };
}

/** The fields of a line of avahi-browse that is waited for: `+` came, `-` went, `=` resolved. */
async function line(browser: Incoming, sign: "+" | "-" | "=", name: string, type: string): Promise<string[]> {
  const shown = name.replace(/[ #]/g, char => `\\0${char.charCodeAt(0)}`).replace(/[\\+.*]/g, "\\$&");
  const found = await browser.expect(new RegExp(`^\\${sign};eth0;IPv4;${shown};${type};local.*\n`, "m"));
  return found.slice(found.lastIndexOf("\n", found.length - 2) + 1).split(";");
}

/** Runs `ser2net ports --discover` in that box, to its end. */
async function discover(box: Box, ...words: readonly string[]) {
  const { output, errors, exit } = box.start(process.execPath, BUNDLE, "ports", "--discover", ...words);
  const { code } = await exit();
  return { code, output: await output.untilEnd(), errors: await errors.untilEnd() };
}

t.test("ports are announced and withdrawn", tools, async t => {
  const [rack, bench] = await Box.pair(t, "rack7", "bench");
  await bench.startAvahi();
  const { daemon, ask, reload } = await serve(t, rack);
  await daemon.errors.expect("mDNS: avahi-daemon does not run; the ports are served, and announced when it is there\n");
  await rack.startAvahi();
  await daemon.errors.expect("mDNS: ports are announced by avahi-daemon");

  const browsers = new Map<string, Incoming>();
  for (const type of ["_telnet._tcp", "_iostream._tcp", "_ser2net-control._tcp", "_iostream._udp"])
    browsers.set(type, bench.start("avahi-browse", "-prk", type).output);
  const seen = (sign: "+" | "-" | "=", name: string, type: string) => {
    const browser = browsers.get(type);
    if (browser === undefined) throw new Error(type);
    return line(browser, sign, name, type);
  };

  const telnet = await seen("=", "Console 1 on rack7", "_telnet._tcp");
  t.same(telnet.slice(6, 9), ["rack7.local", "192.0.2.1", "2001"]);
  const txt = ["provider=ser2net", "gensiostack=telnet,tcp", "label=Console 1", "board=cabinet", "mode=telnet"];
  for (const text of [...txt, "line=9600N81"]) t.match(telnet[9], `"${text}"`);
  const raw = await seen("=", "Zigbee", "_iostream._tcp");
  t.equal(raw[8], "2002");
  for (const text of ["gensiostack=tcp", "mode=raw"]) t.match(raw[9], `"${text}"`);
  t.notMatch(raw[9], "label=");
  t.equal((await seen("=", "GPS", "_iostream._udp"))[8], "2005");
  t.match(await seen("=", "cabinet on rack7", "_ser2net-control._tcp"), { 8: "2000", 9: /"board=cabinet"/ });

  const list = await discover(bench);
  t.match(list.output, /^HOST +ADDRESS +PORT +LABEL +BOARD +MODE +LINE +NAME\n/);
  t.match(list.output, /\nrack7.local +192\.0\.2\.1 +2001 +Console 1 +cabinet +telnet +9600N81 +Console 1 on rack7\n/);
  t.match(list.output, /\nrack7.local +192\.0\.2\.1 +2000 +- +cabinet +control +- +cabinet on rack7\n/);
  t.match(list.output, /\nrack7.local +192\.0\.2\.1 +udp,2005 +- +cabinet +raw +9600N81 +GPS\n$/);
  t.equal(list.output.split("\n").length, 6, "and nothing else");
  const json = JSON.parse((await discover(bench, "--json")).output);
  t.same(json[1], {
    ...{ host: "rack7.local", address: "192.0.2.1", port: 2001, transport: "tcp", label: "Console 1" },
    ...{ board: "cabinet", mode: "telnet", line: "9600N81", tls: false, name: "Console 1 on rack7" },
  });

  await rack.start("avahi-set-host-name", "rack8").exit();
  t.equal((await seen("=", "Zigbee", "_iostream._tcp"))[6], "rack8.local", "with the new name of the host");

  await ask("setportenable 2001 raw");
  await seen("-", "Console 1 on rack7", "_telnet._tcp");
  t.match((await seen("=", "Console 1 on rack7", "_iostream._tcp"))[9], '"mode=raw"', "as what it is now");
  await ask("setportenable 2001 off");
  await seen("-", "Console 1 on rack7", "_iostream._tcp");
  reload(["2002:raw:0:/dev/ttyNone2:mdns=Zigbee 115200", "2004:raw:0:/dev/ttyNone4:mdns"]);
  t.match((await seen("=", "ttyNone4 on rack7", "_iostream._tcp"))[8], "2004");
  await seen("-", "GPS", "_iostream._udp");
  daemon.process.kill("SIGTERM");
  t.same(await daemon.exit(), { code: 0, signal: null });
  await seen("-", "ttyNone4 on rack7", "_iostream._tcp");
  await seen("-", "cabinet on rack7", "_ser2net-control._tcp");
  t.notMatch([...browsers.values()].map(({ text }) => text).join(""), "2003", "not what serves that machine only");
});

t.test("a name that is taken, avahi-daemon and the bus that restart", tools, async t => {
  const [rack, bench] = await Box.pair(t, "rack7", "bench");
  await Promise.all([bench.startAvahi(), rack.startAvahi()]);
  const taken = bench.start("avahi-publish", "-s", "Zigbee", "_iostream._tcp", "1");
  await taken.errors.expect("Established");
  const nothing = await discover(bench);
  t.match(nothing, { code: 0, errors: "ser2net: no ports are announced in the network\n" }, "only what is ser2net");
  const { daemon } = await serve(t, rack, "2000");
  await daemon.errors.expect('mDNS: the name "Zigbee" is taken, port 2002 is "Zigbee #2"');
  const browser = bench.start("avahi-browse", "-prk", "_iostream._tcp").output;
  t.equal((await line(browser, "=", "Zigbee #2", "_iostream._tcp"))[8], "2002");

  await rack.killAvahi();
  await daemon.errors.expect("mDNS: avahi-daemon does not run");
  t.same(await discover(rack), { code: 3, output: "", errors: "ser2net: avahi-daemon does not run on this machine\n" });
  taken.process.kill();
  await line(browser, "-", "Zigbee", "_iostream._tcp");
  await rack.startAvahi();
  await daemon.errors.expect("mDNS: ports are announced by avahi-daemon");
  await line(browser, "=", "Zigbee", "_iostream._tcp");

  await rack.killAvahi();
  await rack.bus.kill();
  await rack.bus.start();
  await rack.startAvahi();
  await daemon.errors.expect("mDNS: ports are announced by avahi-daemon");
  const again = bench.start("avahi-browse", "-prkt", "_telnet._tcp").output;
  t.equal((await line(again, "=", "Console 1 on rack7", "_telnet._tcp"))[8], "2001");
});
