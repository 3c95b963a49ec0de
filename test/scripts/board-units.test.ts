import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";

function generate(t: Test, profile: object) {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, "board-x.json"), JSON.stringify({ schema: 1, ...profile }));
  const args = ["dist/board-units.mjs", join(folder, "board-x.json"), join(folder, "out")];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const lines = (unit: string) => {
    const file = join(folder, "out", `ser2net@board-x.${unit}.d`, "50-board.conf");
    if (!existsSync(file)) return null;
    const [head, ...rest] = readFileSync(file, "utf8").trimEnd().split("\n");
    t.equal(head, "# Made by board-units.mjs from the board profile board-x: change that one.");
    return rest;
  };
  return { status, stdout, stderr, service: lines("service"), socket: lines("socket") };
}

function port(id: string, device: string, networkPort: string) {
  return { id, device, networkPort };
}

t.test("the sockets are those that the daemon would open itself", async t => {
  const { status, socket } = generate(t, {
    controlPort: "localhost,2000",
    ports: [
      port("p1", "ttyS1", "2001"),
      port("p2", "ttyS2", "udp,2002"),
      port("p3", "ttyS3", "ipv4,2003"),
      port("p4", "ttyS4", "192.0.2.1,2004"),
      port("p5", "ttyS5", "::,2005"),
      port("p6", "ttyS6", "ipv4,udp,2006"),
      port("p7", "ttyS7", "udp,2001:db8::1,2007"),
      { ...port("p8", "ttyS8", "2008"), state: "off" },
    ],
  });
  t.equal(status, 0);
  t.same(socket, [
    "[Socket]",
    "ListenStream=2001",
    "ListenDatagram=[::]:2002",
    "ListenDatagram=0.0.0.0:2002",
    "ListenStream=0.0.0.0:2003",
    "ListenStream=192.0.2.1:2004",
    "ListenStream=[::]:2005",
    "ListenDatagram=0.0.0.0:2006",
    "ListenDatagram=[2001:db8::1]:2007",
    "ListenStream=[::1]:2000",
    "ListenStream=127.0.0.1:2000",
  ]);
});

t.test("what a socket unit cannot say the same way stays with the daemon", async t => {
  const lefts = ["ipv6,2001", "ipv6,udp,2002", "host.example,2003", "fe80::1%eth0,2004"];
  const ports = lefts.map((text, at) => port(`p${at}`, `ttyS${at}`, text));
  const { socket } = generate(t, { ports, controlPort: "2000" });
  t.same(socket, ["[Socket]", ...lefts.map(text => `# Left to the daemon: ${text}`), "ListenStream=2000"]);
  t.equal(generate(t, { ports }).socket, null, "a unit that listens on nothing would be refused");
});

t.test("a board without network ports gets no sockets", async t => {
  const { service, socket } = generate(t, { ports: [{ id: "p1", device: "ttyAMA1" }] });
  t.equal(socket, null);
  t.same(service?.slice(0, 3), ["[Service]", "DeviceAllow=", "DeviceAllow=char-ttyAMA rw"]);
});

t.test("the devices are the board's own and USB adapters", async t => {
  const devices = (ports: object[], more = {}) =>
    generate(t, { ports, ...more }).service?.filter(line => !/^DeviceAllow=$|^\[/.test(line));
  const USB = ["DeviceAllow=char-ttyUSB rw", "DeviceAllow=char-ttyACM rw"];
  const USUAL = ["DeviceAllow=char-ttyS rw", "DeviceAllow=char-ttyAMA rw"];
  t.same(devices([port("p1", "ttymxc1", "2001"), port("p2", "/dev/ttymxc2", "2002")]), [
    "DeviceAllow=char-ttymxc rw",
    ...USB,
  ]);
  t.same(devices([port("p1", "/dev/serial/by-path/platform-usb-0:1.2:1.0-port0", "2001")]), USB);
  t.same(devices([port("p1", "/sys/devices/platform/soc/30860000.serial", "2001")]), [...USUAL, ...USB]);
  t.same(devices([], { enumerate: { firstNetworkPort: 2001 } }), [...USUAL, ...USB]);
  t.same(devices([port("p1", "/dev/lp0", "2001"), port("p2", "/dev/usb/lp1", "2002")]), [
    "DeviceAllow=char-lp rw",
    "DeviceAllow=/dev/usb/lp1 rw",
    ...USB,
    "SupplementaryGroups=lp",
  ]);
});

t.test("LEDs become writable before the daemon starts, flashing ones with their trigger set", async t => {
  const { service } = generate(t, {
    ports: [{ ...port("p1", "ttyS1", "2001"), leds: { rx: "rx1" } }],
    leds: [
      { id: "rx1", sysfs: "board:green:port1", trigger: "transient" },
      { id: "ok", sysfs: "board:blue:status", function: "ok" },
    ],
  });
  t.same(service?.slice(-4), [
    "ReadWritePaths=-/sys/class/leds/board:green:port1",
    "ReadWritePaths=-/sys/class/leds/board:blue:status",
    "ExecStartPre=-+/usr/lib/ser2net/ser2net-leds --arm board:green:port1",
    "ExecStartPre=-+/usr/lib/ser2net/ser2net-leds board:blue:status",
  ]);
});

t.test("a profile with a fault makes nothing, and the fault is shown at its place", async t => {
  const { status, stderr, service, socket } = generate(t, {
    ports: [{ id: "p1", devcie: "ttyS1", networkPort: "2001" }],
  });
  t.equal(status, 1);
  t.match(stderr, /board-x\.json:1:\d+: .*devcie/);
  t.same([service, socket], [null, null]);
});

t.test("called without a profile it says how", async t => {
  const { status, stderr } = spawnSync(process.execPath, ["dist/board-units.mjs"], { encoding: "utf8" });
  t.equal(status, 1);
  t.equal(stderr, "usage: board-units.mjs PROFILE.json OUTDIR\n");
});
