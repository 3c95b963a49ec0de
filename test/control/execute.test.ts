import { readFileSync } from "node:fs";
import t from "tap";
import { ask, createFakeControl } from "../support/fake-control.js";
import { busyStatus, connectionStatus, createFakeManagedPort, idleStatus } from "../support/fake-managed-port.js";

t.test("help, version and an unknown command", async t => {
  const link = createFakeControl().connect();
  const help = readFileSync("test/reference/control-port-help.txt", "latin1").replaceAll("\n", "\r\n");
  const shown = ask(link, "help");
  t.equal(shown.slice(0, help.length), help);
  t.match(shown.slice(help.length), /^attach <port> .*\r\nwho \[<port>\] .*\r\nports \[json\] /s, "our own follow");
  t.equal(ask(link, "help extra"), shown);
  t.equal(ask(link, "version"), "ser2net version 3.5.4\r\n");
  t.equal(ask(link, "HELP"), "Unknown command: HELP\r\n");
  for (const name of ["bogus", "frobnicate", "constructor"])
    t.equal(ask(link, `${name} arg`), `Unknown command: ${name}\r\n`);
  t.equal(ask(link, ""), "");
  t.equal(ask(link, " \t "), "");
});

t.test("a missing argument is named before anything is looked up", async t => {
  const link = createFakeControl([]).connect();
  t.equal(ask(link, "monitor"), "No monitor type given\r\n");
  t.equal(ask(link, "monitor tcp"), "No tcp port given\r\n");
  t.equal(ask(link, "monitor bogus"), "No tcp port given\r\n");
  t.equal(ask(link, "setporttimeout 1"), "No timeout given\r\n");
  t.equal(ask(link, "setportconfig 1"), "No device config\r\n");
});

/** Each with a wrong rest, so that the answer shows whether the port was found. */
const WITH_PORT: readonly (readonly [command: (name: string) => string, found: (name: string) => string | RegExp])[] = [
  [name => `showport ${name}`, () => /^TCP Port localhost,7003\r\n/],
  [name => `showshortport ${name}`, () => /^Port name .* State\r\nlocalhost,7003 /],
  [name => `disconnect ${name}`, name => `Port not connected: ${name}\r\n`],
  [name => `setporttimeout ${name} x`, () => "Invalid timeout: x\r\n"],
  [name => `setportenable ${name} x`, () => "Invalid enable: x\r\n"],
  [name => `setportconfig ${name} x`, () => ""],
  [name => `setportcontrol ${name} x`, name => `Port is not currently connected: ${name}\r\n`],
  [name => `monitor x ${name}`, () => "invalid monitor type: x\r\n"],
];

t.test("ports are found by their whole text, else by what only one of them is called", async t => {
  const port = createFakeManagedPort({
    ...{ name: "localhost,7003", devicePath: "/dev/ttyA", deviceWritten: "console" },
    networkPort: { ...idleStatus().networkPort, port: 7003 }, // by which the commands of our own find it
  });
  const others = ["7009", "localhost,7009"].map(name => createFakeManagedPort({ name, devicePath: "/dev/ttyB" }));
  const link = createFakeControl([port, ...others]).connect();
  for (const [command, found] of WITH_PORT) {
    for (const name of ["localhost", "localhost,7003,", "LOCALHOST,7003", "7003", "ttyX"])
      t.match(ask(link, command(name)), new RegExp(`(?:^|State\r\n)Invalid port number: ${name}\r\n$`), command(name));
    for (const name of ["localhost,7003", "/dev/ttyA", "console"])
      t.match(ask(link, command(name)), found(name), command(name));
    t.match(ask(link, command("/dev/ttyB")), "/dev/ttyB may be:\r\n  7009\r\n  localhost,7009\r\n");
  }
  t.match(ask(link, "break 7003"), "Port is not currently connected: localhost,7003\r\n");
  t.match(ask(link, "showport 7009"), /^TCP Port 7009\r\n/, "the network port counts before all else");
});

t.test("showport and showshortport list all ports in their order", async t => {
  const ports = ["7001", "udp,7000", "ipv4,127.0.0.1,7007"].map(name => createFakeManagedPort({ name }));
  const link = createFakeControl(ports).connect();
  t.same(ask(link, "showport").match(/TCP Port .*(?=\r)/g), [
    "TCP Port 7001",
    "TCP Port udp,7000",
    "TCP Port ipv4,127.0.0.1,7007",
  ]);
  t.same(ask(link, "showshortport").match(/^\S+/gm), ["Port", "7001", "udp,7000", "ipv4,127.0.0.1,7007"]);
  const nothing = createFakeControl([]).connect();
  t.equal(ask(nothing, "showport"), "");
  t.match(ask(nothing, "showshortport"), /^Port name .* State\r\n$/);
});

t.test("disconnect ends the connections of a port, and says so where there are none", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  t.equal(ask(link, "disconnect 7000"), "Port not connected: 7000\r\n");
  port.known = busyStatus();
  t.equal(ask(link, "disconnect 7000"), "");
  t.same(port.calls, ["disconnect", "disconnect"]);
});

t.test("setporttimeout takes what fits 32 bits", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  t.equal(ask(link, "setporttimeout 7000 5 junk"), "");
  t.equal(ask(link, "setporttimeout 7000 4294967295"), "");
  for (const bad of ["abc", "-1", "4294967296", "99999999999"]) {
    t.equal(ask(link, `setporttimeout 7000 ${bad}`), `Invalid timeout: ${bad}\r\n`);
  }
  t.same(port.calls, ["setTimeoutSeconds 5", "setTimeoutSeconds 4294967295"]);
});

t.test("setportenable sets each state, and passes a refusal on", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  for (const state of ["off", "raw", "rawlp", "telnet"]) t.equal(ask(link, `setportenable 7000 ${state}`), "");
  t.equal(ask(link, "setportenable 7000 maybe"), "Invalid enable: maybe\r\n");
  t.same(port.calls, ["setState off", "setState raw", "setState rawlp", "setState telnet"]);
  port.refusal = "Unable to create network socket(s)";
  t.equal(ask(link, "setportenable 7000 raw"), "Unable to create network socket(s)\r\n");
});

t.test("setportconfig hands the rest of the line over, and passes a refusal on", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  t.equal(ask(link, "setportconfig 7000  2400 ODD"), "");
  t.same(port.calls, ["setConfig 2400 ODD"]);
  port.refusal = "Unknown config item: x";
  t.equal(ask(link, "setportconfig 7000 x"), "Unknown config item: x\r\n");
  port.refusal = "Invalid number for chardelay-min=: abc";
  t.equal(ask(link, "setportconfig 7000 chardelay-min=abc"), "Invalid number for chardelay-min=: abc\n\r\n");
});

t.test("setportcontrol drives the lines of an open device, in order", async t => {
  const port = createFakeManagedPort();
  const link = createFakeControl([port]).connect();
  t.equal(ask(link, "setportcontrol 7000 RTSHI"), "Port is not currently connected: 7000\r\n");
  t.equal(ask(link, "setportcontrol 7000 BOGUS"), "Port is not currently connected: 7000\r\n");
  port.known = busyStatus();
  t.equal(ask(link, "setportcontrol 7000 DTRLO DTRHI RTSLO"), "");
  t.equal(ask(link, "setportcontrol 7000 RTSHI BOGUS DTRLO"), "Invalid device controls\r\n");
  t.same(port.calls, ['drive {"dtr":false}', 'drive {"dtr":true}', 'drive {"rts":false}']);
  port.known = busyStatus({ control: null });
  t.equal(ask(link, "setportcontrol 7000 RTSHI"), "Port is not currently connected: 7000\r\n", "the device went away");
});

t.test("a port about to be deleted may be seen, timed, monitored and disconnected, but no longer set", async t => {
  const port = createFakeManagedPort(busyStatus({ pending: "delete", slots: [connectionStatus()] }));
  const link = createFakeControl([port]).connect();
  for (const line of ["setportconfig 7000 9600", "setportcontrol 7000 RTSHI", "setportenable 7000 maybe"]) {
    t.equal(ask(link, line), "Invalid port number: 7000\r\n", line);
  }
  t.match(ask(link, "showport 7000"), /Port will be deleted when current session closes\.\r\n$/);
  t.match(ask(link, "showshortport 7000"), / DEL /);
  t.equal(ask(link, "setporttimeout 7000 1"), "");
  t.equal(ask(link, "monitor tcp 7000"), "");
  t.equal(ask(link, "disconnect 7000"), "");
  t.same(port.calls, ["setTimeoutSeconds 1", "disconnect"]);
});
