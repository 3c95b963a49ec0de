/** The contract of `Listener` (service/net/link.ts), for the fake one and the real ones alike. */
import type { Test } from "tap";
import type { Link, Listener } from "../../../service/net/link.js";
import type { ListenEvents } from "../../../service/net/tcp.js";
import { eventually, pass, type Settle } from "./eventually.js";

export interface TestClient {
  /** All that it has received, one character a byte. */
  received(): string;
  send(text: string): void;
  /** The connection has ended for it; always false for UDP. */
  ended(): boolean;
}

export interface ListenerUnderTest {
  readonly listener: Listener;
  readonly transport: "tcp" | "udp";
  /** A peer arrives, and says this first. */
  call(text: string): Promise<TestClient>;
  /** An address and a port where a UDP peer may be reached that has not spoken. */
  readonly silentPeer: { readonly address: string; readonly port: number };
  readonly settle?: Settle;
}

type Make = (t: Test, events: ListenEvents) => Promise<ListenerUnderTest>;

/** The accepted links, and the listener. */
interface Served extends ListenerUnderTest {
  readonly links: Link[];
  readonly failures: string[];
  /** Called with each link, in the callback `accepted`. */
  onAccepted: (link: Link) => void;
}

export function listenerContract(t: Test, name: string, make: Make): void {
  const contract = (text: string, run: (t: Test, served: Served) => Promise<void>): void => {
    t.test(`${name}: ${text}`, async t => {
      const served = await serve(t, make);
      await run(t, served);
      t.same(served.failures, []);
    });
  };

  contract("each peer is accepted with what it said, in the order of arrival", async (t, served) => {
    const { listener, links, settle } = served;
    t.ok(listener.accepting);
    t.equal(listener.error, null);
    t.equal(listener.addresses.length, 1);
    const clients = [await served.call("one"), await served.call("two")];
    await eventually("both", settle, () => links.length === 2);
    for (const [index, text] of ["one", "two"].entries()) {
      t.equal(await textOf(links[index], settle), text);
      links[index]?.write(Buffer.from(`you are ${text}`));
      await eventually("the answer", settle, () => clients[index]?.received() === `you are ${text}`);
    }
    t.same(
      links.map(link => link.transport),
      [served.transport, served.transport],
    );
  });

  contract("while it does not accept, peers wait; then they come, with what they said", async (t, served) => {
    const { listener, links, settle } = served;
    listener.accepting = false;
    t.notOk(listener.accepting);
    await served.call("one");
    await served.call("two");
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.equal(links.length, 0);
    listener.accepting = true;
    t.equal(links.length, 0, "not from within the call");
    await eventually("both", settle, () => links.length === 2);
    t.equal(await textOf(links[0], settle), "one");
    t.equal(await textOf(links[1], settle), "two");
  });

  contract("it can be told to stop by the callback of a peer: the next one waits", async (t, served) => {
    const { listener, links, settle } = served;
    served.onAccepted = () => {
      listener.accepting = false;
    };
    listener.accepting = false;
    for (const text of ["one", "two", "three"]) await served.call(text);
    for (let count = 1; count <= 3; count++) {
      listener.accepting = true;
      await eventually(`number ${count}`, settle, () => links.length >= count);
      for (let turn = 0; turn < 20; turn++) await pass(settle);
      t.equal(links.length, count);
    }
  });

  contract("closed by the callback of a peer it accepts no other", async (t, served) => {
    const { listener, links, settle } = served;
    served.onAccepted = () => listener.close();
    listener.accepting = false;
    for (const text of ["one", "two"]) await served.call(text);
    listener.accepting = true;
    await eventually("the first", settle, () => links.length > 0);
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.equal(links.length, 1);
  });

  contract("closing twice is closing once, and what is asked later does nothing", async (t, served) => {
    const { listener, links, settle } = served;
    t.notOk(listener.isBroken);
    listener.accepting = false;
    const waiting = await served.call("waits");
    listener.close();
    listener.close();
    t.notOk(listener.isBroken, "it was asked to");
    listener.accepting = false;
    listener.accepting = true;
    t.equal(listener.connect(served.silentPeer), null);
    if (served.transport === "tcp")
      await eventually("the end of the waiting connection", settle, () => waiting.ended());
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.equal(links.length, 0);
  });

  peersContract(contract);
}

function peersContract(contract: (text: string, run: (t: Test, served: Served) => Promise<void>) => void): void {
  contract("links of TCP outlive it; those of UDP are at their end, not from within the call", async (t, served) => {
    const { listener, links, settle } = served;
    const client = await served.call("one");
    await eventually("the peer", settle, () => links.length === 1);
    t.equal(await textOf(links[0], settle), "one");
    let calls = 0;
    links[0]?.whenReadable(() => calls++);
    listener.close();
    t.equal(calls, 0);
    if (served.transport === "udp") {
      await eventually("the call", settle, () => calls === 1);
      t.equal(links[0]?.read(new Uint8Array(1)), -1);
    } else {
      for (let turn = 0; turn < 20; turn++) await pass(settle);
      t.equal(calls, 0);
      client.send("two");
      t.equal(await textOf(links[0], settle), "two");
    }
  });

  contract("UDP peers can be reached first, by one link each; TCP peers cannot", async (t, served) => {
    const { listener, links, silentPeer, transport, settle } = served;
    const link = listener.connect(silentPeer);
    if (transport === "tcp") {
      t.equal(link, null);
      return;
    }
    t.match(link, { transport: "udp", peer: silentPeer });
    t.equal(listener.connect({ ...silentPeer }), null, "it has a link");
    link?.close();
    const again = listener.connect(silentPeer);
    t.ok(again, "it has none any more");
    again?.close();
    const client = await served.call("one");
    await eventually("the peer", settle, () => links.length === 1);
    const { peer } = links[0] as Link;
    t.equal(listener.connect(peer), null, "it has spoken and has a link");
    links[0]?.close();
    client.send("two");
    await eventually("a new link", settle, () => links.length === 2);
    t.same(links[1]?.peer, peer);
    t.equal(await textOf(links[1], settle), "two");
  });
}

async function serve(t: Test, make: Make): Promise<Served> {
  const links: Link[] = [];
  const failures: string[] = [];
  let served: Served | null = null;
  const made = await make(t, {
    accepted: link => {
      links.push(link);
      served?.onAccepted(link);
    },
    failed: reason => void failures.push(reason),
  });
  t.teardown(() => {
    made.listener.close();
    for (const link of links) link.close();
  });
  served = { ...made, links, failures, onAccepted: () => {} };
  return served;
}

/** The next bytes of a link. */
async function textOf(link: Link | undefined, settle: Settle | undefined): Promise<string> {
  const into = new Uint8Array(100);
  let count = 0;
  await eventually("bytes", settle, () => {
    count = link?.read(into) ?? -1;
    return count !== 0;
  });
  return Buffer.from(into.subarray(0, Math.max(0, count))).toString("latin1");
}
