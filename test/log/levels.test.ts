import t from "tap";
import { combineLogs, createLog } from "../../service/log/levels.js";

t.test("a combined log says everything to each, in order", async t => {
  const said: string[] = [];
  const one = createLog((level, text) => said.push(`one ${level} ${text}`));
  const other = createLog((level, text) => said.push(`other ${level} ${text}`));
  const log = combineLogs(one, other);
  log.error("a");
  log.warning("b");
  log.notice("c");
  log.info("d");
  t.same(said, [
    ...["one error a", "other error a", "one warning b", "other warning b"],
    ...["one notice c", "other notice c", "one info d", "other info d"],
  ]);
  combineLogs().error("to no log");
});
