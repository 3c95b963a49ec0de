import { createSocket } from "node:dgram";
import { once } from "node:events";
import { closeSync } from "node:fs";
import t, { type Test } from "tap";
import { bindUdp, sendTo } from "../../service/native/sockets.js";
import type { Link, Listener } from "../../service/net/link.js";
import { adoptUdp, listenUdp } from "../../service/net/udp.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const SPEC = { family: "any", transport: "udp", host: null, port: 0 } as const;
const HERE = { address: "127.0.0.1", v6only: true };

interface UdpSocket {
  readonly listener: Listener;
  readonly port: number;
  readonly links: Link[];
}

function serve(t: Test, addresses = [HERE], port = 0): UdpSocket {
  const links: Link[] = [];
  const events = { accepted: (link: Link) => void links.push(link), failed: () => {} };
  const listener = listenUdp({ ...SPEC, port }, addresses, events);
  t.teardown(() => {
    for (const link of links) link.close();
    listener.close();
  });
  return { listener, port: listener.addresses[0]?.port ?? 0, links };
}

interface Peer {
  readonly port: number;
  /** Datagrams that came. */
  readonly heard: string[];
  send(text: string | Uint8Array, port: number, address?: string): Promise<void>;
}

async function peer(t: Test, address = "127.0.0.1"): Promise<Peer> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const heard: string[] = [];
  socket.on("message", message => heard.push(message.toString("latin1")));
  socket.bind(0, address);
  await once(socket, "listening");
  t.teardown(() => socket.close());
  return {
    port: socket.address().port,
    heard,
    send: (text, port, to = address) =>
      new Promise((resolve, reject) => {
        const bytes = typeof text === "string" ? Buffer.from(text, "latin1") : text;
        socket.send(bytes, port, to, error => (error === null ? resolve() : reject(error)));
      }),
  };
}

/** What waits on a link, `a|b`, by reads of `size` bytes. */
function take(link: Link, size = 65_536): string {
  const into = new Uint8Array(size);
  const parts: string[] = [];
  for (let count = link.read(into); count > 0; count = link.read(into)) {
    parts.push(Buffer.from(into.subarray(0, count)).toString("latin1"));
  }
  return parts.join("|");
}

/** Everything sent to the loopback before has been delivered. */
function turn(): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, 0)).then(() => new Promise(resolve => setImmediate(resolve)));
}

t.test("a stranger's datagram makes a link, with the datagram in it", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("hello", port);
  const link = await until("the link", () => links[0]);
  t.match(link, { transport: "udp", peer: { address: "127.0.0.1", port: one.port } });
  t.same(link.local(), { address: "127.0.0.1", port });
  t.equal(take(link), "hello");
  t.equal(link.read(new Uint8Array(5)), 0);
  t.equal(link.write(Buffer.from("world")), 5);
  await until("the answer", () => one.heard[0] === "world");
});

t.test("peers are told apart by address and port", async t => {
  const { links, port } = serve(t);
  const [one, two] = [await peer(t), await peer(t)];
  await one.send("1 first", port);
  await two.send("2 first", port);
  await one.send("1 second", port);
  await until("both", () => links.length === 2);
  const texts = ["", ""];
  await until("all of it", () => {
    for (const [index, link] of links.entries()) texts[index] += `${take(link)}|`;
    return texts.join("").match(/first|second/g)?.length === 3;
  });
  t.same(
    texts.map(text => text.split("|").filter(part => part !== "")),
    [["1 first", "1 second"], ["2 first"]],
  );
  t.same(
    links.map(link => link.peer.port),
    [one.port, two.port],
  );
});

t.test("a bare port has a socket for each family", async t => {
  const next = await portNumbers(t);
  const addresses = [
    { address: "::", v6only: true },
    { address: "0.0.0.0", v6only: true },
  ];
  const { links, port, listener } = serve(t, addresses, await next());
  t.same(listener.addresses, [
    { address: "::", port },
    { address: "0.0.0.0", port },
  ]);
  const [v4, v6] = [await peer(t), await peer(t, "::1")];
  await v4.send("4", port);
  await v6.send("6", port);
  await until("both", () => links.length === 2);
  for (const link of links) link.write(Buffer.from("hi"));
  await until("both answers", () => v4.heard[0] === "hi" && v6.heard[0] === "hi");
  t.same(links.map(link => link.peer.address).sort(), ["127.0.0.1", "::1"]);
});

t.test("a datagram is read in pieces where there is less room", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("0123456789", port);
  await one.send("abc", port);
  const link = await until("the link", () => links[0]);
  await until("both", () => {
    return new Promise(resolve => link.whenReadable(() => resolve(true)));
  });
  await turn();
  t.equal(take(link, 4), "0123|4567|89|abc");
});

t.test("the largest datagram passes whole", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  const text = "x".repeat(65_507);
  await one.send(text, port);
  const link = await until("the link", () => links[0]);
  t.equal(take(link), text);
});

t.test("an empty datagram makes a link without data, then keeps it", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("", port);
  const link = await until("the link", () => links[0]);
  t.equal(take(link), "");
  let [kept, readable] = [0, 0];
  link.onKeepalive = () => kept++;
  link.whenReadable(() => readable++);
  await one.send("", port);
  await until("the sign of life", () => kept === 1);
  t.equal(readable, 0);
  t.equal(links.length, 1);
});

t.test("a reader is called once for what waits, and for what comes", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("a", port);
  const link = await until("the link", () => links[0]);
  const calls: string[] = [];
  link.whenReadable(() => calls.push(take(link)));
  t.same(calls, [], "not from within the call");
  await until("what waited", () => calls.length === 1);
  await one.send("b", port);
  link.whenReadable(() => calls.push(take(link)));
  await until("what came", () => calls.length === 2);
  link.whenReadable(() => calls.push("ignored"));
  link.ignoreReadable();
  await one.send("c", port);
  await turn();
  t.same(calls, ["a", "b"]);
});

t.test("a burst waits for a peer's reader, in the kernel where it is long: nothing is lost", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  const sent: string[] = [];
  for (let count = 0; count < 100; count++) {
    sent.push(`datagram ${count}`);
    await one.send(`datagram ${count}`, port);
  }
  const link = await until("the link", () => links[0]);
  await turn();
  const got: string[] = [];
  await until("all of it", () => {
    const text = take(link);
    if (text !== "") got.push(...text.split("|"));
    return got.length >= sent.length;
  });
  t.same(got, sent);
});

t.test("a peer whose reader is away does not fill the memory, and does not stop the others for ever", async t => {
  const { links, port } = serve(t);
  const [idle, other] = [await peer(t), await peer(t)];
  await other.send("first", port);
  for (let count = 0; count < 50; count++) await idle.send("x", port);
  await until("both", () => links.length === 2);
  await other.send("second", port);
  await turn();
  const [otherLink] = links as [Link];
  t.equal(take(otherLink), "first");
  await until("what came behind", () => {
    for (const link of links) if (link !== otherLink) link.close(); // and a new one, for what is still in the kernel
    return take(otherLink) === "second";
  });
});

t.test("a closed link is forgotten: its peer is a stranger again", async t => {
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("1", port);
  const link = await until("the link", () => links[0]);
  link.close();
  link.close();
  await one.send("2", port);
  const next = await until("the next link", () => links[1]);
  t.equal(take(next), "2");
});

t.test("while it does not accept, datagrams wait in the kernel", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  listener.accepting = false;
  await one.send("1", port);
  await one.send("2", port);
  await turn();
  t.equal(links.length, 0);
  listener.accepting = true;
  const link = await until("the link", () => links[0]);
  await turn();
  t.equal(take(link), "1|2");
});

t.test("a peer that has a link gets no second one", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  await one.send("1", port);
  const link = await until("the link", () => links[0]);
  const address = { address: "127.0.0.1", port: one.port };
  t.equal(listener.connect(address), null);
  link.close();
  const again = listener.connect(address);
  t.ok(again);
  again?.close();
});

t.test("a fixed peer is reached without having spoken, and known when it speaks", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  const link = listener.connect({ address: "127.0.0.1", port: one.port });
  t.ok(link);
  link?.write(Buffer.from("unasked"));
  await until("it", () => one.heard[0] === "unasked");
  await one.send("answer", port);
  await until("the answer", () => link !== null && take(link) === "answer");
  t.equal(links.length, 0);
  t.equal(listener.connect({ address: "::1", port: 5000 }), null, "no socket of its family");
  link?.close();
});

t.test("a dual-stack socket that was handed over reaches IPv4 peers too", async t => {
  const fd = bindUdp("::", 0, { v6only: false });
  t.teardown(() => closeSync(fd));
  const listener = adoptUdp([fd], { accepted: () => {}, failed: () => {} }, () => {});
  const one = await peer(t);
  const link = listener.connect({ address: "127.0.0.1", port: one.port });
  link?.write(Buffer.from("unasked"));
  await until("it", () => one.heard[0] === "unasked");
  await one.send("answer", listener.addresses[0]?.port ?? 0);
  await until("the answer", () => link !== null && take(link) === "answer");
  link?.close();
  listener.close();
});

t.test("an address of an interface that is gone swallows what is sent there", async t => {
  const { listener } = serve(t, [{ address: "::1", v6only: true }]);
  const link = listener.connect({ address: "fe80::1%gone0", port: 5000 });
  t.equal(link?.write(Buffer.from("x")), 1);
  link?.close();
});

t.test("peers are at their end when the listener is closed", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  await one.send("1", port);
  const link = await until("the link", () => links[0]);
  await one.send("2", port);
  await turn();
  listener.close();
  listener.close();
  t.equal(listener.connect({ address: "127.0.0.1", port: 5000 }), null);
  closeSync(bindUdp("127.0.0.1", port, { v6only: true })); // nobody has it any more
  t.equal(take(link), "1|2", "what had come is still read");
  let ended = false;
  link.whenReadable(() => {
    ended = link.read(new Uint8Array(1)) < 0;
  });
  await until("the end", () => ended);
  t.same(link.local(), { address: "127.0.0.1", port });
});

t.test("who waits for a peer when the listener is closed is told, but not from within the call", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  await one.send("1", port);
  const link = await until("the link", () => links[0]);
  take(link);
  let calls = 0;
  link.whenReadable(() => calls++);
  listener.close();
  t.equal(calls, 0);
  await until("the call", () => calls === 1);
});

t.test("nothing is ever sent by a descriptor that means something else by now", async t => {
  const { links, port, listener } = serve(t);
  const one = await peer(t);
  await one.send("1", port);
  const link = await until("the link", () => links[0]);
  listener.close();
  const other = bindUdp("127.0.0.1", 0, { v6only: true }); // takes the number
  t.teardown(() => closeSync(other));
  t.equal(link.write(Buffer.from("wrong")), 5);
  link.whenWritable(() => t.fail("it is closed"));
  sendTo(other, Buffer.from("right"), "127.0.0.1", one.port);
  await until("the right one", () => one.heard.includes("right"));
  t.same(one.heard, ["right"]);
  t.same(link.local(), { address: "127.0.0.1", port });
});

t.test("when no address can be opened it says why", async t => {
  const { port } = serve(t);
  const events = { accepted: () => {}, failed: () => {} };
  t.throws(() => listenUdp({ ...SPEC, port }, [HERE], events), { name: "SystemError", code: "EADDRINUSE" });
});
