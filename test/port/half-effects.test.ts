/** A request of an operator is carried out whole or not at all: every command and D-Bus member, with one wrong part among right ones. */
import t from "tap";
import { HELP } from "../../service/control/format.js";
import { isMonitored } from "../../service/control/monitor.js";
import { ControlServer } from "../../service/control/server.js";
import { CONNECTION } from "../../service/dbus/connection-interface.js";
import { DAEMON } from "../../service/dbus/daemon-interface.js";
import { BusError } from "../../service/dbus/errors.js";
import { bindInterface } from "../../service/dbus/interface.js";
import { PORT } from "../../service/dbus/port-interface.js";
import { PROPERTIES } from "../../service/dbus/standard-interfaces.js";
import { FakeClock } from "../support/fake-clock.js";
import { ask, NO_DAEMON, NO_DRAIN } from "../support/fake-control.js";
import { World } from "../support/fake-environment.js";
import { createFakeLink } from "../support/fake-link.js";
import { connectionStatus } from "../support/fake-managed-port.js";

const LINE = "7000:telnet:60:/dev/ttyA:9600 remctl max-connections=2";
const GOOD_WORDS = "300 EVEN 7DATABITS -remctl kickolduser NOBREAK chardelay-min=9 remaddr=127.0.0.1,0 hexdump";
const BAD_WORDS = [
  ...["nosuch", "remctll", "115200n81", "9600,EVEN", "49", "16000001"],
  ...["max-connections=5", "dev-to-net-bufsize=5", "chardelay-max=0", "hold=x", "remaddr=bad,x", "remaddr=1;bad,x"],
  ...["tr=nosuch", "led-rx=nosuch", "rs485=nosuch", "telnet-enter=x", "dtr=x", "rts=0", "hold=3601"],
];

/** The wrong word first, in the middle and last. */
function around(good: string, wrong: readonly string[]): string[] {
  const words = good.split(" ");
  const middle = words.length >> 1;
  return wrong.flatMap(word =>
    [0, middle, words.length].map(at => [...words.slice(0, at), word, ...words.slice(at)].join(" ")),
  );
}

/** Lists for SetLine and `setportconfig` with one wrong word, both of the form that keeps the other settings and of the plain one. */
function wordLists(): string[] {
  return around(GOOD_WORDS, BAD_WORDS).flatMap(words => [words, `+${words}`]);
}

interface Members<Call> {
  /** Does something: so that its absence is seen. Null: it never changes anything. */
  readonly good: Call | null;
  readonly bad: readonly Call[];
}

const COMMANDS: Readonly<Record<string, Members<string>>> = {
  exit: { good: null, bad: [] },
  help: { good: null, bad: [] },
  version: { good: null, bad: ["version 7000"] },
  showport: { good: null, bad: ["showport 7009"] },
  showshortport: { good: null, bad: ["showshortport 7009"] },
  monitor: { good: "monitor tcp 7000", bad: ["monitor tcp", "monitor both 7000", "monitor tcp 7009"] },
  disconnect: { good: "disconnect 7000", bad: ["disconnect", "disconnect 7009"] },
  setporttimeout: {
    good: "setporttimeout 7000 5",
    bad: ["7009 5", "7000", "7000 5x", "7000 -5", "7000 4294967296"].map(rest => `setporttimeout ${rest}`),
  },
  setportenable: {
    good: "setportenable 7000 off",
    bad: ["7009 off", "7000", "7000 offf", "7000 0"].map(rest => `setportenable ${rest}`),
  },
  setportconfig: {
    good: `setportconfig 7000 ${GOOD_WORDS}`,
    bad: ["7009 300", "7000", ...wordLists().map(words => `7000 ${words}`)].map(rest => `setportconfig ${rest}`),
  },
  setportcontrol: {
    good: "setportcontrol 7000 DTRLO RTSLO",
    bad: ["7009 DTRLO", "7000", ...around("DTRLO RTSLO", ["DTR", "rtshi"]).map(words => `7000 ${words}`)].map(
      rest => `setportcontrol ${rest}`,
    ),
  },
};

const METHODS: Readonly<Record<string, Members<readonly unknown[]>>> = {
  Reload: { good: [], bad: [] },
  Drain: { good: [], bad: [] },
  Undrain: { good: [], bad: [] },
  Check: { good: null, bad: [["nonsense"], [`${LINE}\nnonsense`], [""]] },
  GetPort: { good: null, bad: [["7009"], [""]] },
  Disconnect: { good: [], bad: [] },
  SetEnabled: { good: ["off"], bad: [["offf"], [""]] },
  SetLine: { good: [GOOD_WORDS], bad: wordLists().map(words => [words]) },
  SetControl: {
    good: [{ DTR: false, RTS: false }],
    bad: [[{}], [{ DTR: false, RTS: false, CTS: false }], [{ CTS: true, DTR: false }], [{ DTR: false, rts: false }]],
  },
  SendBreak: { good: [], bad: [] },
  Pulse: { good: null, bad: [["no-such-pulse"], [""]] },
  TakeOver: { good: null, bad: [[99]] },
  Say: { good: null, bad: [[""], ["\n"], ["x".repeat(256)]] },
  SetTimeout: { good: [5], bad: [] }, // any number of its type is right
  Identify: { good: [5], bad: [[0], [3601]] },
};

/** A port in use. `changed` tells whether anything is other than at the start, also what the next opening will have. */
async function serve() {
  const world = new World();
  const opened: string[] = [];
  world.open = config => {
    opened.push(JSON.stringify(config));
    return world.makeDevice(config);
  };
  const port = world.port(LINE);
  const link = await world.call("7000");
  const calls: string[] = [];
  const look = () => JSON.stringify([port.status(), world.device.line?.calls, isMonitored(port), link.closed, calls]);
  const before = look();
  const changed = async (): Promise<boolean> => {
    await world.settle();
    if (look() !== before) return true;
    link.finish();
    await world.settle();
    await world.call("7000");
    return opened.length !== 2 || opened[0] !== opened[1];
  };
  return { world, port, calls, changed };
}

/** The answer of the control port. */
async function command(line: string) {
  const { world, changed } = await serve();
  const operator = createFakeLink();
  const log = world.environment.log;
  new ControlServer({
    profile: () => null,
    ports: world.ports,
    version: "1",
    drain: NO_DRAIN,
    daemon: NO_DAEMON,
    log,
    clock: new FakeClock(),
  }).accept(operator);
  operator.take();
  return { answer: ask(operator, line), changed };
}

/** The error of a D-Bus call, or null. */
async function call(name: string, args: readonly unknown[]) {
  const { world, port, calls, changed } = await serve();
  const note = (what: string) => {
    calls.push(what);
    return [];
  };
  const drain = { ...NO_DRAIN, begin: () => void calls.push("drain"), end: () => void calls.push("undrain") };
  const daemon = { version: "1", board: null, uptimeSeconds: () => 1, reload: () => note("reload"), check: () => [] };
  const identify = () => note("identify").length === 0;
  const bound = [
    bindInterface(DAEMON, { daemon, drain, ports: world.ports }),
    bindInterface(PORT, { port, status: port.status(), label: null, identify }),
  ].find(({ shape }) => shape.methods.some(one => one.name === name));
  const method = bound?.shape.methods.find(one => one.name === name);
  if (bound === undefined || method === undefined) throw new Error(`no method ${name}`);
  try {
    bound.call(method, args);
    return { error: null, changed };
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return { error: error.message, changed };
  }
}

t.test("a control command with a wrong part changes nothing", async t => {
  t.same(Object.keys(COMMANDS).sort(), [...new Set(HELP.flatMap(line => /^\w+/.exec(line) ?? []))].sort());
  for (const [name, { good, bad }] of Object.entries(COMMANDS)) {
    if (good !== null) t.ok(await (await command(good)).changed(), good);
    for (const line of bad) {
      const { answer, changed } = await command(line);
      t.notOk(await changed(), line);
      t.not(answer, "", `${line}: ${name} says why`);
    }
  }
});

t.test("a D-Bus method with a wrong part changes nothing", async t => {
  t.same(
    Object.keys(METHODS).sort(),
    [...DAEMON.methods, ...PORT.methods, ...CONNECTION.methods].map(({ name }) => name).sort(),
  );
  for (const [name, { good, bad }] of Object.entries(METHODS)) {
    if (good !== null) t.ok(await (await call(name, good)).changed(), name);
    for (const args of bad) {
      const { error, changed } = await call(name, args);
      const what = `${name} ${JSON.stringify(args)}`;
      t.notOk(await changed(), what);
      if (name !== "Check") t.type(error, "string", `${what} is refused`);
    }
  }
});

t.test("no D-Bus property can be set", async t => {
  const { world, port, changed } = await serve();
  const daemon = { version: "1", board: null, uptimeSeconds: () => 1, reload: () => [], check: () => [] };
  const own = [
    bindInterface(DAEMON, { daemon, drain: NO_DRAIN, ports: world.ports }),
    bindInterface(PORT, { port, status: port.status(), label: null, identify: () => false }),
    bindInterface(CONNECTION, { connection: connectionStatus(), portName: "7000" }),
  ];
  const set = PROPERTIES.methods.find(({ name }) => name === "Set");
  const object = { path: "/", own, children: () => [] };
  for (const { shape, value } of own) {
    for (const { name } of shape.properties) {
      t.throws(() => set?.call(object, [shape.name, name, value(name)]), { message: /read-only/ }, name);
    }
  }
  t.notOk(await changed());
});
