import { createSocket } from "node:dgram";
import { closeSync, openSync } from "node:fs";
import t, { type Test } from "tap";
import { parseNetworkPort } from "../../service/config/network-port.js";
import { bindUdp, listenTcp, localAddress, receiveFrom, unixDatagram } from "../../service/native/sockets.js";
import { type Inherited, inheritedSockets } from "../../service/net/inherited.js";
import { Client } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

/** Closed after the test; not watched any more then. */
function inherit(t: Test, sockets: readonly number[]): Inherited {
  const inherited = inheritedSockets(sockets);
  t.teardown(() => {
    for (const { text } of inherited.unclaimed) take(inherited, text);
    for (const fd of sockets) closeSync(fd);
  });
  return inherited;
}

function take(inherited: Inherited, text: string): readonly number[] {
  const spec = parseNetworkPort(text, () => null);
  if (typeof spec === "string") throw new Error(spec);
  return inherited.take(spec);
}

function tcp(address: string, port: number, v6only = true): number {
  return listenTcp(address, port, { v6only, backlog: 4 });
}

t.test("sockets are told apart by transport, address and port, and given out once", async t => {
  const next = await portNumbers(t);
  const [one, two, three] = [await next(), await next(), await next()];
  const sockets = {
    any: tcp("::", one, false),
    local: tcp("127.0.0.1", two),
    local6: tcp("::1", two),
    udp: bindUdp("0.0.0.0", one, { v6only: true }),
    named: tcp("127.0.0.1", three),
  };
  const inherited = inherit(t, Object.values(sockets));
  t.same(take(inherited, `127.0.0.1,${one}`), [], "another address");
  t.same(take(inherited, `${three + 1}`), [], "another port");
  t.same(take(inherited, `udp,127.0.0.1,${one}`), []);
  t.same(take(inherited, `${one}`), [sockets.any]);
  t.same(take(inherited, `${one}`), [], "given out");
  t.same(take(inherited, `udp,${one}`), [sockets.udp]);
  t.same(take(inherited, `localhost,${two}`), [sockets.local, sockets.local6]);
  t.same(take(inherited, `board.example,${three}`), [sockets.named], "of a name only the port is known");
  t.same(inherited.unclaimed, []);
});

t.test("what is left is told", async t => {
  const fd = tcp("127.0.0.1", 0);
  const { port } = localAddress(fd);
  t.same(inherit(t, [fd]).unclaimed, [{ fd, text: `tcp,127.0.0.1,${port}` }]);
});

t.test("other descriptors are left alone", async t => {
  const unix = unixDatagram();
  const file = openSync("/dev/null", "r");
  t.teardown(() => {
    closeSync(unix);
    closeSync(file);
  });
  t.same(inheritedSockets([unix, file]).unclaimed, []);
});

t.test("peers of a socket that no port has are turned away, until a port has it", async t => {
  const fd = tcp("127.0.0.1", 0);
  const { port } = localAddress(fd);
  const inherited = inherit(t, [fd]);
  for (let round = 0; round < 2; round++) {
    const client = await Client.connect(t, port);
    await client.untilEnd();
  }
  t.same(take(inherited, `127.0.0.1,${port}`), [fd]);
  const waiting = await Client.connect(t, port);
  waiting.send("x");
  await new Promise(resolve => setImmediate(resolve));
  t.notOk(waiting.ended);
  inherited.giveBack([fd]);
  await waiting.untilEnd();
  t.same(take(inherited, `127.0.0.1,${port}`), [fd], "it can be had again");
});

t.test("datagrams to a socket that no port has are dropped", async t => {
  const fd = bindUdp("127.0.0.1", 0, { v6only: true });
  const { port } = localAddress(fd);
  const inherited = inherit(t, [fd]);
  const sender = createSocket("udp4");
  t.teardown(() => sender.close());
  for (let count = 0; count < 3; count++) {
    await new Promise(resolve => sender.send("x", port, "127.0.0.1", resolve));
  }
  await until("they are gone", () => {
    const [taken] = take(inherited, `udp,127.0.0.1,${port}`);
    const left = receiveFrom(fd, new Uint8Array(10));
    inherited.giveBack(taken === undefined ? [] : [taken]);
    return left === null;
  });
});
