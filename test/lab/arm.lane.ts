/** The bundles for ARM, built here and run on emulated processors, this host's kernel below them: scripts/board-lab arm. */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { ROOT, WELL_KNOWN_NAME } from "../../service/dbus/names.js";
import { termiosBits as bits, getTermios } from "../../service/native/serial.js";
import { PrivateBus } from "../dbus/private-bus.js";
import { BUNDLES, filesBelow, PROGRAM, SYSTEMD } from "../scripts/released.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { Daemon, run, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";

interface Target {
  readonly name: string;
  readonly emulator: string;
  /** Debian's C library for it. */
  readonly libraries: string;
  /** The Node that runs `ser2net.cjs`, in the folder of BOARD_LAB_NODES. */
  readonly node: string;
  /** Class and machine of its ELF files. */
  readonly elf: readonly [number, number];
}

const TARGETS: readonly Target[] = [
  {
    name: "linux-arm64",
    emulator: "qemu-aarch64-static",
    libraries: "/usr/aarch64-linux-gnu",
    node: "arm64",
    elf: [2, 183],
  },
  {
    name: "linux-arm",
    emulator: "qemu-arm-static",
    libraries: "/usr/arm-linux-gnueabihf",
    node: "armhf",
    elf: [1, 40],
  },
];
const FILES = [...BUNDLES, "LICENSES.txt", "native.node"].sort();

for (const target of TARGETS) {
  const folder = resolve("dist", target.name);
  const node = join(process.env.BOARD_LAB_NODES ?? "", target.node);
  const program = [target.emulator, "-L", target.libraries, node, join(folder, "ser2net.cjs")];

  t.test(`${target.name}: two builds in different places give the same files`, async t => {
    build(".", target.name);
    const elsewhere = temporaryFolder(t);
    for (const name of [
      "build.mjs",
      "package.json",
      "tsconfig.json",
      "LICENSE",
      "service",
      "man",
      "completion",
      "scripts",
    ]) {
      cpSync(name, join(elsewhere, name), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(elsewhere, "node_modules"));
    mkdirSync(join(elsewhere, "dist"));
    build(elsewhere, target.name);
    const sums = readFileSync(join(folder, "SHA256SUMS"), "utf8");
    t.same(
      sums
        .trim()
        .split("\n")
        .map(line => line.slice(66)),
      FILES,
    );
    t.equal(readFileSync(join(elsewhere, "dist", target.name, "SHA256SUMS"), "utf8"), sums);
    t.equal(execFileSync("sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: folder, encoding: "utf8" }), "");
    const addon = readFileSync(join(folder, "native.node"));
    t.same([addon[4], addon.readUInt16LE(18)], target.elf, "the addon is for that processor");
  });

  t.test(`${target.name}: the licence of each bundled package is there`, async t => {
    const texts = readFileSync(join(folder, "LICENSES.txt"), "utf8");
    for (const name of ["ser2net-edge", "dbus-next 0.10.2"])
      t.ok(texts.includes(`${name}\n${"=".repeat(name.length)}\n\n`), name);
  });

  t.test(`${target.name}: the program runs and knows its boards`, async t => {
    t.match(await said(t, program, "-v"), /version \d+\.\d+\.\d+\n$/);
    t.match(await said(t, program, "board", "show", "./board-profiles/board-a.json"), /^2008:telnet:0:port8:9600 /m);
  });

  t.test(`${target.name}: the Debian package for it is built here, and its addon loads`, async t => {
    const root = temporaryFolder(t);
    const env = { ...process.env, SER2NET_PREPARED: "1", DPKG_DEB_COMPRESSOR_TYPE: "none" };
    const file = execFileSync("scripts/deb", [target.node, "--out", root], { encoding: "utf8", env }).trim();
    execFileSync("dpkg-deb", ["--extract", file, root]);
    const files = filesBelow(root);
    for (const path of [...PROGRAM, ...SYSTEMD].filter(one => !one.includes("notify-reload.conf")))
      t.ok(files.includes(path), path);
    const addon = readFileSync(join(root, "usr/lib/ser2net/native.node"));
    t.same([addon[4], addon.readUInt16LE(18)], target.elf, "the addon is for that processor");
    const fields = execFileSync("dpkg-deb", ["--field", file, "Architecture", "Depends"], { encoding: "utf8" });
    t.match(fields, new RegExp(`Architecture: ${target.node}\\nDepends: .*libc6 \\(>= 2\\.\\d+\\)\\n`));
    const packaged = [...program.slice(0, -1), join(root, "usr/lib/ser2net/ser2net.cjs")];
    t.match(await said(t, packaged, "-v"), /version \d+\.\d+\.\d+\n$/);
    const count = `Object.keys(require("${join(root, "usr/lib/ser2net/native.node")}")).length > 10`;
    t.equal(await said(t, program.slice(0, -1), "-p", count), "true\n");
  });

  t.test(`${target.name}: raw and telnet on a serial line, the control port, a reload, the bus, a stop`, async t => {
    const next = await portNumbers(t);
    const [controlPort, raw, telnet] = [await next(), await next(), await next()];
    const [one, two] = [PtyDevice.open(t), PtyDevice.open(t)];
    const bus = await PrivateBus.start(t);
    const config = [
      `127.0.0.1,${raw}:raw:0:${one.path}:19200 7DATABITS EVEN 2STOPBITS`,
      `127.0.0.1,${telnet}:telnet:0:${two.path}:9600 remctl`,
    ];
    const daemon = await Daemon.start(t, {
      controlPort,
      config,
      program,
      locking: true,
      args: ["--dbus", bus.address],
    });

    const client = await Client.connect(t, raw);
    client.send("down\0\xff");
    await one.expect("down\0\xff");
    one.send("up\0\xff");
    await client.expect("up\0\xff");
    const set = getTermios(one.slave);
    t.equal(set.outputSpeed, 19200);
    t.ok(set.cflag & bits.CSTOPB, "two stop bits");

    const { com } = await ComPort.agree(t, telnet);
    t.equal(await com.ask("01 00004b00"), "6500004b00", "SET-BAUDRATE 19200 is confirmed");
    t.equal(getTermios(two.slave).outputSpeed, 19200);
    com.send("61ffff62");
    await two.expect("a\xffb");

    daemon.hup([`127.0.0.1,${raw}:raw:0:${one.path}:9600`]);
    await com.client.close(); // a port in use goes when its client has gone
    await until("it is gone", async () => !(await daemon.ask("showshortport")).includes(`127.0.0.1,${telnet}`));
    client.send("still here");
    await one.expect("still here");

    const version = [WELL_KNOWN_NAME, ROOT, `${WELL_KNOWN_NAME}.Daemon`, "Version"];
    await until("it is on the bus", async () => (await bus.busctl("get-property", ...version)).code === 0);
    t.same(await daemon.stop(), { code: 0, signal: null });
    await client.untilEnd();
  });
}

function build(folder: string, target: string): void {
  execFileSync(process.execPath, ["build.mjs", "--target", target], { cwd: folder });
}

async function said(t: Test, program: readonly string[], ...args: string[]): Promise<string> {
  const running = run(t, args, { program });
  const output = await running.output.untilEnd();
  t.same(await running.exit(), { code: 0, signal: null }, running.errors.text);
  return output;
}
