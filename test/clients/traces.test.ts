/** Trace files, byte for byte, as the daemon leaves them on the disk. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Client } from "../support/client.js";
import { temporaryFolder } from "../support/daemon.js";
import { exchange, serveTraced } from "../support/traced-port.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

/** `2026/11/23 08:57:35 `. */
const STAMP = "\\d{4}/\\d\\d/\\d\\d \\d\\d:\\d\\d:\\d\\d ";
/** Lines as the daemon writes them, each after a time stamp. */
const stamped = (...lines: string[]) =>
  new RegExp(`^${lines.map(line => `${STAMP}${line.replace(/[()[\]|.*+?]/g, "\\$&")}\n`).join("")}$`);

t.test("tr, tw and tb: raw bytes of one direction, the other, and both", async t => {
  const served = await serveTraced(t, "tr=in tw=out tb=both");
  await exchange(t, served, "question\0\xff\r\n", "answer\x80\xff\n");
  t.equal(served.read("in"), "answer\x80\xff\n");
  t.equal(served.read("out"), "question\0\xff\r\n");
  t.equal(served.read("both"), "question\0\xff\r\nanswer\x80\xff\n");
  t.equal(statSync(join(served.folder, "in")).mode & 0o777, 0o600, "for the owner's eyes only");
  await exchange(t, served, "again", "more");
  t.equal(served.read("both"), "question\0\xff\r\nanswer\x80\xff\nagainmore", "appended by the next session");
});

t.test("hexdump: eight bytes a line, canonical", async t => {
  const served = await serveTraced(t, "tb=both hexdump");
  await exchange(t, served, "0123456789abcdefXYZ\r\n\0\xff", "12345678dev\x80\xffout");
  t.equal(
    served.read("both"),
    [
      "tcp  30 31 32 33 34 35 36 37  |01234567|",
      "tcp  38 39 61 62 63 64 65 66  |89abcdef|",
      "tcp  58 59 5a 0d 0a 00 ff     |XYZ....|",
      "term 31 32 33 34 35 36 37 38  |12345678|",
      "term 64 65 76 80 ff 6f 75 74  |dev..out|",
      "",
    ].join("\n"),
  );
});

t.test("hexdump with timestamp: the whole life of a session", async t => {
  const served = await serveTraced(t, "tb=both hexdump timestamp");
  const peer = await exchange(t, served, "01234567", "\n");
  t.match(
    served.read("both"),
    stamped(
      `OPEN (${peer})`,
      "tcp  30 31 32 33 34 35 36 37  |01234567|",
      "term 0a                       |.|",
      "CLOSE netcon (network read close)",
      "CLOSE port (All network connections free)",
    ),
  );
});

t.test("timestamp without hexdump: OPEN and CLOSE lines stand in the raw data", async t => {
  const served = await serveTraced(t, "tb=both timestamp");
  const peer = await exchange(t, served, "data\r", "more");
  const text = served.read("both").replace(new RegExp(STAMP, "g"), "<time> ");
  t.equal(
    text,
    `<time> OPEN (${peer})\ndata\rmore<time> CLOSE netcon (network read close)\n<time> CLOSE port (All network connections free)\n`,
  );
});

t.test("forms are chosen for each file, the order of the words counts", async t => {
  const served = await serveTraced(t, "tr=in tw=out tb=both hexdump -tr-hexdump tw-timestamp timestamp -tb-timestamp");
  const peer = await exchange(t, served, "ab", "cd");
  t.match(served.read("in"), new RegExp(`^${STAMP}OPEN .*\ncd${STAMP}CLOSE netcon .*\n${STAMP}CLOSE port .*\n$`));
  t.match(
    served.read("out"),
    stamped(
      `OPEN (${peer})`,
      "tcp  61 62                    |ab|",
      "CLOSE netcon (network read close)",
      "CLOSE port (All network connections free)",
    ),
  );
  t.equal(served.read("both"), "tcp  61 62                    |ab|\nterm 63 64                    |cd|\n");
});

t.test("roles that name one file share it, and the form of the first: tw, tr, tb", async t => {
  const served = await serveTraced(t, "tr=all tw=all tb=all tw-hexdump tb-timestamp", { traces: ["all"] });
  await exchange(t, served, "ab", "cd");
  const [ab, cd] = ["tcp  61 62                    |ab|\n", "term 63 64                    |cd|\n"];
  t.equal(served.read("all"), ab + ab + cd + cd, "each block once for each role");
});

t.test("several clients: an OPEN and a CLOSE for each; a port closed as a whole has one CLOSE", async t => {
  const served = await serveTraced(t, "tb=both hexdump timestamp max-connections=2");
  const clients = [await Client.connect(t, served.port), await Client.connect(t, served.port)];
  for (const [at, client] of clients.entries()) {
    client.send(`${at}`);
    await served.device.expect(`${at}`);
  }
  const peers = clients.map(client => `OPEN (127.0.0.1:${client.socket.localPort})`);
  await clients[0]?.close();
  const one = new RegExp(`127\\.0\\.0\\.1,${clients[0]?.socket.localPort}`);
  await until("one is gone", async () => !one.test(await served.daemon.ask("showport")));
  t.equal(await served.daemon.ask(`disconnect ${served.name}`), "");
  await served.untilFree();
  const lines = served.read("both").split("\n");
  t.same(
    lines.map(line => line.slice("2026/11/23 08:57:35 ".length)).sort(),
    [
      ...["", ...peers, "tcp  30                       |0|", "tcp  31                       |1|"],
      ...["CLOSE netcon (network read close)", "CLOSE port (disconnect)"],
    ].sort(),
  );
});

t.test("why it was closed: timeout, closeon, kicked, reset, the device, the end of the daemon", async t => {
  const before = ["CLOSEON:bye:bye"];
  const served = await serveTraced(t, "tb=both timestamp kickolduser bye", { before, timeoutSeconds: 1 });
  const session = async (text: string) => {
    const client = await Client.connect(t, served.port);
    client.send(text);
    await served.device.expect(text);
    return client;
  };
  await (await session("1")).untilEnd(); // idle too long
  await served.untilFree();
  const second = await session("2");
  served.device.send("bye");
  await second.untilEnd();
  await served.untilFree();
  await session("3");
  const fourth = await session("4");
  fourth.socket.resetAndDestroy();
  await served.untilFree();
  await session("5");
  await served.daemon.stop();
  const reasons = [...served.read("both").matchAll(/CLOSE (netcon|port) \((.*?)\)\n/gs)].map(([, what, why]) => [
    what,
    why,
  ]);
  const free = ["port", "All network connections free"];
  t.same(reasons, [
    ...[["netcon", "timeout"], free],
    ...[["netcon", "closeon sequence found"], free],
    ...[["netcon", "kicked off, new user is coming\r\n"], free],
    ...[["netcon", "network read error"], free],
    ["port", "program shutdown"],
  ]);
});

t.test("a device that is unplugged: one CLOSE for the port", async t => {
  const served = await serveTraced(t, "tb=both timestamp");
  const client = await Client.connect(t, served.port);
  client.send("x");
  await served.device.expect("x");
  served.device.close();
  await client.untilEnd();
  await served.untilFree();
  t.match(served.read("both"), /x.*CLOSE port \((closed port|dev read error)\)\n$/);
  t.notMatch(served.read("both"), "netcon");
});

t.test("what is not data of the session is not traced; telnet data is traced as the device has it", async t => {
  const before = ["BANNER:b:banner", "OPENSTR:o:<open>", "CLOSESTR:c:<close>"];
  const served = await serveTraced(t, "tb=both b o c", { before, state: "telnet" });
  const client = await Client.connect(t, served.port);
  client.send("a\xff\xff\xff\xf1\xff\xfb\x18b");
  await served.device.expect("a\xffb");
  served.device.send("c\xffd");
  await client.expect("c\xff\xffd");
  await client.close();
  await served.untilFree();
  t.equal(served.read("both"), "a\xffbc\xffd");
});

t.test("UDP sessions are traced like others", async t => {
  const served = await serveTraced(t, "tb=both hexdump timestamp", { prefix: "udp," });
  const peer = await UdpPeer.open(t, served.port);
  peer.send("hi");
  await served.device.expect("hi");
  await served.daemon.ask(`disconnect ${served.name}`);
  await served.untilFree();
  const open = `OPEN (${peer.name.replace(",", ":")})`;
  t.match(served.read("both"), stamped(open, "tcp  68 69                    |hi|", "CLOSE port (disconnect)"));
});

t.test("file names are expanded when the port opens; both files have one time", async t => {
  const folder = temporaryFolder(t);
  const names = [
    "TRACEFILE:a:FOLDER/\\p-\\d-\\Y\\m\\D-\\H\\i\\S-\\U.in",
    "TRACEFILE:b:FOLDER/\\p-\\d-\\Y\\m\\D-\\H\\i\\s-\\U.out",
  ];
  const before = names.map(line => line.replace("FOLDER", folder));
  const served = await serveTraced(t, "tr=a tw=b", { before, traces: [] });
  await exchange(t, served, "out", "in");
  const [first = "", second = "", ...others] = readdirSync(folder).sort();
  t.same(others, []);
  const device = served.device.path.split("/").pop();
  t.match(first, new RegExp(`^127\\.0\\.0\\.1,${served.port}-${device}-\\d{5,8}-\\d{6}-\\d{6}\\.in$`));
  t.equal(second, first.replace(/\.in$/, ".out"));
  t.equal(readFileSync(join(folder, first), "latin1"), "in");
  await exchange(t, served, "out", "in");
  t.equal(readdirSync(folder).length, 4, "the next session has files of its own");
});
