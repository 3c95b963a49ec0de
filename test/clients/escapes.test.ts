/** Every escape of the manual page's "Filename, Banner, and String Formatting", as a peer sees it. */
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { Daemon, temporaryFolder } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";

t.test("escapes of bytes are those of C, and more forgiving", async t => {
  const table: readonly (readonly [text: string, bytes: string])[] = [
    ["\\a\\b\\f\\n\\r\\t\\v", "\x07\b\f\n\r\t\v"],
    ["\\\\ \\? \\' \\\"", "\\ ? ' \""],
    ["\\101\\377\\0\\400", "A\xff\0\0"],
    ["\\x41\\x4a\\x4A\\xff\\x7g", "AJJ\xff\x07g"],
    ["<\\7x\\12>\\18\\1012", "<\x07x\n>\x018A2"],
    ["\\z\\8\\:\\k\\X", "z8:kX"],
    ["\\xg\\x", "g"],
    ["caf\xe9 \xff 50%", "caf\xe9 \xff 50%"],
  ];
  const banner = table.map(([text]) => text).join("|");
  const wanted = table.map(([, bytes]) => bytes).join("|");
  const { port } = await serveOnePort(t, { before: [`BANNER:b:${banner}|`], options: "9600 b" });
  const client = await Client.connect(t, port);
  t.equal(await client.expectBytes(wanted.length + 1), `${wanted}|`);
});

t.test("escapes of what the port is", async t => {
  const next = await portNumbers(t);
  const [controlPort, port] = [await next(), await next()];
  const device = PtyDevice.open(t);
  const link = join(temporaryFolder(t), "console:1");
  symlinkSync(device.path, link);
  const text = "\\d,\\o,\\p,\\B,\\s,\\I;";
  await Daemon.start(t, {
    controlPort,
    config: [
      ...[`DEVICE:dev:${link}`, `BANNER:b:${text}`, `OPENSTR:o:${text}`],
      `ipv4,127.0.0.1,${port}:raw:0:dev:19200 EVEN 7DATABITS 2STOPBITS b o`,
    ],
  });
  const line = "19200 E72";
  const wanted = `${link},dev,ipv4,127.0.0.1,${port},${line},${line},127.0.0.1;`;
  const client = await Client.connect(t, port);
  t.equal(await client.expect(";"), wanted);
  t.equal(await device.expect(";"), wanted, "the device is told the same");
});

t.test("escapes of the time: local, of one moment", async t => {
  const banner = "BANNER:b:\\e \\U \\Y \\y \\M \\m \\A \\D \\H \\h \\i \\S \\q \\P \\T;";
  const env = { TZ: "Etc/GMT-9" }; // nine hours before Greenwich
  const { port } = await serveOnePort(t, { before: [banner], options: "9600 b" }, { env });
  const earliest = Math.floor(Date.now() / 1000);
  const client = await Client.connect(t, port);
  const [epoch, microseconds, ...fields] = (await client.expect(";")).slice(0, -1).split(" ");
  t.ok(Number(epoch) >= earliest && Number(epoch) <= Date.now() / 1000, "now");
  t.match(microseconds, /^\d{6}$/);
  const there = new Date((Number(epoch) + 9 * 3600) * 1000); // its UTC fields are the local time there
  const two = (number: number) => String(number).padStart(2, "0");
  const [hour, minute, second] = [there.getUTCHours(), two(there.getUTCMinutes()), two(there.getUTCSeconds())];
  const [, weekday = "", day = "", month = "", year = ""] =
    /^(...), 0?(\d+) (...) (\d+)/.exec(there.toUTCString()) ?? [];
  const dayOfYear = (Date.UTC(Number(year), there.getUTCMonth(), Number(day)) - Date.UTC(Number(year), 0)) / 86_400_000;
  t.same(fields, [
    ...[year, `${dayOfYear}`, month, `${there.getUTCMonth()}`, weekday, day],
    ...[two(hour), two(hour % 12 || 12), minute, second],
    ...(hour < 12 ? ["am", "AM"] : ["pm", "PM"]),
    `${two(hour)}:${minute}:${second}`,
  ]);
});

t.test("closeon: bytes by their numbers, found wherever they come", async t => {
  for (const [text, bytes] of [
    ["\\r\\n", "\r\n"],
    ["bye\\r\\n", "bye\r\n"],
    ["\\101\\x41\\\\\\377", "AA\\\xff"],
    ["\\000z", "\0z"],
    ["aab", "aab"],
  ] as const) {
    const { port, device } = await serveOnePort(t, { before: [`CLOSEON:c:${text}`], options: "9600 c" });
    const client = await Client.connect(t, port);
    client.send("x");
    await device.expect("x");
    const before = `${bytes[0]}${bytes[0]}`; // a beginning that leads nowhere
    device.send(`${before}${bytes}rest`);
    t.equal(await client.untilEnd(), `${before}${bytes}`, text);
  }
});
