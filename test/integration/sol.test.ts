/** SOL ports of the built daemon: all that a port of a tty has, over a BMC. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { portPath } from "../../service/dbus/names.js";
import { PrivateBus } from "../dbus/private-bus.js";
import { PORT, UP } from "../dbus/stage.js";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import { temporaryFolder } from "../support/daemon.js";
import { pattern } from "../support/sol-device.js";
import { serveSol } from "../support/sol-ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

t.test("a SOL port serves what a port of a tty serves", async t => {
  const folder = temporaryFolder(t);
  const before = [`TRACEFILE:both:${join(folder, "trace")}`, "BANNER:hello:\\s \\d\\r\\n", "CLOSEON:bye:BYE"];
  const { daemon, ports, next, config } = await serveSol(
    t,
    {
      raw: { options: "57600 hello" },
      telnet: { state: "telnet", options: "115200 remctl", bmc: { mode: "echo" } },
      shared: { options: "115200 max-connections=2" },
      traced: { options: "115200 tb=both" },
      closing: { options: "115200 bye" },
    },
    {},
    before,
  );

  await t.test("raw bytes, the banner without the password, the port as ser2net 3.5.4 shows it", async t => {
    const client = await ports.raw.connect();
    const device = `sol.lan -U ipmiusr -P *** -p ${ports.raw.bmc.port} 127.0.0.1`;
    await client.expect(`57600 ${device}\r\n`);
    client.send("hello");
    t.equal(await client.expectBytes(5), "HELLO");
    t.equal(ports.raw.bmc.bitRate, 9);
    const shown = await daemon.ask(`showport ${ports.raw.name}`);
    t.match(shown, `  device: ${device}\r\n  device config: 57600\r\n  device controls: \r\n`);
    t.match(shown, "bytes read from device: 5\r\n  bytes written to device: 5\r\n");
    t.match(await daemon.ask(`showshortport ${ports.raw.name}`), / 57600 \r\n$/);
    t.equal(await daemon.ask(`setportcontrol ${ports.raw.name} DTRHI`), "Invalid device controls\r\n");
    t.equal(await daemon.ask(`setportconfig ${ports.raw.name} 300`), "Unknown config item: 300\r\n");
    t.equal(await daemon.ask(`setportconfig ${ports.raw.name} 19200`), "");
    await client.close();
    await until("the session is closed", () => ports.raw.bmc.sessions.size === 0);
    const again = await ports.raw.connect();
    await again.expect("19200 ");
    t.equal(ports.raw.bmc.bitRate, 7, "counts from the next connection on");
    t.equal(await daemon.ask(`disconnect ${ports.raw.name}`), "");
    await again.untilEnd();
    await until("the session is closed", () => ports.raw.bmc.sessions.size === 0);
  });

  await t.test("telnet and RFC 2217: a break reaches the line, and settings are answered as they are", async t => {
    const { com } = await ComPort.agree(t, ports.telnet.port);
    const { bmc } = ports.telnet;
    t.equal(await com.ask("01 00002580"), "650001c200", "the bit rate is the configured one");
    t.equal(await com.ask("02 07"), "6608");
    t.equal(await com.ask("03 03"), "6701");
    t.equal(await com.ask("04 02"), "6801");
    t.equal(await com.ask("05 02"), "6901", "no flow control");
    t.equal(await com.ask("05 05"), "6905", "break on");
    t.equal(await com.ask("05 06"), "6906", "break off");
    t.equal(await com.ask("05 08"), "6908", "DTR is kept for the client");
    t.equal(await com.ask("0c 03"), "7003");
    com.send("fff3"); // BRK
    // Packets: one carries the flush and the second break while the first is not acknowledged yet.
    const count = (bits: number) => bmc.sol?.seen.filter(({ operation }) => (operation & bits) === bits).length ?? 0;
    await until("two breaks and a flush", () => count(0x10) >= 2 && count(0x03) >= 1);
    com.send("6869 ffff 21");
    await com.until("6869 ffff 21");
    t.equal(await com.ask("0a 12"), "6e12", "breaks and overruns are asked for");
    bmc.sol?.tell(0x04);
    await com.until("fffa2c 6a10 fff0");
    bmc.sol?.tell(0x08);
    await com.until("fffa2c 6a02 fff0");
    await until("the log", () =>
      daemon.running.errors.text.includes("the BMC lost characters of the server (overrun)"),
    );
    await com.client.close();
  });

  await t.test("two connections share the console, and a monitor shows it", async t => {
    const monitor = await daemon.control();
    monitor.send(`monitor term ${ports.shared.name}\r`);
    await monitor.expect(`${ports.shared.name}\r\n`);
    const [one, two] = [await ports.shared.connect(), await ports.shared.connect()];
    await until(
      "both are there",
      async () => (await daemon.ask(`showport ${ports.shared.name}`)).match(/connected to/g)?.length === 2,
    );
    one.send("from one ");
    for (const each of [one, two, monitor]) await each.expect("FROM ONE ");
    two.send("from two");
    for (const each of [one, two, monitor]) await each.expect("FROM TWO");
    t.equal(ports.shared.bmc.commands.filter(command => command === "648").length, 1, "one session");
    await Promise.all([one.close(), two.close(), monitor.close()]);
  });

  await t.test("traces, and CLOSEON", async t => {
    const traced = await ports.traced.connect();
    traced.send("abc");
    await traced.expect("ABC");
    await traced.close();
    const trace = await until("both directions", () => {
      const text = readFileSync(join(folder, "trace"), "latin1");
      return text.includes("ABC") && text;
    });
    t.match(trace, /^abcABC/);
    const closing = await ports.closing.connect();
    closing.send("xbye");
    t.equal(await closing.untilEnd(), "XBYE");
    await until("the session is closed", () => ports.closing.bmc.sessions.size === 0);
  });

  await t.test("a rotator takes the free one; a second port on the same console is refused", async t => {
    const rotator = await next();
    const second = await next();
    daemon.hup([
      ...config,
      `ROTATOR:127.0.0.1,${rotator}:${ports.raw.name} ${ports.closing.name}`,
      `127.0.0.1,${second}:raw:0:sol.lan -U ipmiusr -P test -p ${ports.raw.bmc.port} 127.0.0.1:57600`,
    ]);
    const first = await until("the rotator is served", () => Client.connect(t, rotator));
    first.send("a");
    await first.expect("A");
    const other = await Client.connect(t, rotator);
    other.send("b");
    await other.expect("B");
    t.same([ports.raw.bmc.sessions.size, ports.closing.bmc.sessions.size], [1, 1]);
    t.equal(
      await (await until("the port is served", () => Client.connect(t, second))).untilEnd(),
      "Port's device already in use\r\n",
    );
  });

  t.same(await daemon.stop(), { code: 0, signal: null });
  t.notMatch(daemon.running.errors.text, "-P test", "the password is not in the log");
  for (const { bmc } of Object.values(ports)) t.equal(bmc.sessions.size, 0, "the daemon has logged out at its end");
});

t.test("D-Bus tells of a SOL port what there is", needs("dbus-daemon", "busctl"), async t => {
  const bus = await PrivateBus.start(t);
  const { daemon, ports } = await serveSol(t, { one: {} }, { args: ["--dbus", bus.address] });
  await daemon.running.errors.expect(UP);
  const client = await ports.one.connect();
  client.send("x");
  await client.expect("X");
  const get = async (name: string) =>
    (await bus.busctl("get-property", "org.ser2net.Ser2net1", portPath(ports.one.name), PORT, name)).output;
  t.equal(await get("Phase"), 's "open"');
  t.match(await get("Device"), "sol.lan -U ipmiusr -P *** -p");
  t.equal(await get("ModemControl"), "a{sb} 0");
  t.equal(await get("ModemState"), "a{sb} 0");
  await bus.busctl("call", "org.ser2net.Ser2net1", portPath(ports.one.name), PORT, "SendBreak");
  await until("the break", () => ports.one.bmc.sol?.seen.some(({ operation }) => operation === 0x10));
  ports.one.bmc.deactivate();
  await client.untilEnd();
  await until("the error", async () => (await get("LastError")) === 's "the BMC ended Serial over LAN"');
  await until("free again", async () => (await get("Phase")) === 's "idle"');
});

t.test("a paste of 1 MB loses nothing, and a reader that stalls makes the BMC wait", async t => {
  const { ports } = await serveSol(t, { paste: { bmc: { mode: "sink" } }, stall: { bmc: { mode: "sink" } } });
  const bytes = pattern(1_000_000);
  const paste = await ports.paste.connect();
  paste.send(bytes);
  await until("it begins", () => (ports.paste.bmc.sol?.receivedBytes ?? 0) > 0);
  const { sol } = ports.paste.bmc;
  for (let count = 0; count < bytes.length; ) {
    await until("more", () => (sol?.receivedBytes ?? 0) > count);
    count = sol?.receivedBytes ?? 0;
  }
  t.ok(Buffer.concat(sol?.received ?? []).equals(bytes), "each byte once and in order");

  const stall = await ports.stall.connect();
  await until("SOL is active", () => ports.stall.bmc.sol);
  stall.socket.pause();
  const console = ports.stall.bmc.sol;
  console?.print(Buffer.concat(Array.from({ length: 12 }, () => bytes)));
  for (let unsent = Number.POSITIVE_INFINITY; !console?.isRefused; ) {
    await until("more", () => console?.isRefused || (console?.unsent ?? 0) < unsent);
    unsent = console?.unsent ?? 0;
  }
  t.ok((console?.unsent ?? 0) > 0, `${console?.unsent} bytes wait in the BMC`);
  stall.socket.resume();
  await until("it goes on", () => console?.isRefused === false);
  await stall.close();
});
