/** The profiles that come with the daemon: each is valid, makes the ports of its hardware and is chosen on it. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { compileProfile } from "../../service/board/compile.js";
import { detectBoard } from "../../service/board/detect.js";
import { listBoards, readBoard, readBoards } from "../../service/board/load.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { socketClashes } from "../../service/config/socket-clashes.js";
import { environment } from "../config/read.js";
import { folder, SHIPPED } from "./tree.js";

const byPath = (socket: string, line: number) => `/dev/serial/by-path/pci-0000:00:14.0-usb-0:${socket}:1.${line}-port0`;
const soc = (address: string) => `/sys/devices/platform/soc/${address}.serial`;

interface Expected {
  /** Root `compatible` texts of machines that it is chosen on. */
  readonly compatible: readonly string[];
  readonly ports: Readonly<Record<string, string>>;
  /** Classes of devices that its unit admits. */
  readonly classes: readonly string[];
}

const PI_UARTS = ["char-ttyS", "char-ttyAMA"];

const BOARDS: Readonly<Record<string, Expected>> = {
  "raspberry-pi-3": {
    compatible: ["raspberrypi,3-model-b\0brcm,bcm2837", "raspberrypi,3-model-b-plus\0brcm,bcm2837"],
    ports: { "2001": "/dev/serial0" },
    classes: PI_UARTS,
  },
  "raspberry-pi-4": {
    compatible: ["raspberrypi,4-model-b\0brcm,bcm2711", "raspberrypi,400\0brcm,bcm2711"],
    ports: { "2001": "/dev/serial0" },
    classes: PI_UARTS,
  },
  "raspberry-pi-5": {
    compatible: ["raspberrypi,5-model-b\0brcm,bcm2712"],
    ports: { "2001": "/dev/ttyAMA0", "2002": "/dev/ttyAMA10" },
    classes: ["char-ttyAMA"],
  },
  "raspberry-pi-cm4": {
    compatible: ["raspberrypi,4-compute-module\0brcm,bcm2711"],
    ports: {
      ...{ "2001": soc("fe201000"), "2002": soc("fe201400"), "2003": soc("fe201600") },
      ...{ "2004": soc("fe201800"), "2005": soc("fe201a00") },
    },
    classes: PI_UARTS,
  },
  "beaglebone-black": {
    compatible: ["ti,am335x-bone-black\0ti,am335x-bone\0ti,am33xx"],
    ports: { "2001": "/dev/ttyS1", "2002": "/dev/ttyS2", "2004": "/dev/ttyS4", "2005": "/dev/ttyS5" },
    classes: ["char-ttyS"],
  },
  "pc-4com": {
    compatible: [],
    ports: { "2001": "/dev/ttyS0", "2002": "/dev/ttyS1", "2003": "/dev/ttyS2", "2004": "/dev/ttyS3" },
    classes: ["char-ttyS"],
  },
  "ftdi-4": {
    compatible: [],
    ports: Object.fromEntries([0, 1, 2, 3].map(line => [`${2001 + line}`, byPath("1", line)])),
    classes: [],
  },
  "ftdi-8": {
    compatible: [],
    ports: Object.fromEntries(
      [0, 1, 2, 3, 4, 5, 6, 7].map(at => [`${2001 + at}`, byPath(at < 4 ? "1.1" : "1.2", at % 4)]),
    ),
    classes: [],
  },
};

/** The others have tests of their own lines. */
const ELSEWHERE = ["board-a", "board-b", "demo", "generic"];

t.test("every shipped profile is valid, and so are its lines", async t => {
  const names = listBoards([SHIPPED]).map(({ name }) => name);
  t.same(names, [...Object.keys(BOARDS), ...ELSEWHERE].sort());
  for (const name of names) {
    const { profile, document, diagnostics, file } = readBoard(name, [SHIPPED], device => ({
      device: device.startsWith("/") ? device : `/dev/${device}`,
      problem: null,
    }));
    t.same(diagnostics, [], name);
    const { lines, fallbackLines } = compileProfile(profile, document);
    const read = readConfiguration([{ file, text: "", lines: [...lines, ...fallbackLines] }], environment);
    t.same([...read.diagnostics, ...socketClashes(read, null, environment.serviceLookup)], [], name);
    const expected = BOARDS[name];
    if (expected === undefined) continue;
    t.same(Object.fromEntries(read.ports.map(port => [port.name, port.device.path])), expected.ports, name);
    t.equal(read.controlPort, "localhost,2000", `${name}: the control port is for this machine only`);
  }
});

t.test("a board is chosen by its device tree, and only then", async t => {
  const candidates = readBoards([SHIPPED]);
  for (const [name, { compatible }] of Object.entries(BOARDS)) {
    for (const text of compatible) t.equal(detectBoard(machine(t, text), candidates).name, name, text);
    if (compatible.length === 0) t.same(candidates.find(one => one.name === name)?.match, [], `${name}: only by name`);
  }
  t.equal(detectBoard(machine(t, "raspberrypi,model-b\0brcm,bcm2835"), candidates).name, "generic");
});

t.test("the units of a board admit its devices and listen on its ports", async t => {
  for (const [name, { ports, classes }] of Object.entries(BOARDS)) {
    const out = folder(t);
    const words = ["dist/board-units.mjs", join(SHIPPED, `${name}.json`), out];
    const { status, stderr } = spawnSync(process.execPath, words, { encoding: "utf8" });
    t.same({ status, stderr }, { status: 0, stderr: "" }, name);
    const dropIn = (unit: string) => readFileSync(join(out, `ser2net@${name}.${unit}.d/50-board.conf`), "utf8");
    const admitted = [...dropIn("service").matchAll(/^DeviceAllow=(\S+) rw$/gm)].map(([, one]) => one);
    t.same(admitted, [...classes, "char-ttyUSB", "char-ttyACM"], name);
    const listening = [...dropIn("socket").matchAll(/^ListenStream=(\d+)$/gm)].map(([, one]) => one);
    t.same(listening, Object.keys(ports), name);
    t.match(dropIn("socket"), /^ListenStream=127\.0\.0\.1:2000$/m);
  }
});

function machine(t: Test, compatible: string) {
  const root = folder(t);
  const tree = join(root, "sys/firmware/devicetree/base");
  mkdirSync(tree, { recursive: true });
  writeFileSync(join(tree, "compatible"), `${compatible}\0`);
  return { named: null, sys: join(root, "sys"), cmdline: join(root, "cmdline"), etc: join(root, "etc") };
}
