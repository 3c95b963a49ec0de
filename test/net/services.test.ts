import { join } from "node:path";
import t from "tap";
import { createServiceLookup } from "../../service/net/services.js";

t.test("names and aliases, by protocol; remarks and nonsense are left out", async t => {
  const folder = t.testdir({
    services: `# a remark
telnet		23/tcp
echo 7/tcp   # remark
echo 7/udp
domain 53/tcp nameserver dns
domain 53/udp
twice 1/tcp
twice 2/tcp
bad
worse x/tcp
sctp 5/sctp
`,
  });
  const lookup = createServiceLookup(join(folder, "services"));
  const cases: readonly [string, "tcp" | "udp", number | null][] = [
    ["telnet", "tcp", 23],
    ["telnet", "udp", null],
    ["echo", "udp", 7],
    ["dns", "tcp", 53],
    ["dns", "udp", null],
    ["twice", "tcp", 1],
    ["bad", "tcp", null],
    ["worse", "tcp", null],
    ["sctp", "tcp", null],
    ["#", "tcp", null],
    ["constructor", "tcp", null],
  ];
  for (const [name, transport, port] of cases) t.equal(lookup(name, transport), port, `${name}/${transport}`);
});

t.test("without the file there are no names", async t => {
  t.equal(createServiceLookup("/nowhere/services")("telnet", "tcp"), null);
});
