/** The export to YAML: what comes back from it is the same, and what ser2net 4 does not have is listed. */
import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { exportYaml } from "../../service/migration/export.js";
import { readText } from "../config/read.js";
import { importText } from "./imported.js";

/** All that a port does; the names of its texts may change. */
function model({ ports, rotators, controlPort }: Configuration): unknown {
  return {
    controlPort,
    rotators: rotators.map(({ networkPort, ports: members }) => ({ networkPort, members })),
    ports: ports.map(({ name, networkPort, state, timeoutSeconds, device, line, options }) => ({
      ...{ name, networkPort, state, timeoutSeconds, line, path: device.path },
      options: {
        ...options,
        ledRx: options.ledRx && { ...options.ledRx, name: "" },
        ledTx: options.ledTx && { ...options.ledTx, name: "" },
        rs485: options.rs485 && { ...options.rs485, name: "" },
      },
    })),
  };
}

const TEXTS = `BANNER:hello:\\r\\nport \\p it's *(not) a "define": # \\x41\\r\\n
OPENSTR:open:AT\\r
CLOSESTR:close:  bye \\\\ caf\xc3\xa9
CLOSEON:end:\\x00\\x0d'x
SIGNATURE:sig:lab: 7
TRACEFILE:log:/var/log/\\p-\\Y
LED:green:sysfs:device=rack:green duration=5 state=0
RS485CONF:bus:1:2:1:0
DEVICE:path:/dev/serial/by-path/pci-0:1.0-port0
`;

const WORDS = [
  "",
  "115200 7DATABITS EVEN 2STOPBITS XONXOFF RTSCTS LOCAL HANGUP_WHEN_DONE NOBREAK",
  "31250 MARK remctl kickolduser telnet_brk_on_sync max-connections=4",
  "-chardelay chardelay-min=500 chardelay-scale=30 chardelay-max=9000 dev-to-net-bufsize=100 net-to-dev-bufsize=200",
  "hello open close end sig tr=log tr-hexdump tb=log tb-timestamp",
  "led-rx=green led-tx=green rs485=bus dtr=on rts=off",
  "remaddr=192.0.2.1,0;::1,0;ipv4,h,0",
  "hold=60 always-open replay=1000 trace-size=5 trace-keep=2 line-timestamp writer=first tell-user telnet-enter=cr esp-auto-reset",
  "mdns",
  "hold=60 mdns=Zigbee",
];

t.test("what is exported and imported again is the same", async t => {
  const lines = [TEXTS, "CONTROLPORT:localhost,2000\n"];
  const names = ["3000", "localhost,3001", "ipv4,3002", "ipv6,::1,3003", "ipv6,3004", "192.0.2.5,3005"];
  let number = 4000;
  for (const state of ["raw", "telnet", "rawlp", "off"]) {
    for (const words of WORDS) {
      const name = names.shift() ?? String(number++);
      lines.push(`${name}:${state}:${number % 3}:${number % 2 ? "path" : "/dev/tty,odd name"}:${words}\n`);
    }
  }
  lines.push("udp,5000:raw:0:/dev/ttyS9:remaddr=udp,192.0.2.7,6\n", "ROTATOR:5001:4000 4001\n");
  lines.push(
    "5002:telnet:0:sol.lan -U a -Pf /etc/bmc h:19200 -encrypted ack-retries=3 NOBREAK shared_serial_alert_deferred\n",
  );
  const before = readText(lines.join(""));
  t.same(before.diagnostics, []);
  const { text, diagnostics } = exportYaml(before);
  const imported = importText(Buffer.from(text, "latin1"));
  t.same(
    imported.said.filter(one => !one.includes("warning: ")),
    [],
  );
  t.same(model(readText(imported.text)), model(before));
  t.ok(diagnostics.length > 0);
});

t.test("what ser2net 4 does not have is listed with the line it comes from", async t => {
  const { diagnostics, text } = exportYaml(
    readText(
      "2001:raw:0:/dev/ttyS0:hold=5\n2002:telnet:0:sol.lan -U a -P secret h:9600\nPULSE:p:DTR=1\n2003:off:0:/dev/ttyS1\n",
    ),
  );
  t.notMatch(text, "secret");
  t.same(diagnostics.map(formatDiagnostic), [
    "test.conf:1:1: Port 2001: hold=5 is not carried over (ser2net 4 does not have it; a comment keeps it for ser2net import)",
    "test.conf:2:1: Port 2002: the secrets of its SOL device is not carried over (put them in place of ***)",
    "test.conf:4:1: warning: Port 2003 is off: it is written as raw (ser2net.conf does not say which state it would have)",
    "-C:0:1: PULSE p is not carried over (ser2net 4 has no pulses)",
  ]);
});

t.test("what is announced has the names of ser2net 4", async t => {
  const { text, diagnostics } = exportYaml(
    readText("CONTROLPORT:mdns:2000\n2001:telnet:0:/dev/ttyS0:mdns\n2002:raw:0:/dev/ttyS1:mdns=Zigbee\n"),
  );
  t.match(text, "  accepter: 'telnet,tcp,2000'".replaceAll("'", ""));
  t.match(text, "# ser2net-edge: mdns\n  options:\n    mdns: true\n    mdns-type: '_telnet._tcp'\nconnection");
  t.match(text, /connector: [^#\n]*\n {2}options:\n {4}mdns: true\n {4}mdns-name: Zigbee\n$/);
  t.same(diagnostics.map(formatDiagnostic), [
    "-C:0:1: mdns: of CONTROLPORT is not carried over (ser2net 4 does not announce it)",
  ]);
});

const TLS_LINES = `TLS:plain:cert=/c key=/k,1 min=1.2
TLS:people:cert=/c key=/k ca=/ca.pem allow=alice,rack7
TLS:new:cert=%d/c key=/k min=1.3 ciphers=HIGH
TLS:visitors:cert=/c key=/k ca=/ca.pem verify=optional
TLS:watched:cert=/c key=/k ca=/ca.pem watch=bob
TLS:keys:psk=/nonexistent
`;

t.test("TLS is the layer ssl, and the same when it comes back", async t => {
  const before = readText(
    `${TLS_LINES}CONTROLPORT:tls:plain,2000\n3001:telnet:0:/dev/ttyS0:remctl tls=people\n3002:raw:5:/dev/ttyS1:tls=plain\n3003:off:0:/dev/ttyS2:\nROTATOR:3004:3001 3003\n`,
  );
  const { text, diagnostics } = exportYaml(before);
  t.same(
    diagnostics.filter(({ isWarning }) => !isWarning),
    [],
  );
  t.match(text, "accepter: 'telnet(rfc2217),ssl(key=/k,cert=/c,CA=/ca.pem,clientauth),tcp,3001'".replaceAll("'", ""));
  t.match(text, "allowed-users: 'alice rack7'");
  t.match(text, /connections: \[ \*con3003 \]/, "no way in clear text to a port with TLS");
  const after = readText(importText(Buffer.from(text, "latin1")).text);
  t.same(after.diagnostics, []);
  const secured = ({ ports, finalContext }: Configuration) =>
    ports.map(({ name, state, options: { tls, remctl } }) => {
      const { cert, key, ca, verify, allow, min } = finalContext.tls.get(tls ?? "") ?? {};
      return { name, state, remctl, cert, key, ca, verify, allow, min };
    });
  t.same(secured(after), secured(before));
  t.match(after.controlPort, /^tls:[^,]*,2000$/);
  t.same(
    after.finalContext.tls.get(after.controlPort?.split(/[:,]/)[1] ?? "")?.text,
    "cert=/c key=/k,1",
    "a path with a comma",
  );
});

t.test("what of TLS ser2net 4 does not have is listed, and no port becomes more open", async t => {
  const ports = ["new", "visitors", "watched", "keys"].map(
    (name, at) => `300${at}:raw:0:/dev/ttyS${at}:9600 tls=${name}\n`,
  );
  const { text, diagnostics } = exportYaml(
    readText(`${TLS_LINES}CONTROLPORT:tls:keys,2000\nMETRICS:9199\n${ports.join("")}`),
  );
  t.match(text, "ssl(key=/k,cert=%d/c),tcp,3000");
  t.notMatch(text, /300[123]|2000/);
  const watch = "(ser2net 4 has no peers that may only watch: they would write too)";
  const keys = "(ser2net 4 has no keys that are shared before (psk=))";
  t.same(diagnostics.map(formatDiagnostic), [
    `-C:0:1: CONTROLPORT:tls:keys,2000 is not carried over ${keys}`,
    "-C:0:1: METRICS is not carried over (ser2net 4 has no metrics)",
    "test.conf:9:1: TLS new: min=1.3 is not carried over (ser2net 4 does not have it)",
    "test.conf:9:1: TLS new: ciphers=HIGH is not carried over (ser2net 4 does not have it)",
    "test.conf:9:1: TLS new: the credential %d/c is not carried over (ser2net 4 does not have it)",
    `test.conf:10:1: Port 3001, which has tls=visitors is not carried over ${watch}`,
    `test.conf:11:1: Port 3002, which has tls=watched is not carried over ${watch}`,
    `test.conf:12:1: Port 3003, which has tls=keys is not carried over ${keys}`,
  ]);
});
