import t from "tap";
import { ControlServer } from "../../service/control/server.js";
import { systemClock } from "../../service/line/clock.js";
import { createLog } from "../../service/log/levels.js";
import { ask, createFakeControl, GREETING, NO_DAEMON, NO_DRAIN } from "../support/fake-control.js";
import { createFakeLink } from "../support/fake-link.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";

t.test("a session is greeted with WILL SGA, WILL ECHO, DONT ECHO and the prompt", async t => {
  const link = createFakeLink();
  createFakeControl().server.accept(link);
  t.equal(link.take(), "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01-> ");
});

t.test("several lines in one packet are answered in order", async t => {
  const link = createFakeControl().connect();
  link.send("version\rversion\r\nbogus\r\0\r");
  t.equal(
    link.take(),
    "version\r\nser2net version 3.5.4\r\n-> version\r\nser2net version 3.5.4\r\n-> " +
      "bogus\r\nUnknown command: bogus\r\n-> \r\n-> ",
  );
});

t.test("half a line is echoed and waits for the rest", async t => {
  const link = createFakeControl().connect();
  link.send("vers");
  t.equal(link.take(), "vers");
  link.send("ion\r");
  t.equal(link.take(), "ion\r\nser2net version 3.5.4\r\n-> ");
});

t.test("a line that is too long is told without a prompt", async t => {
  const link = createFakeControl().connect();
  link.send("b".repeat(255));
  t.equal(link.take(), "b".repeat(255));
  link.send("C\r");
  t.equal(link.take(), "Input line too long\r\nC\r\nUnknown command: C\r\n-> ");
  const longest = "a".repeat(254);
  t.equal(ask(link, longest), `Unknown command: ${longest}\r\n`);
});

t.test("exit and quit close without another byte", async t => {
  for (const word of ["exit", "quit", "  exit now"]) {
    const control = createFakeControl();
    const link = control.connect();
    link.send(`${word}\rversion\r`);
    t.equal(link.take(), "", word);
    t.equal(link.closed, true, word);
  }
});

t.test("what was asked before exit is answered in full", async t => {
  const ports = Array.from({ length: 50 }, (_, at) => createFakeManagedPort({ name: `${7000 + at}` }));
  const control = createFakeControl(ports);
  const link = control.connect();
  link.room = 10;
  link.send("showport\rexit\r");
  link.settle();
  link.room = Number.POSITIVE_INFINITY;
  const answer = link.take();
  t.equal(answer.match(/TCP Port/g)?.length, 50);
  t.match(answer, /bytes written to device: 0\r\n-> $/);
  t.equal(link.closed, true);
});

t.test("a peer that has sent its last byte is answered before the session ends", async t => {
  const link = createFakeControl().connect();
  link.send("version\rver");
  link.finish();
  t.equal(link.take(), "version\r\nser2net version 3.5.4\r\n-> ver");
  t.equal(link.closed, true);
});

t.test("telnet options are answered, hidden from the line, and their acknowledgements are not answered", async t => {
  const control = createFakeControl();
  for (const session of ["first", "second"]) {
    const link = control.connect();
    for (const [sent, reply] of [
      ["\xff\xfd\x03", ""], // DO SGA, DO ECHO: yes to our offers
      ["\xff\xfd\x01", ""],
      ["\xff\xfc\x01", ""], // WONT ECHO
      ["\xff\xfb\x03", "\xff\xfd\x03"], // WILL SGA
      ["\xff\xfb\x03", ""],
      ["\xff\xfd\x00", "\xff\xfb\x00"], // DO BINARY
      ["\xff\xfd\x00", ""],
      ["\xff\xfb\x18", "\xff\xfe\x18"], // WILL TTYPE
      ["\xff\xfd\x1f", "\xff\xfc\x1f"], // DO NAWS
      ["\xff\xfb\x2c", "\xff\xfe\x2c"], // no COM-PORT-OPTION here
      ["\xff\xfc\x18", ""],
      ["\xff\xf1\xff\xf6", ""], // NOP, AYT
      ["\xff\xfa\x18\x00xterm\xff\xf0", ""],
    ] as const) {
      link.send(sent);
      t.equal(link.take(), reply, `${session} session, ${Buffer.from(sent, "latin1").toString("hex")}`);
    }
    link.send("ver\xff\xf1si\xff\xfbcon\r");
    // Telnet is answered for all that was read at once, then the text.
    t.equal(link.take(), "\xff\xfecversion\r\nser2net version 3.5.4\r\n-> ");
    link.send("\xff\xffx\r");
    t.equal(link.take(), "\xffx\r\nUnknown command: \xff\xffx\r\n-> ", "an answer is telnet, the echo is as in 3.5.4");
  }
});

t.test("input cut at every position comes to the same", async t => {
  // Without options that want an answer: its place among the text depends on what is read at once.
  const input =
    "versiom\x08n\r\n\xff\xfe\x1fset\xff\xfa\x18\xff\xf0porttimeout 7000 5\r\0showport 7000\rmonitor tcp\xff\xfc\x1f 7000\r" +
    `bogus \xff\xff\r${"x".repeat(256)}\rshowshortport\rdisconnect 7000\r`;
  const play = (pieces: readonly string[]): string => {
    const link = createFakeControl().connect();
    let received = "";
    for (const piece of pieces) {
      link.send(piece);
      received += link.take();
    }
    return received;
  };
  const whole = play([input]);
  t.match(whole, "Unknown command: bogus\r\n-> ");
  t.equal(play([...input]), whole, "byte by byte");
  for (let cut = 1; cut < input.length; cut++) {
    if (play([input.slice(0, cut), input.slice(cut)]) !== whole) t.fail(`differs when cut at ${cut}`);
  }
});

t.test("while output waits no input is read, and nothing is lost", async t => {
  const link = createFakeControl().connect();
  const lines = 200;
  link.room = 5;
  link.send("version\r".repeat(lines));
  link.settle();
  t.ok(link.unread >= 8 * lines - 256, "of what came, one chunk was read");
  const before = link.unread;
  link.room = 5;
  link.settle();
  t.equal(link.unread, before);
  link.room = Number.POSITIVE_INFINITY;
  link.settle();
  t.equal(link.received, GREETING + "version\r\nser2net version 3.5.4\r\n-> ".repeat(lines));
});

t.test("a command is carried out only when the answer before it is out", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  link.room = 3;
  link.send("help\rsetporttimeout 7000 1\r");
  link.settle();
  t.same(port.calls, []);
  link.room = Number.POSITIVE_INFINITY;
  link.settle();
  t.same(port.calls, ["setTimeoutSeconds 1"]);
});

t.test("a long listing is made as it is sent, some of it in each turn", async t => {
  let asked = 0;
  const ports = Array.from({ length: 256 }, (_, at) => {
    const port = createFakeManagedPort({ name: `${7000 + at}` });
    const status = port.status;
    port.status = () => {
      asked++;
      return status();
    };
    return port;
  });
  const link = createFakeControl(ports).connect();
  link.room = 100;
  link.send("showport\r");
  link.settle();
  t.ok(asked <= 5, `${asked} ports asked for 100 bytes`);

  link.room = Number.POSITIVE_INFINITY;
  const rounds = link.settle();
  t.ok(rounds > 10, "the data ports have their turn in between");
  t.equal(link.received.match(/TCP Port/g)?.length, 256);
  t.equal(asked, 256);
});

t.test("a port of many places is shown in pieces too", async t => {
  const slots = Array.from({ length: 65535 }, () => null);
  const port = createFakeManagedPort({ slots, toDevice: "waiting input", toNet: "waiting input" });
  const link = createFakeControl([port]).connect();
  link.send("showport 7000\r");
  t.ok(link.settle() > 100);
  t.equal(link.received.match(/ {2}unconnected/g)?.length, 65535);
});

t.test("a reload in the middle of a listing does not disturb it", async t => {
  const ports = Array.from({ length: 64 }, (_, at) => createFakeManagedPort({ name: `${7000 + at}` }));
  const link = createFakeControl(ports).connect();
  link.room = 50;
  link.send("showshortport\r");
  link.settle();
  ports.length = 0;
  link.room = Number.POSITIVE_INFINITY;
  t.equal(link.take().match(/ raw /g)?.length, 64);
});

t.test("errors of the connection are logged and end the session", async t => {
  const control = createFakeControl();
  const reader = control.connect();
  reader.breakWith("read", "reset");
  reader.settle();
  t.equal(reader.closed, true);
  const writer = control.connect();
  writer.breakWith("write", "other");
  writer.send("x");
  writer.settle();
  t.equal(writer.closed, true);
  t.same(control.logged, [
    "error read error for controller port: reset here",
    "error The tcp write for controller had error: other here",
  ]);
});

t.test("a peer that is gone is not an error", async t => {
  const control = createFakeControl();
  const link = control.connect();
  link.breakWith("write", "pipe");
  link.send("version\r");
  link.settle();
  t.equal(link.closed, true);
  t.same(control.logged, []);
});

t.test("a peer that leaves while output waits ends the session when the link says so", async t => {
  const control = createFakeControl();
  const link = control.connect();
  link.room = 0;
  link.send("help\r");
  link.settle();
  t.equal(link.closed, false);
  link.breakWith("write", "reset");
  link.settle();
  t.equal(link.closed, true);
});

t.test("a long listing pauses after each few kilobytes, and a session that ends does not go on", async t => {
  const ports = Array.from({ length: 64 }, (_, at) => createFakeManagedPort({ name: `${7000 + at}` }));
  const paused: (() => void)[] = [];
  const log = createLog((_, text) => void t.fail(text));
  const after = (_: number, run: () => void) => {
    paused.push(run);
    return () => void paused.pop();
  };
  const clock = { ...systemClock, after };
  const server = new ControlServer({
    profile: () => null,
    ports: { list: () => ports, find: () => null },
    version: "",
    drain: NO_DRAIN,
    daemon: NO_DAEMON,
    log,
    clock,
  });
  const link = createFakeLink();
  server.accept(link);
  link.take();
  link.send("showport\r");
  for (let pieces = 0; pieces < 3; pieces++) {
    const { length } = link.take();
    t.ok(length >= 1024 && length < 4096, `${length} bytes`);
    paused.shift()?.();
  }
  link.take();
  t.equal(paused.length, 1);
  server.close();
  t.equal(paused.length, 0);
});
