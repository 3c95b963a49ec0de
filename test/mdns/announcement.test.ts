import t from "tap";
import { type Announcement, controlAnnouncement, portAnnouncement } from "../../service/mdns/announcement.js";
import { onlyPort, readLines } from "../config/read.js";

const MACHINE = { host: "rack7", board: null };

/** What is announced of a port line with mdns. */
function announced(line: string, label: string | null = null, ...before: readonly string[]): Announcement {
  const found = portAnnouncement(onlyPort(readLines(...before, line)), { ...MACHINE, label });
  if (found === null || typeof found === "string") throw new Error(`not announced: ${found}`);
  return found;
}

/** Null: it has no announcement; a string: the log says why. */
function left(line: string): unknown {
  const found = portAnnouncement(onlyPort(readLines(line)), { ...MACHINE, label: null });
  return typeof found === "object" && found !== null ? "announced" : found;
}

t.test("the type and the texts tell how a client connects", async t => {
  const types = (["telnet", "raw", "rawlp"] as const).map(state => announced(`1:${state}:0:/dev/a:mdns`).type);
  t.same(types, ["_telnet._tcp", "_iostream._tcp", "_iostream._tcp"]);
  t.equal(announced("udp,1:raw:0:/dev/a:mdns").type, "_iostream._udp");
  t.same(announced("1:telnet:0:/dev/a:115200 7DATABITS EVEN remctl mdns").txt, [
    "provider=ser2net",
    "gensiostack=telnet(rfc2217),tcp",
    "mode=telnet",
    "line=115200E71",
  ]);
  t.same(announced("1:rawlp:0:/dev/lp0:mdns").txt, ["provider=ser2net", "gensiostack=tcp", "mode=rawlp"]);
  const secure = announced("1:raw:0:/dev/a:tls=t mdns", null, "TLS:t:cert=/c key=/k").txt;
  t.same([secure.includes("tls=1"), secure.includes("gensiostack=ssl,tcp")], [true, true]);
});

t.test("a name is given, or made of the label or the device", async t => {
  t.equal(announced("1:raw:0:/dev/ttyS0:mdns=Zigbee").name, "Zigbee");
  t.equal(announced("1:raw:0:/dev/serial/by-id/usb-a:mdns").name, "usb-a on rack7");
  t.equal(announced("1:raw:0:router:mdns", null, "DEVICE:router:/dev/ttyS0").name, "router on rack7");
  t.equal(announced("1:raw:0:/dev/ttyS0:mdns", "T\xc3\xbcr 1").name, "Tür 1 on rack7", "labels are UTF-8");
  const long = announced(`1:raw:0:/dev/a:mdns=${"\xc3\xbc".repeat(40)}`).name;
  t.equal(long, "ü".repeat(31), "63 bytes, and no half character");
  t.equal(announced("1:raw:0:/dev/a:mdns=a\x07b").name, "ab");
  t.equal(Buffer.byteLength(announced("1:raw:0:/dev/a:mdns", "x".repeat(400)).txt[2] ?? ""), 255);
});

t.test("what others cannot reach, or have not to find, is left out", async t => {
  t.equal(left("1:raw:0:/dev/a"), null);
  t.equal(left("1:off:0:/dev/a:mdns"), null);
  for (const host of ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
    t.equal(left(`${host},1:raw:0:/dev/a:mdns`), `${host},1 (it serves this machine only)`);
  t.equal(left("0:raw:0:/dev/a:mdns"), "0 (it is standard input)");
  t.equal(left("rack,1:raw:0:/dev/a:mdns"), "rack,1 (a host name is not looked up, give its address)");
  t.match(announced("192.0.2.1,1:raw:0:/dev/a:mdns"), { address: "192.0.2.1", family: "any" });
  t.match(announced("fe80::1%eth0,1:raw:0:/dev/a:mdns"), { address: "fe80::1" });
  t.match(announced("ipv4,1:raw:0:/dev/a:mdns"), { address: null, family: "ipv4" });
  t.match(announced("::,1:raw:0:/dev/a:mdns"), { address: null });
});

t.test("the control port", async t => {
  const port = (host: string | null) => ({ family: "any", transport: "tcp", host, port: 2000 }) as const;
  t.match(controlAnnouncement("mdns:tls:t,2000", port(null), { host: "rack7", board: "cabinet" }), {
    name: "cabinet on rack7",
    type: "_ser2net-control._tcp",
    txt: ["provider=ser2net", "board=cabinet", "tls=1"],
  });
  t.match(controlAnnouncement("mdns:2000", port(null), MACHINE), { name: "ser2net on rack7" });
  t.equal(controlAnnouncement("2000", port(null), MACHINE), null);
  t.equal(
    controlAnnouncement("mdns:localhost,2000", port("localhost"), MACHINE),
    "the control port (it serves this machine only)",
  );
});
