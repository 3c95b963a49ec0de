import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { parsePortWords } from "../../service/config/port-options.js";
import type { SolTarget } from "../../service/config/sol-target.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { onlyPort, readLines } from "./read.js";

const SECRET = "s3cr3t";

/** The target of a port whose DEVICE line has these arguments. */
function target(args: string): SolTarget {
  const { device } = onlyPort(readLines(`DEVICE:bmc:sol.lan ${args}`, "3000:raw:0:bmc"));
  if (device.kind !== "sol") throw new Error("not a SOL device");
  return device.target;
}

function texts(configuration: Configuration): string[] {
  return configuration.diagnostics.map(formatDiagnostic);
}

/** The errors of these arguments: the column, and what was expected. */
function problem(args: string): string {
  const { ports, diagnostics } = readLines(`DEVICE:b:sol.lan ${args}`, "3000:raw:0:b", "3001:raw:0:/dev/ttyS0");
  t.equal(ports.length, 1, "the line costs only the port that uses it");
  t.match(diagnostics[1], { line: 2, message: "device configuration invalid on line 2" });
  const [first] = diagnostics;
  return first === undefined ? "" : `${first.column - "DEVICE:b:sol.lan ".length} ${first.message}: ${first.expected}`;
}

t.test("without options everything has the value that OpenIPMI gives it", async t => {
  t.same(target("bmc7"), {
    addresses: [{ host: "bmc7", port: 623 }],
    family: 0,
    login: {
      userName: Buffer.alloc(0),
      privilege: "admin",
      lookupByPrivilege: false,
      proposals: [
        { authentication: 1, integrity: 1, confidentiality: 1 },
        { authentication: 3, integrity: 4, confidentiality: 1 },
      ],
      rakp3PrivilegeOnly: false,
      integrityBySik: false,
    },
    password: { kind: "none" },
    bmcKey: { kind: "none" },
  });
});

t.test("each option sets what it says", async t => {
  const cases: readonly (readonly [args: string, expected: object])[] = [
    ["-U ADMIN h", { login: { userName: Buffer.from("ADMIN") } }],
    ["-U '' h", { login: { userName: Buffer.alloc(0) } }],
    ["-P secret h", { password: { kind: "text", value: "secret" } }],
    ["-Pf /etc/ser2net/h.key h", { password: { kind: "file", path: "/etc/ser2net/h.key" } }],
    ["-Pc bmc.h h", { password: { kind: "credential", name: "bmc.h" } }],
    ["-Rk key h", { bmcKey: { kind: "text", value: "key" } }],
    ["-p 9623 h", { addresses: [{ host: "h", port: 9623 }] }],
    ["-p ntp h", { addresses: [{ host: "h", port: 123 }] }],
    [
      "-s -p 1 -p2 2 h 10.0.0.2",
      {
        addresses: [
          { host: "h", port: 1 },
          { host: "10.0.0.2", port: 2 },
        ],
      },
    ],
    [
      "-s fd00::1 fe80::2%eth0",
      {
        addresses: [
          { host: "fd00::1", port: 623 },
          { host: "fe80::2%eth0", port: 623 },
        ],
      },
    ],
    ["-A rmcp+ -M 63 h", {}],
    ["-L operator h", { login: { privilege: "operator" } }],
    ["-L oem h", { login: { privilege: "oem" } }],
    ["-4 h", { family: 4 }],
    ["-6 h", { family: 6 }],
    ["-Rl h", { login: { lookupByPrivilege: true } }],
    ["-H intelplus h", { login: { rakp3PrivilegeOnly: true, integrityBySik: false } }],
    ["-H rakp3_wrong_rolem -H rmcpp_integ_sik h", { login: { rakp3PrivilegeOnly: true, integrityBySik: true } }],
    ["-Ra rakp_none -Ri none -Rc none h", { login: { proposals: [{ authentication: 0, integrity: 0 }] } }],
    ["-Rc none h", { login: { proposals: [{ authentication: 1, integrity: 1, confidentiality: 0 }] } }],
    ["-Ra rakp_hmac_md5 -Ri hmac_md5 h", { login: { proposals: [{ authentication: 2, integrity: 2 }] } }],
    ["-Ra rakp_hmac_sha256 -Ri hmac_sha256 h", { login: { proposals: [{ authentication: 3, integrity: 4 }] } }],
    ["-Ra bmcpick h", { login: { proposals: [{ authentication: null, integrity: 1, confidentiality: 1 }] } }],
    ["-U a -U b h", { login: { userName: Buffer.from("b") } }],
  ];
  for (const [args, expected] of cases) t.match(target(args), expected, args);
});

t.test("quotes and backslashes keep blanks, wherever in a word they stand", async t => {
  const cases: readonly (readonly [written: string, password: string])[] = [
    ['"a b"', "a b"],
    ["'a b'", "a b"],
    ['a" "b', "a b"],
    ["a\\ b", "a b"],
    ["'a\\b'", "a\\b"],
    ['"a\\"b"', 'a"b'],
    ["\\'", "'"],
    ['""', ""],
    ["-s", "-s"],
    ["a:b", "a:b"],
  ];
  for (const [written, value] of cases) {
    t.same(target(`-U "x y" -P ${written} h`).password, { kind: "text", value }, written);
    t.equal(onlyPort(readLines(`DEVICE:b:sol.lan -P ${written} h`, "1:raw:0:b")).device.path, "sol.lan -P *** h");
  }
  t.match(target(" \t-U  ADMIN\t h \r"), { addresses: [{ host: "h" }], login: { userName: Buffer.from("ADMIN") } });
  const words = Array.from({ length: 40 }, () => "-U x").join(" ");
  t.match(target(`${words} h`), { addresses: [{ host: "h" }] }, "any number of words");
});

t.test("a wrong argument says where it is and what was expected", async t => {
  const invalid = "Invalid SOL arguments on line 1";
  const cases: readonly (readonly [args: string, problem: string])[] = [
    ["", `1 ${invalid}: expected a host`],
    ["-U x", `5 ${invalid}: expected a host`],
    ["-s h", `5 ${invalid}: expected two hosts behind -s`],
    ["-U", `3 ${invalid}: -U: expected a value`],
    ["-U -p 1 h", `4 ${invalid}: -U: expected a value`],
    ["-p 0 h", `4 ${invalid}: -p: expected a UDP port from 1 to 65535 or the name of a service`],
    ["-p2 65536 h", `5 ${invalid}: -p2: expected a UDP port from 1 to 65535 or the name of a service`],
    ["-p echo2 h", `4 ${invalid}: -p: expected a UDP port from 1 to 65535 or the name of a service`],
    ["-A md5 h", `4 ${invalid}: -A: expected rmcp+, which SOL needs`],
    ["-M 64 h", `4 ${invalid}: -M: expected a number from 1 to 63`],
    [
      "-Ra sha1 h",
      `5 ${invalid}: -Ra: expected one of bmcpick, rakp_none, rakp_hmac_sha1, rakp_hmac_md5, rakp_hmac_sha256`,
    ],
    ["-Ri md5 h", `5 ${invalid}: -Ri: expected one of bmcpick, none, hmac_sha1, hmac_md5, hmac_sha256`],
    ["-Rc xrc4_40 h", `5 ${invalid}: -Rc: expected one of bmcpick, none, aes_cbc_128`],
    ["-L opeator h", `4 ${invalid}: -L: expected one of callback, user, operator, admin, oem; nearest: operator`],
    ["-H x h", `4 ${invalid}: -H: expected one of intelplus, rakp3_wrong_rolem, rmcpp_integ_sik`],
    ["-Pf key h", `5 ${invalid}: -Pf: expected the absolute path of a file`],
    ["-Pc a/b h", `5 ${invalid}: -Pc: expected the name of a credential of systemd`],
    ["-Pc .. h", `5 ${invalid}: -Pc: expected the name of a credential of systemd`],
    ["-Pf /k -P x h", `11 ${invalid}: -P: expected only one of -P, -Pf and -Pc`],
    ["-P *** h", `4 ${invalid}: -P: expected the secret itself: *** is what --print-config shows in its place`],
    ["-Px h", `1 ${invalid}: expected a blank behind -P`],
    ["h:623", `1 ${invalid}: expected a host name or an address; its port is given with -p`],
    ["-4 ::1", `4 ${invalid}: expected an IPv4 address behind -4`],
    ["-6 10.0.0.1", `4 ${invalid}: expected an IPv6 address behind -6`],
    [
      "h1 h2",
      "4 Extra SOL arguments starting with 'h2' on line 1: expected one host, or -s before two; a password with blanks needs quotes",
    ],
  ];
  for (const [args, expected] of cases) t.equal(problem(args), expected, args);
  t.match(problem("-X foo h"), /^1 .*: expected one of -U -P -Pf -Pc /);
  t.match(problem("-Ra rakp_hmac_sha256 h"), /^1 .*: expected the algorithms of one cipher suite/);
  t.match(problem('-U "x h'), /^8 .*: expected the end of a quoted text/);
  for (const [type, shown] of [
    ["lanplus", "lanplus"],
    ["", ""],
    ["x,-P", "***"],
  ]) {
    const { diagnostics } = readLines(`3000:raw:0:sol.${type} ${SECRET} h`);
    t.match(diagnostics, [{ column: 16, message: `SOL config must start with 'lan ', it was ${shown} on line 1` }]);
  }
});

t.test("what is too long is cut with a warning, and the port is served", async t => {
  const args = `-U ${"u".repeat(17)} -P ${"p".repeat(21)} -Rk ${"k".repeat(21)} h`;
  const configuration = readLines(`3000:raw:0:sol.lan ${args}`);
  t.match(configuration.diagnostics, [
    { column: 23, message: "SOL user name is too long on line 1" },
    { column: 44, message: "SOL password is too long on line 1" },
    { column: 70, message: "SOL BMC key is too long on line 1" },
  ]);
  const { device } = onlyPort(configuration);
  t.match(device, { target: { login: { userName: Buffer.alloc(16, "u") }, bmcKey: { value: "k".repeat(20) } } });
  t.match(device, { target: { password: { value: "p".repeat(20) } } });
});

t.test("a SOL port has the words of SOL, a tty those of a tty", async t => {
  const port = onlyPort(
    readLines(
      "DEFAULT:parity:EVEN",
      "DEFAULT:encrypted:0",
      "DEFAULT:ack-retries:3",
      "DEFAULT:shared-serial-alert:deferred",
      "3000:telnet:0:sol.lan h:115200 NOBREAK -authenticated ack-timeout=200 remctl deassert_CTS_DCD_DSR_on_connect",
    ),
  );
  t.same(port.line, { ...STANDARD_LINE, speed: 115200 });
  t.match(port.options, { clearBreak: false, remctl: true });
  t.same(port.options.sol, {
    ...{ authenticated: false, encrypted: false, sharedSerialAlert: "deferred", deassertOnConnect: true },
    ...{ ackTimeoutUs: 200, ackRetries: 3 },
  });
  t.equal(onlyPort(readLines("3000:raw:0:/dev/a")).options.sol, null);

  const sol = [
    "authenticated",
    "-encrypted",
    "deassert_CTS_DCD_DSR_on_connect",
    "shared_serial_alert_fail",
    "ack-retries=1",
  ];
  for (const word of sol) {
    t.same(texts(readLines(`1:raw:0:/dev/a:${word} 19200`)), [
      `test.conf:1:16: Unknown config item: ${word} on line 1 (only a SOL device has this option)`,
    ]);
  }
  const tty = [
    "300",
    "230400",
    "250000",
    "EVEN",
    "none",
    "8DATABITS",
    "2STOPBITS",
    "XONXOFF",
    "-RTSCTS",
    "LOCAL",
    "rs485=x",
  ];
  for (const word of [...tty, "HANGUP_WHEN_DONE"]) {
    const read = readLines(`1:raw:0:sol.lan h:${word} 19200 remctl`);
    t.match(read.diagnostics, [{ column: 19, message: `Unknown config item: ${word} on line 1` }], word);
    t.match(onlyPort(read), { line: { speed: 19200 }, options: { remctl: true } }, "the rest of the line counts");
  }
  t.match(texts(readLines("1:raw:0:sol.lan h:ack-timeout=x")), [/Invalid number for ack-timeout: x on line 1/]);
});

t.test("the default rate must be one of SOL, unless the line has one", async t => {
  t.equal(onlyPort(readLines("DEFAULT:speed:300", "1:raw:0:sol.lan h:19200")).line.speed, 19200);
  const read = readLines("DEFAULT:speed:300", `1:raw:0:sol.lan -P ${SECRET} h`);
  t.same(read.ports, []);
  t.match(read.diagnostics, [
    { line: 2, column: 9, message: "Invalid default speed for SOL lan -P *** h: 300 on line 2" },
  ]);
});

t.test("setportconfig knows what kind of device a port has", async t => {
  const port = onlyPort(readLines("1:raw:0:sol.lan h"));
  const { finalContext } = readLines();
  const parse = (words: string) => parsePortWords(words, port, finalContext);
  t.equal(parse("300").problem, "Unknown config item: 300");
  t.match(parse("57600 -encrypted"), { problem: null, line: { speed: 57600 }, options: { sol: { encrypted: false } } });
  t.match(parse("+57600"), { problem: null, line: { ...port.line, speed: 57600 }, options: port.options });
});

t.test(
  "a DEVICE name or an inline device is a SOL device; a DEVICE line with a fault is not taken for a path",
  async t => {
    const inline = onlyPort(readLines(`1:raw:0:sol.lan -P ${SECRET} -Rk ${SECRET} h:9600`)).device;
    t.match(inline, { written: "sol.lan -P *** -Rk *** h", path: "sol.lan -P *** -Rk *** h", kind: "sol" });
    const named = onlyPort(readLines(`DEVICE:b:sol.lan -P ${SECRET} ::1`, "1:raw:0:b:9600")).device;
    t.match(named, { written: "b", path: "sol.lan -P *** ::1", kind: "sol" });
    const read = readLines("DEVICE:b:/dev/a", "DEVICE:b:sol.lan", "1:raw:0:b", "2:raw:0:b");
    t.equal(read.ports.length, 0);
    t.match(texts(read)[1], "the line of DEVICE b is wrong");
  },
);

t.test("the work grows with the length of a line, not faster", async t => {
  const long = 200_000;
  for (const text of ["-U x ", "'a' ", "\\ ", '"', "-P a -", " ", ":", "-P"]) {
    const line = `DEVICE:b:sol.lan ${text.repeat(long / text.length)}`;
    t.ok(readLines(line, line, line).diagnostics.length <= 3, text); // minutes, were it quadratic
  }
});
