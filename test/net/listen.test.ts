import { closeSync } from "node:fs";
import t, { type Test } from "tap";
import { type NetworkPort, parseNetworkPort } from "../../service/config/network-port.js";
import { systemClock } from "../../service/line/clock.js";
import { listenTcp, localAddress } from "../../service/native/sockets.js";
import { inheritedSockets } from "../../service/net/inherited.js";
import type { Link, Listener } from "../../service/net/link.js";
import { listen } from "../../service/net/listen.js";
import * as udp from "../../service/net/udp.js";
import { Client, isRefused } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

interface Served {
  readonly listener: Listener;
  readonly links: Link[];
  readonly failures: string[];
}

function spec(text: string): NetworkPort {
  const port = parseNetworkPort(text, () => null);
  if (typeof port === "string") throw new Error(port);
  return port;
}

function serve(t: Test, text: string, inherited = inheritedSockets([])): Served {
  const links: Link[] = [];
  const failures: string[] = [];
  const events = {
    accepted: (link: Link) => void links.push(link),
    failed: (reason: string) => void failures.push(`accept: ${reason}`),
    waiting: (reason: string) => void failures.push(reason),
  };
  const listener = listen(spec(text), inherited, events, systemClock, () => udp);
  t.teardown(() => {
    listener.close();
    for (const link of links) link.close();
  });
  return { listener, links, failures };
}

t.test("a bare TCP port serves both families by one socket", async t => {
  const port = await (await portNumbers(t))();
  const { listener, links } = serve(t, String(port));
  t.same(listener.addresses, [{ address: "::", port }]);
  await Client.connect(t, port, "127.0.0.1");
  await Client.connect(t, port, "::1");
  await until("both", () => links.length === 2);
  t.same(links.map(link => link.peer.address).sort(), ["::1", "::ffff:127.0.0.1"]);
  t.equal(listener.connect({ address: "127.0.0.1", port: 1 }), null, "TCP peers come by themselves");
});

t.test("localhost is there at once, by one socket for each family", async t => {
  const port = await (await portNumbers(t))();
  const { listener } = serve(t, `localhost,${port}`);
  t.same(listener.addresses, [
    { address: "::1", port },
    { address: "127.0.0.1", port },
  ]);
});

t.test("a bare UDP port has two sockets", async t => {
  const port = await (await portNumbers(t))();
  const { listener } = serve(t, `udp,${port}`);
  t.same(listener.addresses, [
    { address: "::", port },
    { address: "0.0.0.0", port },
  ]);
  t.ok(listener.connect({ address: "127.0.0.1", port: 9 }));
});

t.test("a taken port fails at once, and nothing of it stays open", async t => {
  const port = await (await portNumbers(t))();
  const first = serve(t, `127.0.0.1,${port}`);
  t.throws(() => serve(t, `127.0.0.1,${port}`), { code: "EADDRINUSE", reason: "Address already in use" });
  first.listener.close();
  serve(t, `127.0.0.1,${port}`);
});

t.test("a name is looked up beside the work; what is asked meanwhile counts", async t => {
  const port = await (await portNumbers(t))();
  const { listener, links } = serve(t, `127.1,${port}`); // a name to us, and the resolver needs no server for it
  t.same(listener.addresses, []);
  t.notOk(listener.isBroken);
  listener.accepting = false;
  t.equal(listener.connect({ address: "127.0.0.1", port: 9 }), null);
  await until("its socket", () => listener.addresses.length === 1);
  t.same(listener.addresses, [{ address: "127.0.0.1", port }]);
  await Client.connect(t, port);
  await new Promise(resolve => setImmediate(resolve));
  t.equal(links.length, 0);
  listener.accepting = true;
  await until("the peer", () => links.length === 1);
});

t.test("a name that is closed before it is known opens nothing", async t => {
  const port = await (await portNumbers(t))();
  const { listener } = serve(t, `127.1,${port}`);
  listener.close();
  listener.close();
  await until("the look-up is over", () => new Promise(resolve => setTimeout(() => resolve(true), 0)));
  const other = serve(t, `127.1,${port}`);
  await until("another's socket", () => other.listener.addresses.length === 1);
  t.same(listener.addresses, []);
});

t.test("an address or a name that is not there yet is waited for, and said once", async t => {
  const port = await (await portNumbers(t))();
  for (const text of [`192.0.2.1,${port}`, `no-such-name.invalid,${port}`, `fe80::1%gone0,${port}`]) {
    const { listener, failures } = serve(t, text);
    await until(text, () => failures.length === 1);
    t.notMatch(failures[0], /^accept: |listenTcp/);
    t.same(listener.addresses, []);
    t.notOk(listener.isBroken, "it never was open");
    listener.close();
  }
});

t.test("sockets that were handed over serve, and are handed back", async t => {
  const fd = listenTcp("127.0.0.1", 0, { v6only: true, backlog: 4 });
  const { port } = localAddress(fd);
  const inherited = inheritedSockets([fd]);
  t.teardown(() => {
    inherited.take(spec(`127.0.0.1,${port}`)); // given back, they turn peers away
    closeSync(fd);
  });
  const { listener, links } = serve(t, `127.0.0.1,${port}`, inherited);
  t.same(inherited.unclaimed, []);
  await Client.connect(t, port);
  await until("the peer", () => links.length === 1);
  listener.close();
  t.equal(inherited.unclaimed.length, 1);
  const again = serve(t, `127.0.0.1,${port}`, inherited);
  await Client.connect(t, port);
  await until("the next peer", () => again.links.length === 1);
});

t.test("after close no peer is served", async t => {
  const port = await (await portNumbers(t))();
  const { listener } = serve(t, String(port));
  listener.close();
  t.ok(await isRefused(port));
});
