/** Notices to RFC 2217 clients about modem lines and line errors. */

import t from "tap";
import type { LineCounters, ModemState } from "../../service/line/modem.js";
import { agree, bodies, NO_ERRORS, NO_LINES, suboption, WILL } from "../support/agreed-peer.js";

t.test("modem lines: changes are told with their deltas, within the mask", async t => {
  const { ask, line, news, world } = await agree({ modem: NO_LINES });
  const after = async (modem: Partial<ModemState>): Promise<string> => {
    line.modem = { ...NO_LINES, ...modem };
    await world.pass(100);
    return news();
  };
  t.equal(await after({}), "", "nothing new, nothing told");
  t.equal(await after({ dcd: true }), "6b 88");
  t.equal(await after({ dcd: true, cts: true, dsr: true }), "6b b3");
  t.equal(await after({ dcd: true, cts: true, dsr: true }), "");
  t.equal(await after({ ri: true }), "6b 4b", "RI has no delta when it rises");
  t.equal(await after({}), "6b 04", "and one when it falls");
  t.equal(await ask([11, 0x10]), "6f 10");
  t.equal(await after({ dcd: true, dsr: true }), "", "masked out");
  t.equal(await after({ dcd: true, cts: true }), "6b 10");
  t.equal(await ask([11, 0]), "6f 00");
  t.equal(await after({ cts: true, dcd: true }), "6b 00", "what the mask hides has gone");
  t.equal(await ask([11, 0xff]), "6f ff");
  t.equal(await after({ cts: true, dcd: true }), "6b 90");
});

t.test("line errors are sent once, to peers that asked for them", async t => {
  const { ask, line, news, world } = await agree({ counts: NO_ERRORS });
  const after = async (counts: Partial<LineCounters>): Promise<string> => {
    line.counts = { ...(line.counts ?? NO_ERRORS), ...counts };
    await world.pass(100);
    return news();
  };
  t.equal(await after({ frame: 1 }), "", "no peer asked");
  t.equal(await ask([10, 0xff]), "6e ff");
  t.equal(await after({}), "", "what was before is past");
  t.equal(await after({ frame: 3 }), "6a 08");
  t.equal(await after({ break: 1, overrun: 1, parity: 1 }), "6a 16");
  t.equal(await after({ bufferOverrun: 1 }), "6a 02");
  t.equal(await ask([10, 0x10]), "6e 10");
  t.equal(await after({ frame: 4 }), "");
});

t.test("errors from a time when no peer listened are not reported", async t => {
  const { link, line, world } = await agree({ counts: NO_ERRORS });
  const other = await world.call("7000"); // keeps the device open
  link.finish();
  await world.settle();
  line.counts = { ...NO_ERRORS, parity: 9 };
  other.send(`${WILL}${suboption([10, 0xff])}`);
  await world.settle();
  other.take();
  await world.pass(200);
  t.equal(bodies(other.take()), "");
});

t.test("every client has its own masks and its own news", async t => {
  const { ask, line, news, world } = await agree({ modem: NO_LINES });
  const other = await world.call("7000", WILL);
  other.take();
  await ask([11, 0]);
  line.modem = { ...NO_LINES, cts: true };
  await world.pass(100);
  t.equal(news(), "");
  t.equal(bodies(other.take()), "6b 11");
});

t.test("a device with nothing to look at is not looked at", async t => {
  const { world } = await agree();
  const waiting = world.time.waiting;
  const watched = await agree({ modem: NO_LINES });
  t.equal(watched.world.time.waiting, waiting + 1);
  watched.link.finish();
  await watched.world.settle();
  t.equal(watched.world.time.waiting, 0, "and nothing is read when no peer listens");
});
