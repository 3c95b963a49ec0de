import t from "tap";
import { busAddress, socketPaths } from "../../service/dbus/address.js";
import { decodeLabel, encodeLabel, instanceName, toBusString } from "../../service/dbus/names.js";
import { encodeUtf8 } from "../../service/line/bytes.js";

t.test("labels are what sd_bus_path_encode gives", async t => {
  const known = {
    "foo.service": "foo_2eservice",
    "2001": "_32001",
    "": "_",
    _: "_5f",
    "localhost,2000": "localhost_2c2000",
    "::1,2000": "_3a_3a1_2c2000",
    "\xe4\n": "_e4_0a",
  };
  for (const [bytes, label] of Object.entries(known)) {
    t.equal(encodeLabel(bytes), label);
    t.equal(decodeLabel(label), bytes);
  }
});

t.test("every byte comes back, and is a letter, a digit or escaped", async t => {
  const all = String.fromCharCode(...Array(256).keys());
  t.match(encodeLabel(all), /^[A-Za-z0-9_]+$/);
  t.equal(decodeLabel(encodeLabel(all)), all);
});

t.test("other encodings are not labels: each port has one path", async t => {
  for (const label of ["", "2001", "_", "a_", "a_2", "_41", "a_2E", "a_zz", "a-b", "a/b", "__"]) {
    t.equal(decodeLabel(label), label === "_" ? "" : null, label);
  }
});

t.test("an instance has a name below ours, whatever it is called", async t => {
  t.equal(instanceName("acme"), "org.ser2net.Ser2net1.acme");
  t.equal(instanceName("8-port board"), "org.ser2net.Ser2net1._38_2dport_20board");
});

t.test("bytes become text and back; what is no UTF-8 shows as a replacement", async t => {
  t.equal(toBusString("caf\xc3\xa9"), "café");
  t.equal(encodeUtf8("café"), "caf\xc3\xa9");
  t.equal(toBusString("a\xffb\0c"), "a\ufffdb\ufffdc");
});

t.test("addresses are those of the environment, or of the standard places", async t => {
  t.equal(busAddress("system", {}), "unix:path=/run/dbus/system_bus_socket");
  t.equal(busAddress("system", { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/x" }), "unix:path=/x");
  t.equal(busAddress("session", { XDG_RUNTIME_DIR: "/run/user/5" }), "unix:path=/run/user/5/bus");
  t.equal(busAddress("session", { DBUS_SESSION_BUS_ADDRESS: "unix:path=/y" }), "unix:path=/y");
  t.equal(busAddress("unix:path=/z", { DBUS_SYSTEM_BUS_ADDRESS: "unix:path=/x" }), "unix:path=/z");
});

t.test("of an address the local sockets are used, in order", async t => {
  t.same(socketPaths("unix:path=/a,guid=0123;tcp:host=x,port=1;unix:abstract=/tmp/b"), ["/a", "\0/tmp/b"]);
  t.same(socketPaths("unix:path=/a%20b%3b%c3%a4"), ["/a b;ä"]);
  t.same(socketPaths("unix:guid=1,path=/a=b:c"), ["/a=b:c"]);
  t.same(socketPaths("nonsense"), []);
  t.same(socketPaths("autolaunch:"), []);
  t.same(socketPaths(""), []);
});
