import t from "tap";
import { setTickMs } from "../../service/native/poll.js";
import type { Link } from "../../service/net/link.js";
import { portNumbers } from "../support/ports.js";
import { peer, serve, take, turn } from "../support/udp-sockets.js";
import { until } from "../support/wait.js";

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

t.test("datagrams wait for a tick while all readers may", async t => {
  setTickMs(1000);
  t.teardown(() => setTickMs(2));
  const { links, port } = serve(t);
  const one = await peer(t);
  await one.send("a", port);
  const link = await until("the link", () => links[0]);
  const calls: string[] = [];
  link.whenReadable(() => calls.push(take(link)), true);
  await until("what waited", () => calls.length === 1);
  link.whenReadable(() => calls.push(take(link)), true);
  await one.send("b", port);
  await turn();
  t.same(calls, ["a"]);
  link.whenReadable(() => calls.push(take(link)));
  await until("at once", () => calls.length === 2);
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
