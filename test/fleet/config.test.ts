/** The configuration of the fleet process, and what is told of a mistake in it. */
import t from "tap";
import { parseFleetConfig } from "../../service/fleet/config.js";

const parse = (...lines: string[]) => parseFleetConfig(lines.join("\n"), "fleet-rack7.conf", "rack7");
const mistakes = (...lines: string[]) => {
  const result = parse(...lines);
  return "config" in result
    ? []
    : result.diagnostics.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

t.test("all lines", async t => {
  const result = parse(
    ...["# a comment", "", "BROKER:mqtts://[fd00::1]:8883", "BOARD:b7", "PREFIX:plant/north", "SOCKET:/run/x"],
    ...["TLS:ca=/ca cert=/c key=/k", "LOGIN:user=u password=/p", "OUTPUT:2001 usb", "OUTPUT:*"],
    ...["SPOOL:64K path=/var/spool/x", "ALLOW:break 2001", "ALLOW:break usb", "ALLOW:drain"],
  );
  t.same("config" in result && result.config, {
    ...{ broker: "mqtts://[fd00::1]:8883", board: "b7", prefix: "plant/north", socket: "/run/x" },
    ...{ tls: { ca: "/ca", cert: "/c", key: "/k" }, login: { user: "u", passwordFile: "/p" } },
    ...{ output: ["2001", "usb", "*"], spoolBytes: 65_536, spoolFolder: "/var/spool/x" },
    allowed: new Map([
      ["break", ["2001", "usb"]],
      ["drain", ["*"]],
    ]),
  });
});

t.test("what is not given", async t => {
  const result = parse("BROKER:mqtt://broker");
  t.match("config" in result && result.config, {
    ...{ board: "rack7", prefix: "ser2net", socket: "/run/ser2net/rack7/control", spoolBytes: 16 * 1024 * 1024 },
    ...{ output: [], login: null },
  });
});

t.test("mistakes, each with its place", async t => {
  t.same(mistakes(), ["1:1 No broker given"]);
  t.same(mistakes("BROKER:http://x"), ["1:8 Invalid broker: http://x"]);
  t.same(mistakes("BROKER:mqtt://x:99999"), ["1:8 Invalid broker: mqtt://x:99999"]);
  t.same(mistakes("BROKER:mqtt://x", "TLS:ca=/a cart=/b"), ["2:11 Invalid TLS word: cart=/b"]);
  t.same(mistakes("BROKER:mqtt://x", "TLS:cert=/a"), ["2:5 cert= and key= belong together"]);
  t.same(mistakes("BROKER:mqtt://x", "LOGIN:user=a pass=secret"), ["2:14 Invalid login word: pass=..."], "no secret");
  t.same(mistakes("BROKER:mqtt://x", "SPOOL:1K"), ["2:7 Invalid spool: 1K"]);
  t.same(mistakes("BROKER:mqtt://x", "BOARD:a/b"), ["2:7 Invalid board: a/b"]);
  t.same(mistakes("BROKER:mqtt://x", "ALLOW:braek"), ["2:7 Unknown command: braek"]);
  t.same(mistakes("BROKR:mqtt://x", "SPOOL:64K", "nonsense"), [
    "1:1 Unknown line: BROKR",
    "3:1 Unknown line: nonsense",
  ]);
});
