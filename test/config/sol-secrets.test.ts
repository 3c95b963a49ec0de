/** The secrets of SOL devices are compared, and shown nowhere. */
import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { formatDiagnostic } from "../../service/config/diagnostic.js";
import { planReload } from "../../service/config/plan.js";
import { printConfiguration } from "../../service/config/print.js";
import { hideSecrets, holdsSecret } from "../../service/config/sol-words.js";
import { readLines } from "./read.js";

const SECRET = "s3cr3t";

function texts(configuration: Configuration): string[] {
  return configuration.diagnostics.map(formatDiagnostic);
}

t.test("a reload notices another password, although it is not printed", async t => {
  const read = (secret: string) => readLines(`1:udp,2:raw:0:/dev/a`, `udp,1:raw:0:sol.lan -P ${secret} h`);
  const step = (next: Configuration) => planReload(read(SECRET), next, () => true).ports.map(one => one.do);
  t.same(step(read(SECRET)), ["replace-when-free"]);
  t.same(step(read("other")), ["replace-now"], "a changed UDP port is replaced at once");
  t.equal(printConfiguration(read(SECRET)), printConfiguration(read("other")));
});

t.test("the printed form hides the secrets, says so, and is not taken for the configuration", async t => {
  const files = readLines("DEVICE:b:sol.lan -U 'a b' -Pf /k -s ::1 h", "1:raw:0:b:19200 -encrypted ack-retries=2");
  const printed = printConfiguration(files);
  t.notMatch(printed, "# ");
  const again = readLines(...printed.split("\n"));
  t.same(again.diagnostics, []);
  t.same(printConfiguration(again), printed);
  t.match(again.ports[0], { device: files.ports[0]?.device, options: files.ports[0]?.options });

  const secrets = readLines(`DEVICE:b:sol.lan -U x -P ${SECRET} h`, `1:raw:0:sol.lan -Rk ${SECRET} h2`);
  const hidden = printConfiguration(secrets);
  t.notMatch(hidden, SECRET);
  t.match(hidden, "# *** stands for a secret of a SOL device, which is not printed.\n");
  t.match(hidden, "DEVICE:b:sol.lan -U x -P *** h\n");
  t.match(hidden, "1:raw:0:sol.lan -Rk *** h2:9600 ");
  t.match(texts(readLines(...hidden.split("\n"))), [
    /-Rk: expected the secret itself/,
    /-P: expected the secret itself/,
  ]);
});

t.test("no diagnostic shows a secret, whatever is wrong with the line", async t => {
  const lines = [
    `1:raw:0:sol.lan -U ADMIN -P ab:${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P "ab:${SECRET}" h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P "ab:x ${SECRET} y" h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P a b:${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P a b:c ${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P a ${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P a -${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -P${SECRET} h:9600`,
    `1:raw:0:sol.lan -U ADMIN -Rk${SECRET} h:9600`,
    `1:raw:0:sol.lan -U -P ${SECRET}:9600`,
    `1:raw:0:sol.lan -P ${SECRET}`,
    `1:raw:0:sol.lan -P ${SECRET} h:30000 EVEN frobnicate`,
    `1:raw:0:sol.lanplus -P ${SECRET} h:9600`,
    `1:raw:0:sol.lan:-P ${SECRET} h:9600`,
    `1:raw:0:sol,lan -P ${SECRET} h:9600`,
    `1:raw:0:SOL.lan -P ${SECRET} h:9600`,
    `1:raw:0:ipmisol,lan -U ADMIN -P ${SECRET} h:9600`,
    `1:raw:0: sol.lan -P ${SECRET} h:9600`,
    `1:raw:x:sol.lan -P ${SECRET} h:9600`,
    `x:raw:0:sol.lan -P ${SECRET} h:9600`,
    `1:rwa:0:sol.lan -P ${SECRET} h:9600`,
    `sol.lan -P ${SECRET} h:9600`,
    `sol.lan -P ${SECRET} h:2000:raw:0:/dev/a`,
    `DEVICE:b sol.lan -P ${SECRET} h`,
    `DEVICE:b:sol,lan -P ${SECRET} h`,
    `DEVICE:b:sol.lan -P x ${SECRET} h`,
    `DEVICE:sol.lan -P ${SECRET} h`,
    `BANNER:sol.lan -P ${SECRET} h`,
  ];
  for (const line of lines) {
    const read = readLines(line);
    t.ok(read.diagnostics.length > 0, line);
    t.notMatch(texts(read).join("\n"), SECRET, line);
    t.notMatch(printConfiguration(read), SECRET, line);
    t.notMatch(JSON.stringify(read.ports.map(({ device: { path, written } }) => [path, written])), SECRET, line);
  }
});

t.test("any text is shown without what may be a secret", async t => {
  const cases = [
    [`sol.lan -U x -P ${SECRET} h`, "sol.lan -U x -P ***"],
    [`"sol.lan -P${SECRET}"`, '"sol.lan -P ***'],
    [`sol.lan -Rk '${SECRET}' h`, "sol.lan -Rk ***"],
    ["sol.lan -Pf /a -Pc b -p 1 h", "sol.lan -Pf /a -Pc b -p 1 h"],
    ["/dev/a-P", "/dev/a-P"],
  ] as const;
  for (const [text, shown] of cases) {
    t.equal(hideSecrets(text), shown);
    t.equal(holdsSecret(text), text !== shown, text);
  }
});
