import t from "tap";
import { families, formatNetworkPort, type NetworkPort, parseNetworkPort } from "../../service/config/network-port.js";
import { randomNumbers } from "../support/random.js";
import { serviceLookup } from "./read.js";

function port(number: number, rest: Partial<NetworkPort> = {}): NetworkPort {
  return { family: "any", transport: "tcp", host: null, port: number, ...rest };
}

t.test("every form of the grammar is read", async t => {
  const cases: readonly (readonly [text: string, NetworkPort])[] = [
    ["3000", port(3000)],
    ["65535", port(65535)],
    ["0", port(0)],
    ["000", port(0)],
    ["0000003000", port(3000)],
    [" \t3000", port(3000)],
    [",3000", port(3000)],
    [",,3000", port(3000)],
    ["3000,", port(3000)],
    ["echo", port(7)],
    ["udp,ntp", port(123, { transport: "udp" })],
    ["tcp,3000", port(3000)],
    ["udp,3000", port(3000, { transport: "udp" })],
    ["ipv4,3000", port(3000, { family: "ipv4" })],
    ["ipv6,3000", port(3000, { family: "ipv6" })],
    ["ipv4,udp,3000", port(3000, { family: "ipv4", transport: "udp" })],
    ["localhost,3000", port(3000, { host: "localhost" })],
    ["localhost, 3000", port(3000, { host: "localhost" })],
    ["127.0.0.1,3000", port(3000, { host: "127.0.0.1" })],
    ["127.1,3000", port(3000, { host: "127.1" })],
    ["::1,3000", port(3000, { host: "::1" })],
    ["udp,::,2000", port(2000, { host: "::", transport: "udp" })],
    ["ipv4,tcp,localhost,2000", port(2000, { host: "localhost", family: "ipv4" })],
    ["ipv6,udp,fe80::1%eth0,2000", port(2000, { host: "fe80::1%eth0", family: "ipv6", transport: "udp" })],
    ["::ffff:10.0.0.1,1", port(1, { host: "::ffff:10.0.0.1" })],
    ["1:2:3:4:5:6:7:8,1", port(1, { host: "1:2:3:4:5:6:7:8" })],
    ["1:2:3:4:5:6:1.2.3.4,1", port(1, { host: "1:2:3:4:5:6:1.2.3.4" })],
    ["UDP,3000", port(3000, { host: "UDP" })], // prefixes are lower case, so this is a host
  ];
  for (const [text, expected] of cases) t.same(parseNetworkPort(text, serviceLookup), expected, text);
});

t.test("a text that is not a network port is refused with a reason", async t => {
  const cases: readonly (readonly [text: string, reason: string])[] = [
    ["", "a port number"],
    [",", "a port number"],
    ["tcp,", "a port number"],
    ["65536", "up to 65535"],
    ["70000", "up to 65535"],
    ["99999999999999999999", "up to 65535"],
    ["-1", "a port number or the name of a service"],
    ["+1", "a port number or the name of a service"],
    ["3000 ", "a port number or the name of a service"],
    ["0x10", "a port number or the name of a service"],
    ["nosuch", "a port number or the name of a service"],
    ["ntp", "a port number or the name of a service"], // UDP only
    ["h,1,2", "a port number or the name of a service"],
    ["h,,2", "a port number or the name of a service"],
    ["tcp,ipv4,3000", "in this order"],
    ["tcp,udp,3000", "in this order"],
    [" tcp,3000", "without blanks"],
    ["my host,3000", "without blanks"],
    ["ipv4,::1,3000", "an IPv4 address after ipv4,"],
    ["ipv6,127.0.0.1,3000", "an IPv6 address after ipv6,"],
    ["::g,3000", "a host name or address"],
    [":,3000", "a host name or address"],
    [":::,3000", "a host name or address"],
    ["1::2::3,3000", "a host name or address"],
    ["1:2:3:4:5:6:7,3000", "a host name or address"],
    ["1:2:3:4:5:6:7:8:9,3000", "a host name or address"],
    ["1:2:3:4:5:6:7::8,3000", "a host name or address"],
    ["::1.2.3,3000", "a host name or address"],
    ["::12345,3000", "a host name or address"],
    ["1.2.3.256,3000", "a host name or address"],
    ["1.2.3.4.5,3000", "a host name or address"],
    ["1..2,3000", "a host name or address"],
  ];
  for (const [text, reason] of cases) {
    t.match(parseNetworkPort(text, serviceLookup), reason, text);
  }
});

t.test("a network port is printed as it is read", async t => {
  for (const text of ["3000", "ipv4,udp,localhost,7", "ipv6,::1,65535", "udp,::,0"]) {
    const read = parseNetworkPort(text, serviceLookup);
    t.equal(typeof read === "string" ? read : formatNetworkPort(read), text);
  }
});

t.test("printing and reading gives the same for every text that is read", async t => {
  const seed = 20200302;
  t.comment(`seed ${seed}`);
  const random = randomNumbers(seed);
  const parts = [
    "ipv4,",
    "ipv6,",
    "tcp,",
    "udp,",
    ",",
    "host",
    "::1",
    "127.0.0.1",
    "3000",
    "0",
    "echo",
    " ",
    "70000",
    ":",
    "%",
  ];
  let read = 0;
  for (let round = 0; round < 20_000; round++) {
    const text = Array.from(
      { length: 1 + Math.floor(random() * 5) },
      () => parts[Math.floor(random() * parts.length)],
    ).join("");
    const first = parseNetworkPort(text, serviceLookup);
    if (typeof first === "string") continue;
    read++;
    const again = parseNetworkPort(formatNetworkPort(first), serviceLookup);
    if (JSON.stringify(again) !== JSON.stringify(first)) t.same(again, first, text);
  }
  t.ok(read > 1000, `${read} of them were read`);
});

t.test("the families its sockets can have follow from prefix and address", async t => {
  const cases: readonly (readonly [text: string, string])[] = [
    ["3000", "ipv6 ipv4"],
    ["localhost,3000", "ipv6 ipv4"],
    ["ipv4,3000", "ipv4"],
    ["ipv6,localhost,3000", "ipv6"],
    ["10.0.0.1,3000", "ipv4"],
    ["::1,3000", "ipv6"],
  ];
  for (const [text, expected] of cases) {
    const read = parseNetworkPort(text, serviceLookup);
    t.equal(typeof read === "string" ? read : families(read).join(" "), expected, text);
  }
});

t.test("long texts are read at once", async t => {
  const long = 5_000_000;
  t.match(parseNetworkPort(`${"0".repeat(long)}x`, serviceLookup), "a port number or the name");
  t.match(parseNetworkPort("9".repeat(long), serviceLookup), "up to 65535");
  t.match(parseNetworkPort(`${"1.".repeat(long)},1`, serviceLookup), "a host name or address");
  t.match(parseNetworkPort(`${":".repeat(long)},1`, serviceLookup), "a host name or address");
  t.match(parseNetworkPort(",".repeat(long), serviceLookup), "a port number");
});
