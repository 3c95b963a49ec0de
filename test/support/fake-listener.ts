/** A listener whose peers are the test: they are accepted in `settle`. */
import type { NetworkPort } from "../../service/config/network-port.js";
import type { Listener, PeerAddress } from "../../service/net/link.js";
import type { ListenEvents } from "../../service/net/tcp.js";
import type { FakeLink } from "./fake-link.js";

export interface FakeListener extends Listener {
  readonly closed: boolean;
  /** Set by a test. */
  isBroken: boolean;
  /** A peer arrives, and is accepted in `settle`; it waits while `accepting` is false. */
  call(link: FakeLink): void;
  settle(): number;
  /** accept(2) fails. */
  fail(reason: string): void;
  /** Peers the port reached by itself. */
  readonly connected: FakeLink[];
}

/** @param makeLink makes the link to a UDP peer that has not spoken */
export function createFakeListener(
  spec: NetworkPort,
  { accepted, failed }: ListenEvents,
  makeLink: (peer: PeerAddress) => FakeLink,
): FakeListener {
  const backlog: FakeLink[] = [];
  const peers: FakeLink[] = [];
  let accepting = true;
  let closed = false;
  const listener: FakeListener = {
    addresses: [{ address: "::", port: spec.port }],
    isBroken: false,
    error: null,
    connected: [],
    get closed() {
      return closed;
    },
    get accepting() {
      return accepting;
    },
    set accepting(on) {
      accepting = on;
    },
    call(link) {
      if (closed) throw new Error(`connection refused by ${spec.port}`);
      backlog.push(link);
    },
    settle() {
      let rounds = 0;
      for (; accepting && !closed && backlog.length > 0; rounds++) {
        const link = backlog.shift() as FakeLink;
        peers.push(link);
        accepted(link);
      }
      return rounds;
    },
    fail: failed,
    connect: peer => {
      if (spec.transport !== "udp" || peer.address.includes(":")) return null; // it has an IPv4 socket only
      if (closed || peers.some(one => !one.closed && isSamePeer(one.peer, peer))) return null;
      const link = makeLink(peer);
      listener.connected.push(link);
      peers.push(link);
      return link;
    },
    close() {
      closed = true;
      for (const link of backlog) link.close();
      // Without its sockets nothing is heard of a UDP peer.
      if (spec.transport === "udp") for (const link of peers) link.finish();
    },
  };
  return listener;
}

function isSamePeer(one: PeerAddress, other: PeerAddress): boolean {
  return one.address === other.address && one.port === other.port;
}
