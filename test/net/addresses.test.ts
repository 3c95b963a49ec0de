import t from "tap";
import { parseNetworkPort } from "../../service/config/network-port.js";
import { type ListenAddress, listenAddresses, lookUp } from "../../service/net/addresses.js";

function addresses(text: string): readonly ListenAddress[] | null {
  const spec = parseNetworkPort(text, () => null);
  if (typeof spec === "string") throw new Error(spec);
  return listenAddresses(spec);
}

/** `::*` is a socket for both families, `::` one for IPv6 only. */
function printed(list: readonly ListenAddress[] | null): string {
  if (list === null) return "look it up";
  return list.map(({ address, v6only }) => `${address}${address.includes(":") && !v6only ? "*" : ""}`).join(" ");
}

t.test("which sockets a network port means", async t => {
  const cases: readonly [string, string][] = [
    ["7000", "::* 0.0.0.0"],
    ["tcp,7000", "::* 0.0.0.0"],
    ["ipv4,7000", "0.0.0.0"],
    ["ipv6,7000", "::"],
    ["udp,7000", ":: 0.0.0.0"],
    ["ipv4,udp,7000", "0.0.0.0"],
    ["ipv6,udp,7000", "::"],
    ["localhost,7000", "::1 127.0.0.1"],
    ["ipv4,localhost,7000", "127.0.0.1"],
    ["ipv6,localhost,7000", "::1"],
    ["127.0.0.1,7000", "127.0.0.1"],
    ["::1,7000", "::1"],
    ["::,7000", "::*"],
    ["ipv6,::,7000", "::"],
    ["udp,::,7000", "::"],
    ["fe80::1%eth0,7000", "fe80::1%eth0"],
    ["0.0.0.0,7000", "0.0.0.0"],
    ["board.example,7000", "look it up"],
    ["127.1,7000", "look it up"],
  ];
  for (const [text, sockets] of cases) t.equal(printed(addresses(text)), sockets, text);
});

t.test("numbers with leading zeros are left to the resolver, as they were to the reference", async t => {
  t.equal(printed(addresses("010.0.0.1,7000")), "look it up");
});

t.test("a name is looked up, IPv6 first", async t => {
  const spec = { family: "ipv4", transport: "tcp", host: "localhost", port: 7000 } as const;
  t.same(await lookUp(spec), [{ address: "127.0.0.1", v6only: true }]);
  const all = await lookUp({ ...spec, family: "any" });
  t.ok(all.some(({ address }) => address === "127.0.0.1"));
  const families = all.map(({ address }) => (address.includes(":") ? 6 : 4));
  t.same(families, [...families].sort().reverse());
});

t.test("an unknown name fails", async t => {
  await t.rejects(lookUp({ family: "any", transport: "tcp", host: "no-such-name.invalid", port: 1 }));
});
