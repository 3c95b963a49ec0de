import t from "tap";
import { amount, duration, portTable, readPortRows } from "../../service/client/port-rows.js";

const plain = (_: string, text: string) => text;
const row = (more: object) =>
  JSON.stringify({
    port: "2001",
    label: "",
    device: "/dev/ttyS0",
    line: "9600N81",
    state: "telnet",
    condition: "idle",
    ...more,
  });

t.test("objects are rows, other lines and wrong types are passed over", async t => {
  const rows = readPortRows([
    row({}),
    "a notice",
    "{broken",
    "[1]",
    "{}",
    row({ port: 1 }),
    row({ connections: "x", idle: "y" }),
  ]);
  t.equal(rows.length, 2);
  t.match(rows[1], { port: "2001", connections: [], idle: null, bytesIn: 0 });
});

t.test("the table has a column as wide as its longest cell, and no control characters", async t => {
  const connections = [
    { peer: "192.0.2.1,40000", user: "", writer: true },
    { peer: "local", user: "ann", writer: false },
  ];
  const rows = readPortRows([
    row({ label: "console\u001b[2J", condition: "connected", connections, idle: 65, bytesIn: 2048 }),
    row({}),
  ]);
  const shown = rows.map(one => ({ instance: "a", row: one }));
  t.same(portTable(shown, plain), [
    "PORT  LABEL        DEVICE      LINE     STATE      WHO                              IDLE  IN    OUT",
    "2001  console?[2J  /dev/ttyS0  9600N81  connected  192.0.2.1,40000, ann (watching)  1m    2.0K  0",
    "2001  -            /dev/ttyS0  9600N81  idle       -                                -     0     0",
  ]);
  t.ok(portTable(shown, plain, 20).every(line => line.length <= 20));
  const several = rows.map((one, at) => ({ instance: `board-${at}`, row: one }));
  t.match(portTable(several, plain), [/^INSTANCE {2}PORT/, /^board-0 {3}2001/, /^board-1 {3}2001/]);
});

t.test("times and amounts are short", async t => {
  t.same([0, 59.9, 60, 3599, 3600, 86_399, 90_000].map(duration), [
    "0s",
    "59s",
    "1m",
    "59m",
    "1h00m",
    "23h59m",
    "1d01h",
  ]);
  t.same([0, 999, 1000, 1536, 20_480, 5e12].map(amount), ["0", "999", "1.0K", "1.5K", "20K", "4.5T"]);
});
