/** The fake listener that the tests of port/ stand on behaves as the real ones do. */
import { closeSync } from "node:fs";
import t, { type Test } from "tap";
import { formatNetworkPort, parseNetworkPort } from "../../service/config/network-port.js";
import { systemClock } from "../../service/line/clock.js";
import { bindUdp, listenTcp } from "../../service/native/sockets.js";
import { type Inherited, inheritedSockets } from "../../service/net/inherited.js";
import { listen } from "../../service/net/listen.js";
import type { ListenEvents } from "../../service/net/tcp.js";
import * as udp from "../../service/net/udp.js";
import { Client } from "../support/client.js";
import { type ListenerUnderTest, listenerContract } from "../support/contracts/listener.js";
import { World } from "../support/fake-environment.js";
import { portNumbers } from "../support/ports.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

const WAITS = { waiting: () => {} };

listenerContract(t, "fake TCP listener", async (_, events) => fake("127.0.0.1,2000", events));
listenerContract(t, "fake UDP listener", async (_, events) => fake("udp,127.0.0.1,2000", events));
listenerContract(t, "TCP listener", async (t, events) => real(t, `127.0.0.1,${await freePort(t)}`, events));
listenerContract(t, "UDP listener", async (t, events) => real(t, `udp,127.0.0.1,${await freePort(t)}`, events));

listenerContract(t, "inherited TCP socket", async (t, events) => {
  const text = `127.0.0.1,${await freePort(t)}`;
  const { port } = networkPort(text);
  return real(t, text, events, inherit(t, listenTcp("127.0.0.1", port, { v6only: true, backlog: 8 })));
});
listenerContract(t, "inherited UDP socket", async (t, events) => {
  const text = `udp,127.0.0.1,${await freePort(t)}`;
  return real(t, text, events, inherit(t, bindUdp("127.0.0.1", networkPort(text).port, { v6only: true })));
});
// The resolver knows this name without a server; to the configuration it is a name, so it is looked up later.
listenerContract(t, "late TCP listener", async (t, events) => late(t, `127.1,${await freePort(t)}`, events));
listenerContract(t, "late UDP listener", async (t, events) => late(t, `udp,127.1,${await freePort(t)}`, events));

function fake(text: string, events: ListenEvents): ListenerUnderTest {
  const world = new World();
  const spec = networkPort(text);
  const listener = world.environment.listen(spec, { ...events, ...WAITS });
  return {
    listener,
    transport: spec.transport,
    silentPeer: { address: "127.0.0.1", port: 9 },
    call: async text => {
      let link = world.link({}, spec.transport);
      const arrive = (first: string): void => {
        link.send(first);
        world.listener(formatNetworkPort(spec)).call(link);
      };
      arrive(text);
      return {
        received: () => link.received,
        ended: () => link.closed,
        send: more => {
          if (!link.closed) return link.send(more);
          link = world.link(link.peer, spec.transport);
          arrive(more);
        },
      };
    },
    settle: () => world.settle(),
  };
}

/** As the service manager hands a socket over: it stays open when the listener closes. */
function inherit(t: Test, fd: number): Inherited {
  const inherited = inheritedSockets([fd]);
  t.teardown(() => {
    for (const { text } of inherited.unclaimed) inherited.take(networkPort(text));
    closeSync(fd);
  });
  return inherited;
}

async function late(t: Test, text: string, events: ListenEvents): Promise<ListenerUnderTest> {
  const made = await real(t, text, events);
  t.same(made.listener.addresses, []);
  await until("its socket", () => made.listener.addresses.length === 1);
  return made;
}

async function real(
  t: Test,
  text: string,
  events: ListenEvents,
  inherited = inheritedSockets([]),
): Promise<ListenerUnderTest> {
  const spec = networkPort(text);
  const listener = listen(spec, inherited, { ...events, ...WAITS }, systemClock, () => udp);
  const silent = await UdpPeer.open(t, spec.port);
  const [address = "", port = ""] = silent.name.split(",");
  const call = async (first: string) => {
    if (spec.transport === "udp") {
      const peer = await UdpPeer.open(t, spec.port);
      peer.send(first);
      return { received: () => peer.datagrams.join(""), send: (more: string) => peer.send(more), ended: () => false };
    }
    const client = await Client.connect(t, spec.port);
    client.send(first);
    return { received: () => client.text, send: (more: string) => client.send(more), ended: () => client.ended };
  };
  return { listener, transport: spec.transport, silentPeer: { address, port: Number(port) }, call };
}

function networkPort(text: string) {
  const spec = parseNetworkPort(text, () => null);
  if (typeof spec === "string") throw new Error(spec);
  return spec;
}

async function freePort(t: Test): Promise<number> {
  return (await portNumbers(t))();
}
