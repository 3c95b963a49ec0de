/** Whatever operators send, the control port neither falls over nor grows. */
import t from "tap";
import { createFakeControl } from "../support/fake-control.js";
import { busyStatus, createFakeManagedPort } from "../support/fake-managed-port.js";
import { randomIntegers } from "../support/random.js";

const SEED = 20_250_611;
const ROUNDS = 300;
const FRAGMENTS = [
  ...["help", "version", "showport", "showshortport", "monitor", "tcp", "term", "stop", "disconnect", "setporttimeout"],
  ...["setportconfig", "setportcontrol", "setportenable", "off", "telnet", "DTRHI", "RTSLO", "9600", "99999999999"],
  ...[
    "7000",
    "7001",
    "udp,7002",
    "x".repeat(300),
    " ",
    " ",
    "\t",
    "\r",
    "\r",
    "\r\n",
    "\r\0",
    "\n",
    "\0",
    "\x08",
    "\x7f",
  ],
  ...[
    "\xff",
    "\xff\xff",
    "\xff\xfb",
    "\xff\xfd\x03",
    "\xff\xfe\x00",
    "\xff\xfa",
    "\xff\xf0",
    "\xff\xfa\x2c\x01\xff\xf0",
  ],
];
/** The bytes of one read. */
const CHUNK = 256;

t.comment(`seed ${SEED}`);

t.test("random input leaves a session that works, and comes to the same however it is cut", async t => {
  const random = randomIntegers(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const input = randomInput(random);
    const whole = play([input]);
    const pieces: string[] = [];
    for (let at = 0; at < input.length; ) {
      const length = 1 + random(40);
      pieces.push(input.slice(at, at + length));
      at += length;
    }
    // Only where the telnet answers stand among the text depends on what was read at once.
    if (sorted(play(pieces)) !== sorted(whole)) t.fail(`round ${round}: differs when cut`);
  }
  t.pass();

  function play(pieces: readonly string[]): string {
    const { connect } = createFakeControl(examplePorts());
    const link = connect();
    for (const piece of pieces) {
      link.send(piece);
      link.settle();
    }
    const received = link.received;
    link.take();
    link.send("\xff\xf0\xff\xf0\r"); // ends whatever was open
    link.take();
    link.send("version\r");
    if (link.take() !== "version\r\nser2net version 3.5.4\r\n-> ") t.fail("no longer answers");
    return received;
  }
});

t.test("random input with a peer that takes little holds back what it cannot answer", async t => {
  const random = randomIntegers(SEED + 1);
  for (let round = 0; round < ROUNDS; round++) {
    const ports = examplePorts();
    const { connect } = createFakeControl(ports);
    const [link, other] = [connect(), connect()];
    link.room = 0;
    for (let step = 0; step < 10; step++) {
      // No suboption: reading all of one takes no room.
      link.send(`${randomInput(random).replaceAll("\xfa", "")}\rhelp\r`);
      other.send(randomInput(random));
      const unread = link.unread;
      link.room = random(2) === 0 ? 0 : random(100);
      const room = link.room;
      const sent = link.received.length;
      link.settle();
      other.settle();
      for (const port of ports) port.pass(random(2) === 0 ? "tcp" : "term", randomInput(random));
      if (room === 0 && link.received.length !== sent) t.fail("sent more than there was room for");
      if (room === 0 && unread - link.unread > CHUNK) t.fail("reads on while its output waits");
    }
    link.room = Number.POSITIVE_INFINITY;
    link.settle();
    if (link.unread > 0) t.fail("left input behind");
  }
  t.pass();
});

t.test("sessions that come and go at random leave nothing behind", async t => {
  const random = randomIntegers(SEED + 2);
  const ports = examplePorts();
  const { server, connect } = createFakeControl(ports);
  for (let round = 0; round < ROUNDS; round++) {
    const links = Array.from({ length: 4 }, () => connect());
    for (const link of links) {
      link.send(randomInput(random));
      link.room = random(3) === 0 ? random(500) : Number.POSITIVE_INFINITY;
      link.settle();
      for (const port of ports) port.pass("tcp", "passing by");
      if (random(2) === 0) link.finish();
      else link.breakWith(random(2) === 0 ? "read" : "write", "pipe");
      link.room = Number.POSITIVE_INFINITY;
      link.settle();
      link.send("\r");
      link.settle();
      for (const port of ports) port.pass("term", "x");
    }
    server.close();
    t.equal(ports.filter(port => port.monitored !== null).length, 0);
  }
});

function examplePorts() {
  return [
    createFakeManagedPort(busyStatus({ name: "7000" })),
    createFakeManagedPort({ name: "7001", state: "off" }),
    createFakeManagedPort(busyStatus({ name: "udp,7002", pending: "delete" })),
  ];
}

function randomInput(random: (below: number) => number): string {
  let input = "";
  for (let count = random(60); count > 0; count--) {
    input +=
      random(4) === 0
        ? String.fromCharCode(random(256), random(256))
        : `${FRAGMENTS[random(FRAGMENTS.length)]}${random(2) === 0 ? " " : ""}`;
  }
  return input;
}

function sorted(text: string): string {
  return [...text].sort().join("");
}
