import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createStderrLog } from "../../service/log/stderr.js";

t.test("a line has the name, the process and the text", async t => {
  const file = join(t.testdir({}), "stderr");
  const fd = openSync(file, "w");
  const log = createStderrLog(fd, undefined);
  log.error("Unable to open config file '/x': No such file or directory");
  log.info("caf\xe9\nclosed");
  t.equal(
    readFileSync(file, "latin1"),
    `ser2net[${process.pid}]: Unable to open config file '/x': No such file or directory\nser2net[${process.pid}]: caf\xe9 closed\n`,
  );
  closeSync(fd);
});

t.test("a stream that goes to the journal gets priorities instead", async t => {
  const file = join(t.testdir({}), "stderr");
  const fd = openSync(file, "w");
  const { dev, ino } = fstatSync(fd);
  const log = createStderrLog(fd, `${dev}:${ino}`);
  log.error("a");
  log.warning("b");
  log.notice("c");
  log.info("d");
  createStderrLog(fd, `${dev}:${ino + 1}`).info("redirected");
  t.equal(readFileSync(file, "latin1"), `<3>a\n<4>b\n<5>c\n<6>d\nser2net[${process.pid}]: redirected\n`);
  closeSync(fd);
});

t.test("a closed stream is not an error", async t => {
  const fd = openSync(join(t.testdir({}), "stderr"), "w");
  closeSync(fd);
  t.doesNotThrow(() => createStderrLog(fd, "1:1").error("no reader"));
});
