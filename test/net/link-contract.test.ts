/** The fake link that the tests of port/ stand on behaves as the real ones do. */
import { closeSync } from "node:fs";
import t, { type Test } from "tap";
import * as native from "../../service/native/sockets.js";
import type { Link } from "../../service/net/link.js";
import { listenTcp } from "../../service/net/tcp.js";
import { TcpLink } from "../../service/net/tcp-link.js";
import { listenUdp } from "../../service/net/udp.js";
import { Client } from "../support/client.js";
import { type LinkUnderTest, linkContract } from "../support/contracts/link.js";
import { createFakeLink } from "../support/fake-link.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

const HERE = [{ address: "127.0.0.1", v6only: true }];
const SPEC = { family: "any", host: null, port: 0 } as const;

linkContract(t, "fake TCP link", async () => fake("tcp"));
linkContract(t, "fake UDP link", async () => fake("udp"));

linkContract(t, "TCP link", async (t: Test) => {
  const links: Link[] = [];
  const events = { accepted: (link: Link) => void links.push(link), failed: () => {} };
  const listener = listenTcp({ ...SPEC, transport: "tcp" }, HERE, events);
  const client = await Client.connect(t, listener.addresses[0]?.port ?? 0);
  const link = await until("the link", () => links[0]);
  t.teardown(() => {
    listener.close();
    link.close();
  });
  return overTcp(link, client);
});

linkContract(t, "TCP connection on standard input", async (t: Test) => {
  const listener = native.listenTcp("127.0.0.1", 0, { v6only: true, backlog: 1 });
  const client = await Client.connect(t, native.localAddress(listener).port);
  const { fd, address, port } = await until("the connection", () => native.accept(listener));
  closeSync(listener);
  const link = new TcpLink(fd, { address, port }, "stdio", true);
  t.teardown(() => link.close());
  return overTcp(link, client);
});

linkContract(t, "UDP link", async (t: Test) => {
  const listener = listenUdp({ ...SPEC, transport: "udp" }, HERE, { accepted: () => {}, failed: () => {} });
  const peer = await UdpPeer.open(t, listener.addresses[0]?.port ?? 0);
  const [address = "", port = ""] = peer.name.split(",");
  const link = listener.connect({ address, port: Number(port) });
  if (link === null) throw new Error("no link");
  t.teardown(() => {
    link.close();
    listener.close();
  });
  return {
    link,
    received: () => peer.datagrams.join(""),
    send: text => peer.send(text),
    finish: () => listener.close(),
    reset: null,
    stall: null,
  };
});

function overTcp(link: Link, client: Client): LinkUnderTest {
  return {
    link,
    received: () => client.text,
    send: text => client.send(text),
    finish: () => client.finish(),
    reset: () => client.socket.resetAndDestroy(),
    stall: on => void (on ? client.socket.pause() : client.socket.resume()),
  };
}

function fake(transport: "tcp" | "udp"): LinkUnderTest {
  const link = createFakeLink(undefined, transport);
  return {
    link,
    received: () => link.received,
    send: text => link.send(text),
    finish: () => link.finish(),
    reset: transport === "udp" ? null : () => link.reset(),
    stall:
      transport === "udp"
        ? null
        : on => {
            link.room = on ? 0 : Number.POSITIVE_INFINITY;
          },
    settle: () => link.settle(),
  };
}
