import t from "tap";
import type { NetworkPort } from "../../service/config/network-port.js";
import { RemoteNames } from "../../service/net/remote-names.js";
import { FakeClock } from "../support/fake-clock.js";
import { until } from "../support/wait.js";

const REMOTE = { family: "any", transport: "tcp", host: null, port: 0 } as const;

/** A resolver that knows what `known` knows, and how often it was asked. */
function resolver(known: Map<string, readonly string[]>) {
  const asked: string[] = [];
  const lookUp = async ({ host }: NetworkPort) => {
    asked.push(host ?? "");
    const found = known.get(host ?? "");
    if (found === undefined) throw new Error("unknown name");
    return found.map(address => ({ address, v6only: true }));
  };
  return { asked, lookUp };
}

/** All promises that can settle have. */
function turn(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve));
}

t.test("numbers are known at once, localhost too; an entry without a host has no address", async t => {
  const { asked, lookUp } = resolver(new Map());
  const names = new RemoteNames(lookUp);
  t.same(names.addresses({ ...REMOTE, host: "192.0.2.1" }), ["192.0.2.1"]);
  t.same(names.addresses({ ...REMOTE, host: "2001:db8::1" }), ["2001:db8::1"]);
  t.same(names.addresses({ ...REMOTE, host: "localhost" }), ["::1", "127.0.0.1"]);
  t.same(names.addresses(REMOTE), []);
  t.same(asked, []);
});

t.test("a name is looked up beside the work and known later, with all its addresses", async t => {
  const { asked, lookUp } = resolver(new Map([["board", ["2001:db8::1", "192.0.2.1"]]]));
  const names = new RemoteNames(lookUp);
  const remote = { ...REMOTE, host: "board" };
  t.same(names.addresses(remote), []);
  t.same(names.addresses(remote), []);
  await turn();
  t.same(names.addresses(remote), ["2001:db8::1", "192.0.2.1"]);
  t.same(asked, ["board"], "one question");
});

t.test("an answer is asked for again when it is old, and serves until the new one is there", async t => {
  const time = new FakeClock();
  const known = new Map([["board", ["192.0.2.1"]]]);
  const { asked, lookUp } = resolver(known);
  const names = new RemoteNames(lookUp, time);
  const remote = { ...REMOTE, host: "board" };
  names.addresses(remote);
  await turn();
  known.set("board", ["192.0.2.2"]);
  time.pass(59_000);
  t.same(names.addresses(remote), ["192.0.2.1"]);
  time.pass(2000);
  t.same(names.addresses(remote), ["192.0.2.1"]);
  await turn();
  t.same(names.addresses(remote), ["192.0.2.2"]);
  known.delete("board");
  time.pass(61_000);
  names.addresses(remote);
  await turn();
  t.same(names.addresses(remote), ["192.0.2.2"], "the last good answer outlives the name server");
  t.equal(asked.length, 3);
});

t.test("a name that is not known at boot is looked up until it is, without a peer", async t => {
  const time = new FakeClock();
  const known = new Map<string, readonly string[]>();
  const { asked, lookUp } = resolver(known);
  const names = new RemoteNames(lookUp, time);
  const remote = { ...REMOTE, host: "board" };
  names.addresses(remote);
  await turn();
  for (let round = 0; round < 3; round++) {
    time.pass(30_000);
    await turn();
  }
  t.equal(asked.length, 4);
  known.set("board", ["192.0.2.1"]);
  time.pass(30_000);
  await turn();
  t.same(names.addresses(remote), ["192.0.2.1"]);
  t.equal(time.waiting, 0);
});

t.test("the system's resolver", async t => {
  const names = new RemoteNames();
  const remote = { ...REMOTE, host: "127.1" }; // a name to us, and the resolver needs no server for it
  await until("the answer", () => names.addresses(remote).length > 0);
  t.same(names.addresses(remote), ["127.0.0.1"]);
});
