/** What people write in YAML files of ser2net 4, and what it becomes. */
import t from "tap";
import { CARRIED, N81 } from "./carried-cases.js";
import { checked, importText } from "./imported.js";
import { LOST } from "./lost-cases.js";

for (const { title, yaml, lines, said = [] } of [...CARRIED, ...LOST]) {
  t.test(title, async t => {
    const imported = importText(yaml);
    t.same(imported.lines, lines);
    t.same(
      imported.said,
      said.map(one => `a.yaml:${one}`),
    );
    t.same(checked(imported.text), [], "the check has nothing to say");
  });
}

t.test("included files count where they are included", async t => {
  const yaml =
    "define: &port 4060\ninclude: conf.d/*.yaml\nconnection: &z\n  accepter: tcp,4062\n  connector: serialdev,/dev/ttyS2\n  options:\n    banner: *shared\n";
  const files = {
    "conf.d/1.yaml":
      "%YAML 1.1\n---\ndefine: &shared S\nconnection: &a\n  accepter: tcp,*(port)\n  connector: serialdev,/dev/ttyS0\n",
    "conf.d/2.yaml":
      "connection: &b\n  accepter: tcp,4061\n  connector: serialdev,/dev/ttyS1\n  options:\n    bad: 1\n",
    "conf.d/3.txt": "connection",
  };
  const { lines, said } = importText(yaml, files);
  t.same(lines, [
    `4060:raw:0:/dev/ttyS0:${N81}`,
    `4061:raw:0:/dev/ttyS1:${N81}`,
    "BANNER:shared:S",
    `4062:raw:0:/dev/ttyS2:${N81} shared`,
  ]);
  t.same(said, ["conf.d/2.yaml:5:5: bad is not an option of ser2net 4"]);
});
