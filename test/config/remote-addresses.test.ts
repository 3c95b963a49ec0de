import t from "tap";
import { messages, onlyPort, readLines } from "./read.js";

/** The addresses a port admits, and what its line is told. */
function read(network: string, options: string, ...before: readonly string[]) {
  const configuration = readLines(...before, `${network}:raw:0:/dev/a:${options}`);
  const remaddr = onlyPort(configuration).options.remaddr;
  return [remaddr?.map(({ text }) => text) ?? "everyone", ...messages(configuration)];
}

t.test("addresses of a line accumulate, separated by semicolons", async t => {
  t.same(read("3000", ""), ["everyone"]);
  t.same(read("3000", "remaddr=10.0.0.1,0"), [["10.0.0.1,0"]]);
  t.same(read("3000", "remaddr=10.0.0.1,0;;[x],0;::1,5;"), [["10.0.0.1,0", "[x],0", "::1,5"]]);
  t.same(read("3000", "remaddr=a,0 remctl remaddr=b,0"), [["a,0", "b,0"]]);
  t.match(onlyPort(readLines("3000:raw:0:/dev/a:remaddr=ipv4,gw.example,echo")).options.remaddr, [
    { family: "ipv4", host: "gw.example", port: 7, text: "ipv4,gw.example,echo" },
  ]);
});

t.test("the DEFAULT counts unless the line has a remaddr, even an empty one", async t => {
  const before = "DEFAULT:remaddr:10.0.0.9,0;10.0.0.8, 0";
  t.same(read("3000", "", before), [["10.0.0.9,0", "10.0.0.8,0"]]);
  t.same(read("3000", "remaddr=a,0", before), [["a,0"]]);
  t.same(read("3000", "remaddr=", before), ["everyone"]);
  t.same(read("3000", "", before, "DEFAULT:remaddr:"), ["everyone"]);
});

t.test("a bad address is left out, and when all are bad no peer is admitted", async t => {
  t.same(read("3000", "remaddr=10.0.0.1;10.0.0.2,0"), [["10.0.0.2,0"], "Invalid remote address '10.0.0.1' on line 1"]);
  t.same(read("3000", "remaddr=10.0.0.1"), [[], "Invalid remote address '10.0.0.1' on line 1"]);
  t.same(read("3000", "remaddr=x,70000"), [[], "Invalid remote address 'x,70000' on line 1"]);
  t.same(read("3000", "", "DEFAULT:remaddr:bad"), [[], "Invalid remote address 'bad' on line 2"]);
  t.same(read("3000", "remaddr=0"), [[]], "no host and any port admits no peer");
});

t.test("an address without a port is told how to be written", async t => {
  const [fault] = readLines("3000:raw:0:/dev/a:remaddr=10.0.0.1").diagnostics;
  t.match(fault?.expected, "; for any port of a host: <host>,0");
});

t.test("UDP addresses go with UDP ports", async t => {
  const mismatch = (address: string) =>
    `Remote address '${address}' does not match the port type, one cannot be UDP while the other is UDP. on line 1`;
  t.same(read("3000", "remaddr=udp,h,0"), [[], mismatch("udp,h,0")]);
  t.same(read("udp,3000", "remaddr=h,0"), [[], mismatch("h,0")]);
  t.same(read("udp,3000", "remaddr=udp,h,0"), [["udp,h,0"]]);
});

t.test("a fixed UDP address needs a connection and a socket of its family", async t => {
  const tooMany = "Too many fixed UDP remote addresses specified for the max-connections given on line 1";
  const family = (address: string) => `remote address '${address}' had no socket with a matching family on line 1`;
  t.same(read("udp,3000", "remaddr=udp,a,1;udp,b,2"), [["udp,a,1"], tooMany]);
  t.same(read("udp,3000", "remaddr=udp,a,1;udp,b,2 max-connections=2"), [["udp,a,1", "udp,b,2"]]);
  t.same(read("udp,3000", "remaddr=udp,a,1;udp,b,0"), [["udp,a,1", "udp,b,0"]], "any port is not fixed");
  t.same(read("ipv6,udp,3000", "remaddr=udp,10.0.0.1,1"), [[], family("udp,10.0.0.1,1")]);
  t.same(read("udp,10.0.0.5,3000", "remaddr=udp,::1,1"), [[], family("udp,::1,1")]);
  t.same(read("udp,::,3000", "remaddr=ipv4,udp,h,1"), [[], family("ipv4,udp,h,1")]);
  t.same(read("udp,3000", "remaddr=udp,::1,1;udp,10.0.0.1,1 max-connections=2"), [["udp,::1,1", "udp,10.0.0.1,1"]]);
  t.same(read("ipv4,udp,3000", "remaddr=udp,h,1"), [["udp,h,1"]], "a name may have an address of the family");
  t.same(read("ipv6,udp,3000", "remaddr=udp,10.0.0.1,0"), [["udp,10.0.0.1,0"]], "only a fixed one needs the socket");
});

t.test("a list of addresses that is too long is cut, and told once", async t => {
  const configuration = readLines(`3000:raw:0:/dev/a:remaddr=${"10.0.0.1,0;".repeat(2000)}`);
  t.equal(onlyPort(configuration).options.remaddr?.length, 1024);
  t.same(messages(configuration), ["Too many remote addresses on line 1"]);
});
