import { closeSync } from "node:fs";
import t from "tap";
import { bindUdp, sendTo } from "../../service/native/sockets.js";
import { adoptUdp, listenUdp } from "../../service/net/udp.js";
import { HERE, peer, SPEC, serve, take, turn } from "../support/udp-sockets.js";
import { until } from "../support/wait.js";

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
  closeSync(bindUdp("127.0.0.1", port, { v6only: true })); // it is free again
  t.equal(take(link), "1|2", "what had come is still read");
  let ended = false;
  link.whenReadable(() => {
    ended = link.read(new Uint8Array(1)) < 0;
  });
  await until("the end", () => ended);
  t.same(link.local(), { address: "127.0.0.1", port });
});

t.test("a reader that is set when the listener is closed is called, but not from within the call", async t => {
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
