import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import { systemClock } from "../../service/line/clock.js";
import { createSyslog } from "../../service/log/syslog.js";
import { needs } from "../support/tools.js";
import { receive } from "./receiver.js";

const python = needs("python3");
const early = { ...systemClock, date: () => new Date(2026, 10, 3, 9, 7, 5) };
const head = `Nov  3 09:07:05 ser2net[${process.pid}]: `;

t.test("each level has its priority, in facility daemon", python, async t => {
  const path = socketPath(t);
  const receiver = await receive(path);
  const log = createSyslog(path, early);
  log.error("bad");
  log.warning("odd");
  log.notice("ser2net startup");
  log.info("Got SIGHUP, re-reading configuration");
  for (const line of [
    `<27>${head}bad`,
    `<28>${head}odd`,
    `<29>${head}ser2net startup`,
    `<30>${head}Got SIGHUP, re-reading configuration`,
  ]) {
    t.equal(await receiver.next(), line);
  }
  log.close();
  await receiver.stop();
});

t.test("a text is one line of latin1, cut where no syslogd would take more", python, async t => {
  const path = socketPath(t);
  const receiver = await receive(path);
  const log = createSyslog(path, early);
  log.error("Unknown config item: \xff\0\r\nand\tmore\n");
  log.error("x".repeat(10_000));
  t.equal(await receiver.next(), `<27>${head}Unknown config item: \xff and more`);
  t.equal((await receiver.next()).length, 8192);
  log.close();
  log.error("after the end");
  await receiver.stop();
});

t.test("lines are lost while there is no syslogd, and their number is logged when there is one", python, async t => {
  const path = socketPath(t);
  const log = createSyslog(path, early);
  log.error("not sent");
  const first = await receive(path);
  log.error("one");
  t.equal(await first.next(), `<28>${head}1 log lines were lost: No such file or directory`);
  t.equal(await first.next(), `<27>${head}one`);
  await first.stop();
  log.error("lost");
  log.error("lost too");
  rmSync(path);
  const second = await receive(path);
  log.error("two");
  t.equal(await second.next(), `<28>${head}2 log lines were lost: Connection refused`);
  t.equal(await second.next(), `<27>${head}two`);
  log.close();
  await second.stop();
});

t.test("a syslogd that does not read does not hold us up", python, async t => {
  const path = socketPath(t);
  const receiver = await receive(path, "held");
  const log = createSyslog(path, early);
  const sent = 2000; // far more than a datagram socket queues
  for (let i = 0; i < sent; i++) log.error(`line ${i}`);
  let taken = 0;
  for (let line = ""; !line.includes("were lost"); taken++) {
    receiver.take();
    line = await receiver.next();
    if (line.endsWith(" line 0")) log.error("probe"); // there is room for two again
  }
  t.ok(taken < sent, `${taken} lines were queued`);
  log.close();
  await receiver.stop();
});

/** Socket paths have at most 107 bytes: too few for the test directory. */
function socketPath(t: Test): string {
  const directory = mkdtempSync(join(tmpdir(), "log-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return join(directory, "log");
}
