import t from "tap";
import { printConfiguration } from "../../service/config/print.js";
import { messages, onlyPort, optionFaults, portWith, readLines } from "./read.js";

const PAIR = "cert=/a.crt key=/a.key";

function only(...words: readonly string[]) {
  const read = readLines(`TLS:a:${words.join(" ")}`);
  return { value: read.finalContext.tls.get("a") ?? null, messages: messages(read) };
}

t.test("the words of a TLS line", async t => {
  t.match(only(PAIR).value, { cert: "/a.crt", key: "/a.key", ca: null, verify: "none", min: "1.2", allow: null });
  t.match(only(PAIR, "ca=/ca", "allow=x,y", "watch=z", "min=1.3", "ciphers=A:B").value, {
    ...{ ca: "/ca", verify: "required", allow: ["x", "y"], watch: ["z"], min: "1.3", ciphers: "A:B" },
  });
  t.match(only(PAIR, "ca=/ca", "verify=optional").value, { verify: "optional" });
  t.match(only("psk=%d/keys allow=x").value, { psk: "%d/keys", allow: ["x"], cert: null });
});

t.test("a wrong word leaves the line out", async t => {
  const faults: readonly (readonly [words: string, fault: string])[] = [
    ["", "cert= is missing"],
    ["cert=/a.crt", "key= is missing"],
    [`${PAIR} x=1`, "not an option: x=1"],
    [`${PAIR} verify`, "not an option: verify"],
    [`${PAIR} cert=/b`, "cert= is given twice"],
    [`${PAIR} min=1.1`, "invalid min=1.1"],
    [`${PAIR} verify=yes`, "invalid verify=yes"],
    [`${PAIR} verify=required`, "verify=required needs ca="],
    [`${PAIR} psk=/b`, "psk= takes the place of cert=, key= and ca="],
    [`${PAIR} allow=x`, "allow= and watch= need verify=required or optional, or psk="],
    [`${PAIR} ca=/ca verify=none watch=x`, "allow= and watch= need verify=required or optional, or psk="],
  ];
  for (const [words, fault] of faults) {
    t.same(only(words), { value: null, messages: [`TLS a: ${fault} on line 1`] }, words);
  }
  t.same(messages(readLines(`TLS:a,b:${PAIR}`)), ["TLS a,b: invalid name on line 1"]);
  t.same(messages(readLines("TLS:")), ["No TLS name given on line 1"]);
});

t.test("a port never loses its TLS to an error in its line", async t => {
  const line = `TLS:a:${PAIR}`;
  t.equal(portWith("tls=a", line).options.tls, "a");
  t.equal(portWith("9600,tls=a", line).options.tls, "a");
  t.equal(portWith("nosuch tls=a", line).options.tls, "a");
  t.equal(portWith("nosuch,tls=a", line).options.tls, "a");
  t.equal(portWith("tls=b", line).options.tls, "b");
  t.equal(portWith("nosuch # tls=a", line).options.tls, null, "a remark");
  t.same(optionFaults("tls=b"), ["TLS b not found on line 12 (peers are refused; expected the name of a TLS line)"]);
  for (const name of ["udp,3000", "0"]) {
    const read = readLines(line, `${name}:raw:0:/dev/ttyS0:tls=a`);
    t.same([read.ports.length, messages(read).length], [0, 1], name);
  }
});

t.test("a printed configuration has the TLS line before its ports", async t => {
  const read = readLines(`TLS:a:${PAIR}`, "CONTROLPORT:tls:a,2000", "3000:raw:0:/dev/ttyS0:tls=a");
  t.same(messages(read), []);
  t.equal(read.controlPortDiagnostic, null);
  const printed = printConfiguration(read);
  t.equal(onlyPort(readLines(...printed.trimEnd().split("\n"))).options.tls, "a");
  t.match(printed, `TLS:a:${PAIR}\n`);
  t.match(readLines("CONTROLPORT:tls:a,udp,2000").controlPortDiagnostic, { expected: "expected a TCP port" });
});
