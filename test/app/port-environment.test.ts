import t from "tap";
import type { HostsAccess, Verdict } from "../../service/access/hosts-files.js";
import { createAccessCheck } from "../../service/app/port-environment.js";
import { createFakeLink } from "../support/fake-link.js";

const BANNER = Buffer.from("welcome\n");

function permission(verdict: Partial<Verdict>, late = false) {
  const warned: string[] = [];
  const log = { error: () => {}, warning: (text: string) => void warned.push(text), notice: () => {}, info: () => {} };
  const asked: Parameters<HostsAccess["check"]>[0][] = [];
  const whole: Verdict = { granted: true, matched: null, warnings: [], banner: null, ...verdict };
  const access: HostsAccess = {
    check(request) {
      asked.push(request);
      return late ? Promise.resolve(whole) : whole;
    },
  };
  return { permitted: createAccessCheck("ser2net", log, access), warned, asked };
}

t.test("the rules are asked about the peer, the local address and the daemon's name", async t => {
  const { permitted, asked } = permission({});
  t.equal(permitted(createFakeLink({ address: "192.0.2.1", port: 5 })), true);
  t.match(asked, [
    { daemon: "ser2net", client: { address: "192.0.2.1", port: 5 }, server: { address: "127.0.0.1", port: 2000 } },
  ]);
});

t.test("warnings are logged, a banner is sent", async t => {
  const { permitted, warned } = permission({ granted: false, warnings: ["bad rule"], banner: BANNER });
  const link = createFakeLink();
  t.equal(permitted(link), false);
  t.same(warned, ["bad rule"]);
  t.equal(link.received, "welcome\n");
});

t.test("a peer that is gone before its banner does no harm", async t => {
  for (const late of [false, true]) {
    const link = createFakeLink();
    link.breakWith("write", "reset");
    t.equal(await permission({ banner: BANNER }, late).permitted(link), true);
  }
});
