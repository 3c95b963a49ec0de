import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import { boardCommand } from "../../service/board/command.js";
import { loadProfile } from "../../service/board/load.js";
import { newProfile } from "../../service/board/new.js";
import { findSerialDevices } from "../../service/board/serial-devices.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { socketClashes } from "../../service/config/socket-clashes.js";
import { environment } from "../config/read.js";
import { boards, folder, machineOf, plant, SHIPPED } from "./tree.js";

const BAD = '{ "lable": 1 }';

t.test("list names every profile with its title and its file", async t => {
  const local = boards(t, { demo: { title: "Our demo" } });
  const { status, out } = run(t, ["list"], { roots: [local, SHIPPED] });
  t.equal(status, 0);
  const lines = out.split("\n");
  t.equal(
    lines.find(line => line.startsWith("board-a")),
    `board-a\t8-port RS-232 console server\t${SHIPPED}/board-a.json`,
  );
  t.equal(
    lines.find(line => line.startsWith("demo")),
    `demo\tOur demo\t${local}/demo.json, hides ${SHIPPED}/demo.json`,
  );
});

t.test("show prints what a profile comes to, and what is wrong with it apart from that", async t => {
  const roots = [boards(t, { x: { lable: 1, ports: [{ id: "p", device: "ttyS0", networkPort: "2001" }] } })];
  const { status, out, err } = run(t, ["show", "x"], { roots });
  t.equal(status, 1);
  t.match(out, /^# Board profile x: x\n# p, optional\nDEVICE:p:.*\/dev\/ttyS0\n2001:telnet:0:p:9600 .*\n$/);
  t.match(err, /^.*x\.json:2:3: lable: unknown key \(.*\)\n$/);
});

t.test("show without a name prints the board that is there, its control port too", async t => {
  t.match(run(t, ["show"], { tree: "pc" }).out, /^# Board profile board-b: /);
  t.match(run(t, ["show", "demo"]).out, /\nCONTROLPORT:localhost,2000\n$/);
});

t.test("check says what is wrong with one profile, a file or all of them", async t => {
  const local = boards(t, { x: BAD, y: {}, demo: BAD });
  const roots = [local, SHIPPED];
  t.same(run(t, ["check", "y"], { roots }), { status: 0, out: "", err: "" });
  const told = (name: string) => `${join(local, name)}:1:3: lable: unknown key`;
  t.match(run(t, ["check", "x"], { roots }), { status: 1, out: told("x.json"), err: "" });
  t.match(run(t, ["check", join(local, "x.json")]), { status: 1, out: told("x.json"), err: "" });
  const all = run(t, ["check"], { roots });
  t.equal(all.status, 1);
  t.same(
    all.out.split("\n").map(line => line.split(" ")[0]),
    [`${join(local, "demo.json")}:1:3:`, `${join(local, "x.json")}:1:3:`, ""],
  );
  t.same(run(t, ["check"], { roots: [SHIPPED] }), { status: 0, out: "", err: "" });
});

t.test("check looks behind a file that hides another", async t => {
  const roots = [boards(t, { x: {} }), boards(t, { x: BAD })];
  t.match(run(t, ["check"], { roots }), { status: 1, out: "lable" });
});

t.test("detect names the board, with --explain it says why", async t => {
  t.same(run(t, ["detect"], { tree: "pc" }), { status: 0, out: "board-b\n", err: "" });
  const { out } = run(t, ["detect", "--explain"], { tree: "pc" });
  t.match(out, /^--board: names none\n/);
  t.match(out, /\n-> board-b: sys_vendor "Example", board_name "Board B rev 2"\n$/);
});

t.test("a profile that does not exist is told, with status 1", async t => {
  t.same(run(t, ["show", "bord-a"]), {
    status: 1,
    out: "",
    err: 'There is no board profile "bord-a"; nearest: board-a\n',
  });
});

t.test("anything else is told where the help is, with status 2", async t => {
  const cases: readonly [line: string, told: string][] = [
    ["", "ser2net: board: list, show, check, detect or new?\nhint null\n"],
    ["nosuch", "ser2net: board: wrong word: nosuch\nhint nosuch\n"],
    ["list x", "ser2net: board: wrong word: x\nhint x\n"],
    ["show a b", "ser2net: board: wrong word: b\nhint b\n"],
    ["show --explain", "ser2net: board: wrong word: --explain\nhint --explain\n"],
    ["check -v", "ser2net: board: wrong word: -v\nhint -v\n"],
    ["detect x", "ser2net: board: wrong word: x\nhint x\n"],
    ["detect --explain x", "ser2net: board: wrong word: x\nhint x\n"],
  ];
  for (const [line, told] of cases) {
    const words = line.split(" ").filter(word => word !== "");
    t.same(run(t, words), { status: 2, out: "", err: told }, line);
  }
});

t.test("--json has the same for programs", async t => {
  const roots = [
    boards(t, { x: BAD, caf: { title: "Caf\u00e9", ports: [{ id: "p", device: "ttyS0", networkPort: "2001" }] } }),
  ];
  const list = run(t, ["list", "--json"], { roots });
  t.match(list.out, "Caf\\u00e9", "in ASCII");
  t.same(JSON.parse(list.out), [
    { name: "caf", title: "Caf\u00e9", file: join(roots[0] ?? "", "caf.json"), hides: [] },
    { name: "x", title: "x", file: join(roots[0] ?? "", "x.json"), hides: [] },
  ]);
  const shown = run(t, ["show", "caf", "--json"], { roots });
  t.match(JSON.parse(shown.out), {
    ...{ name: "caf", title: "Caf\u00e9", file: join(roots[0] ?? "", "caf.json"), controlPort: null, diagnostics: [] },
    ports: [{ id: "p", networkPort: "2001" }],
  });
  t.equal(JSON.parse(shown.out).lines.at(-1), "2001:telnet:0:p:9600 8DATABITS NONE 1STOPBIT");
  const checked = run(t, ["check", "--json"], { roots });
  t.equal(checked.status, 1);
  const [first] = JSON.parse(checked.out);
  t.match(first, {
    line: 1,
    column: 3,
    severity: "error",
    message: "lable: unknown key",
    expected: /^expected one of /,
  });
  t.same(Object.keys(first), ["file", "line", "column", "severity", "message", "expected"]);
  t.same(run(t, ["check", "caf", "--json"], { roots }), { status: 0, out: "[]\n", err: "" });
});

t.test("new writes a profile of this machine, which is valid and serves its lines", async t => {
  for (const tree of ["arm-gateway", "pc", "x86-vm"]) {
    const file = join(folder(t), "mine.json");
    t.same(run(t, ["new", "-o", file], { tree }), { status: 0, out: "", err: "" }, tree);
    t.same(run(t, ["check", file], { tree }), { status: 0, out: "", err: "" }, tree);
    t.match(
      run(t, ["new", "-o", file], { tree }),
      { status: 1, err: /^"\S+mine\.json" cannot be made: EEXIST/ },
      "not twice",
    );
    const { id, ...written } = JSON.parse(readFileSync(file, "utf8"));
    t.equal(id, "mine");
    t.same(JSON.parse(run(t, ["new"], { tree }).out), written, "to standard output without a name");
  }
  t.match(run(t, ["new", "-o", "1.json"]), { status: 1, err: /not NAME\.json/ });
  t.match(run(t, ["new", "-o"]), { status: 2 });
});

t.test("new names devices so that they stay, and has the LEDs that may be of ports", async t => {
  const root = plant(t, "arm-gateway");
  for (const led of ["gw:green:one", "mmc0::", "input3::capslock", "gw:red:two"]) {
    mkdirSync(join(root, "sys/class/leds", led), { recursive: true });
  }
  const profile = JSON.parse(newProfile(machineOf(root), null));
  t.match(profile, {
    title: "Example Gateway 2 rev C",
    match: [{ compatible: "example,gateway-2" }],
    controlPort: "localhost,2000",
    leds: [
      { id: "led1", sysfs: "gw:green:one", trigger: "none" },
      { id: "led2", sysfs: "gw:red:two", trigger: "none" },
    ],
  });
  const written = profile.ports.map((port: Record<string, unknown>) => `${port.networkPort} ${port.id} ${port.device}`);
  t.same(written, [
    "2001 ttyS2 /sys/devices/platform/soc/30890000.serial",
    "2002 ttyS10 /sys/devices/platform/soc/30860000.serial",
    "2003 usb3 /sys/devices/platform/soc/usb/usb1/1-1/1-1.1/1-1.1:1.0",
    "2004 usb4 serial/by-path/platform-xhci-hcd.0-usb-0:1.2:1.0-port0",
    "2005 usb5 serial/by-path/platform-xhci-hcd.0-usb-0:1.3:1.0-port0",
    "2006 usb6 serial/by-id/usb-FTDI_FT232R_USB_UART_FT4XYZ-if00-port0",
  ]);
  const { profile: read, diagnostics } = loadProfile("x", machineOf(root, [boards(t, { x: profile })]));
  t.same(diagnostics, []);
  t.same(
    read.ports.map(({ device }) => device),
    findSerialDevices(machineOf(root)).map(({ path }) => path),
    "each leads to the line that was found",
  );
});

t.test("what the lines of a profile have wrong is at its value", async t => {
  const x = `{
  "controlPort": "localhost,2001",
  "ports": [
    { "id": "a", "device": "ttyS0", "networkPort": "2001" },
    { "id": "b", "device": "ttyS1",
      "networkPort": "::,2001" }
  ]
}`;
  const roots = [boards(t, { x, y: { extends: "x", ports: [{ id: "b", remctl: true }] } })];
  const told = `x.json:4:52: Network port 2001 on line 4 needs the socket of the control port localhost,2001 on line 2 (expected another number; only one of the two can be served)
x.json:6:22: Network port ::,2001 on line 6 needs the socket of the control port localhost,2001 on line 2 (expected another number; only one of the two can be served)
`;
  for (const [words, name] of [
    [["check", "x"], "out"],
    [["show", "x"], "err"],
    [["check", "y"], "out"],
  ] as const) {
    const { status, ...said } = run(t, words, { roots });
    t.equal(status, 1);
    t.equal(said[name].replaceAll(/^\S*\//gm, ""), told);
  }
});

function run(t: Test, args: readonly string[], { tree = "x86-vm", roots = [SHIPPED] } = {}) {
  const root = plant(t, tree);
  const said = { out: "", err: "" };
  const status = boardCommand(args, {
    out: text => {
      said.out += text;
    },
    err: text => {
      said.err += text;
    },
    hint: word => `hint ${word}\n`,
    checkSources: sources => {
      const configuration = readConfiguration(sources, environment);
      return [...configuration.diagnostics, ...socketClashes(configuration, null, environment.serviceLookup)];
    },
    places: { roots, sys: join(root, "sys"), dev: join(root, "dev") },
    evidence: { named: null, sys: join(root, "sys"), cmdline: join(root, "proc/cmdline"), etc: join(root, "etc") },
  });
  return { status, ...said };
}
