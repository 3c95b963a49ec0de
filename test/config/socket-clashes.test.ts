import t from "tap";
import { readConfiguration } from "../../service/config/resolve.js";
import { socketClashes } from "../../service/config/socket-clashes.js";
import { environment, messages, readLines, serviceLookup } from "./read.js";

/** Whether two port lines with these network ports need one socket; all of the pair, in both orders. */
function clashes(one: string, other: string): boolean {
  const found = [
    [one, other],
    [other, one],
  ].map(names => {
    const configuration = readLines(...names.map(name => `${name}:raw:0:/dev/a`));
    return socketClashes(configuration, null, serviceLookup).length;
  });
  if (found[0] !== found[1]) throw new Error(`${one} and ${other}: ${found.join(", ")}`);
  return found[0] === 1;
}

t.test("two texts for one socket are found, in either order", async t => {
  for (const [one, other] of [
    ["2002", "localhost,2002"],
    ["2002", "0.0.0.0,2002"],
    ["2002", "::,2002"],
    ["2002", "ipv6,2002"],
    ["2002", "tcp,02002"],
    ["2002", "box.example,2002"],
    ["::,2002", "10.0.0.1,2002"],
    ["localhost,2002", "127.0.0.1,2002"],
    ["localhost,2002", "::1,2002"],
    ["Box.example,2002", "box.example,2002"],
    ["udp,2002", "udp,127.0.0.1,2002"],
    ["udp,123", "udp,ntp"],
    ["7", "echo"],
  ] as const)
    t.ok(clashes(one, other), `${one} and ${other}`);
  for (const [one, other] of [
    ["2002", "2003"],
    ["2002", "udp,2002"],
    ["ipv4,2002", "ipv6,2002"],
    ["ipv4,2002", "::1,2002"],
    ["udp,::,2002", "udp,10.0.0.1,2002"],
    ["127.0.0.1,2002", "::1,2002"],
    ["ipv4,localhost,2002", "::1,2002"],
    ["127.0.0.1,2002", "127.0.0.2,2002"],
    ["box,2002", "otherbox,2002"],
    ["0", "00"],
  ] as const)
    t.notOk(clashes(one, other), `${one} and ${other}`);
});

t.test("both lines are named, also of rotators and the control port; a port that is off has no socket", async t => {
  const configuration = readLines(
    "CONTROLPORT:localhost,2000",
    "2001:raw:0:/dev/a",
    "2002:raw:0:/dev/b",
    "localhost,2001:raw:0:/dev/c",
    "ROTATOR:127.0.0.1,2002:2001",
    "2000:telnet:0:/dev/d",
    "2003:off:0:/dev/e",
    "localhost,2003:raw:0:/dev/e",
  );
  t.same(
    socketClashes(configuration, null, serviceLookup).map(({ line, message }) => [line, message]),
    [
      [4, "Network port localhost,2001 on line 4 needs the socket of 2001 on line 2"],
      [6, "Network port 2000 on line 6 needs the socket of the control port localhost,2000 on line 1"],
      [5, "Network port 127.0.0.1,2002 on line 5 needs the socket of 2002 on line 3"],
    ],
  );
  t.equal(socketClashes(configuration, "3000", serviceLookup).length, 2, "-p takes the place of CONTROLPORT");
  t.match(socketClashes(configuration, "2001", serviceLookup), [
    { line: 2, message: "Network port 2001 on line 2 needs the socket of the control port 2001 of -p" },
    { line: 4, message: "Network port localhost,2001 on line 4 needs the socket of the control port 2001 of -p" },
    { line: 5 },
  ]);
});

t.test("the control port of another file is named with the file", async t => {
  const sources = [
    { file: "board", text: "CONTROLPORT:2000\n" },
    { file: "file", text: "2000:raw:0:/dev/a\n" },
  ];
  const configuration = readConfiguration(sources, environment);
  t.match(socketClashes(configuration, null, serviceLookup), [
    { message: "Network port 2000 on line 1 needs the socket of the control port 2000 on line 1 of board" },
  ]);
});

t.test("the same network port twice in a file: both lines are named, and the last one counts", async t => {
  const configuration = readLines(
    "2001:raw:0:/dev/a",
    "2002:raw:0:/dev/a",
    "2001:off:0:/dev/b",
    "ROTATOR:9:2001",
    "ROTATOR:9:2002",
  );
  t.same(messages(configuration), [
    "Network port 2001 is defined twice, on line 1 and on line 3",
    "Network port 9 is defined twice, on line 4 and on line 5",
  ]);
  t.same(configuration.faultyLines, [], "the line is not refused");
  t.match(configuration.ports, [{ name: "2001", device: { path: "/dev/b" } }, { name: "2002" }]);
  t.same(socketClashes(configuration, null, serviceLookup), []);
});
