import t from "tap";
import { RemoteNames } from "../../service/net/remote-names.js";
import { until } from "../support/wait.js";

const REMOTE = { family: "any", transport: "tcp", host: null, port: 0 } as const;

t.test("numbers are known at once, no host is nobody", async t => {
  const names = new RemoteNames();
  t.equal(names.address({ ...REMOTE, host: "192.0.2.1" }), "192.0.2.1");
  t.equal(names.address({ ...REMOTE, host: "2001:db8::1" }), "2001:db8::1");
  t.equal(names.address(REMOTE), null);
});

t.test("a name is looked up beside the work and known later", async t => {
  const names = new RemoteNames();
  const remote = { ...REMOTE, host: "127.1" }; // a name to us, and the resolver needs no server for it
  t.equal(names.address(remote), null);
  await until("the answer", () => names.address(remote) !== null);
  t.equal(names.address(remote), "127.0.0.1");
});

t.test("a name that nobody knows stays unknown", async t => {
  const names = new RemoteNames();
  const remote = { ...REMOTE, host: "no-such-name.invalid" };
  t.equal(names.address(remote), null);
  await new Promise(resolve => setImmediate(resolve));
  t.equal(names.address(remote), null);
});
