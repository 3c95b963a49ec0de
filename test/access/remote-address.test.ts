import t from "tap";
import { isAdmitted } from "../../service/access/remote-address.js";

const peer = { address: "::ffff:10.1.2.3", port: 40000 };

t.test("no list admits every peer, an empty list none", async t => {
  t.ok(isAdmitted(null, peer));
  t.notOk(isAdmitted([], peer));
});

t.test("IPv4 in IPv6 clothes is IPv4, in the list as in the peer", async t => {
  for (const listed of ["10.1.2.3", "::ffff:10.1.2.3", "::ffff:a01:203"]) {
    for (const address of ["10.1.2.3", "::ffff:10.1.2.3"]) {
      t.ok(isAdmitted([{ address: listed, port: 0 }], { address, port: 1 }), `${listed} ${address}`);
    }
    t.notOk(isAdmitted([{ address: listed, port: 0 }], { address: "10.1.2.4", port: 1 }), listed);
    t.notOk(isAdmitted([{ address: listed, port: 0 }], { address: "::a01:203", port: 1 }), listed);
  }
});

t.test("IPv6 matches in any spelling", async t => {
  t.ok(isAdmitted([{ address: "2001:DB8:0:0::0010", port: 0 }], { address: "2001:db8::10", port: 1 }));
  t.notOk(isAdmitted([{ address: "2001:db8::10", port: 0 }], { address: "2001:db8::11", port: 1 }));
});

t.test("a scope counts where the entry has one", async t => {
  t.ok(isAdmitted([{ address: "fe80::1", port: 0 }], { address: "fe80::1%eth0", port: 1 }));
  t.ok(isAdmitted([{ address: "fe80::1%eth0", port: 0 }], { address: "fe80::1%eth0", port: 1 }));
  t.notOk(isAdmitted([{ address: "fe80::1%eth1", port: 0 }], { address: "fe80::1%eth0", port: 1 }));
});

t.test("a port that is set has to be the peer's", async t => {
  t.ok(isAdmitted([{ address: "10.1.2.3", port: 40000 }], peer));
  t.notOk(isAdmitted([{ address: "10.1.2.3", port: 40001 }], peer));
});

t.test("any entry will do; one without a host, and a peer without an address, match nothing", async t => {
  const list = [
    { address: null, port: 0 },
    { address: "10.1.2.3", port: 0 },
  ];
  t.ok(isAdmitted(list, peer));
  t.notOk(isAdmitted(list.slice(0, 1), peer));
  t.notOk(isAdmitted(list, { address: "unknown", port: 0 }));
  for (const address of [
    "10.1.2",
    "10.1.2.03",
    "10.1.2.256",
    "::1::",
    "1:2:3:4:5:6:7:8:9",
    "::%eth0%",
    ":",
    "",
    "1:2:3:4:5:6:7::8",
  ]) {
    t.notOk(isAdmitted([{ address, port: 0 }], { address: "10.1.2.3", port: 1 }), address);
  }
});
