import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { solWarnings } from "../../service/app/sol-warnings.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { temporaryFolder } from "../support/daemon.js";

function warnings(file: string | null, ...lines: readonly string[]): string[] {
  const text = lines.map((line, index) => `${index + 1}:raw:0:${line}\n`).join("");
  return solWarnings(readConfiguration([{ file, text }], { serviceLookup: () => null, readSolDevice }).ports);
}

t.test("a session that is not protected is told", async t => {
  const data = "The data of port 1 is neither authenticated nor encrypted on its way to the BMC";
  const cases: readonly (readonly [line: string, warning: string | null])[] = [
    ["/dev/ttyS0", null],
    ["sol.lan h", null],
    ["sol.lan h:-encrypted", null],
    ["sol.lan h:-authenticated", null],
    ["sol.lan h:-encrypted -authenticated", data],
    ["sol.lan -Rc none h", null],
    ["sol.lan -Rc none h:-authenticated", data],
    ["sol.lan -Ri none -Rc none h", data],
    ["sol.lan -Ra rakp_none -Ri none -Rc none h", "Port 1 logs in to its BMC without authentication (-Ra rakp_none)"],
    ["sol.lan -Ra bmcpick -Ri bmcpick -Rc bmcpick h", null],
  ];
  for (const [line, warning] of cases) t.same(warnings("/nowhere", line), warning === null ? [] : [warning], line);
});

t.test("a configuration with secrets that others can read is told once", async t => {
  const file = join(temporaryFolder(t), "ser2net.conf");
  writeFileSync(file, "");
  chmodSync(file, 0o640);
  t.same(warnings(file, "sol.lan -P x h"), [], "our own group may");
  chmodSync(file, 0o644);
  t.same(warnings(file, "sol.lan -P x h", "sol.lan -Rk x h2"), [
    `The configuration file ${file} has passwords of SOL devices and can be read by other users`,
  ]);
  t.same(warnings(file, "sol.lan -Pf /x h", "sol.lan -Pc x h2"), [], "it has no secret");
  t.match(warnings(null, "sol.lan -P x h"), [/^A password in an argument -C is shown to other users/]);
});
