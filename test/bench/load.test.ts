/** The generator must see what it is there to see: bytes that are lost or changed. Nothing here is timed. */
import { execFileSync, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import t, { type Test } from "tap";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { Load } from "./load.js";
import { Peer } from "./peers.js";

const C_FILES = ["load", "run", "age", "probe", "exchange", "port", "pattern", "telnet", "noise"];

t.test("every byte through the C loop is counted, both ways, paced and not", needs("cc"), async t => {
  const tools = compile(t);
  const load = await startLoad(t, tools, 2);
  const places = { daemon: "", tools, scratch: tools, busAddress: null };
  const floor = new Peer("floor", { ports: load.ports, mode: "raw", speed: 115_200 }, places);
  t.teardown(() => floor.stop());
  await load.command("connect 0 2");

  const { toNet, toDevice, bursts, age } = await load.run("200 paced 0 2 both 11520 8");
  t.equal(toNet.sent, (bursts / 2) * 8);
  t.equal(toNet.received, toNet.sent);
  t.equal(toDevice.received, toDevice.sent);
  for (const [way, count] of [
    [age.toNet, toNet],
    [age.toDevice, toDevice],
  ] as const) {
    t.equal(way.bytes + way.unknown, count.received, "each byte has an age");
    t.ok(way.mean > 0 && way.p99 > 0, `mean ${way.mean} µs, p99 ${way.p99} µs`);
  }

  const bulk = await load.run("200 bulk 0 1 both echo 1 1 11520 10");
  t.ok(bulk.toNet.received > 100_000, "much came from the device");
  t.ok(bulk.toDevice.received > 100_000, "much came to the device");
  t.ok(bulk.probes > 0, "keystrokes came back");

  const { goodput, toDevice: blocks, toNet: answers } = await load.run("200 exchange 0 128 9 11520");
  t.ok(blocks.received > 0, "blocks were answered");
  t.equal(answers.received / 9, blocks.received / 128, "each one");
  t.ok(goodput > 0 && goodput <= 1, `not faster than the line: ${goodput}`);
});

t.test("a peer that changes a byte is found out", needs("cc", "socat"), async t => {
  const load = await startFilter(t, "tr '\\001' '\\002'");
  await t.rejects(load.run("300 paced 0 1 net 11520 8"), {
    message: /bytes to the net: \d+ wrong, 0 missing, 0 too many/,
  });
});

t.test("a peer that loses a byte is found out", needs("cc", "socat"), async t => {
  const load = await startFilter(t, "tr -d '\\001'");
  await t.rejects(load.run("300 paced 0 1 net 11520 8"), { message: /bytes to the net: \d+ wrong, [1-9]\d* missing/ });
});

/** One port, behind it a peer that filters what comes from the device. */
async function startFilter(t: Test, filter: string): Promise<Load> {
  const tools = compile(t);
  const load = await startLoad(t, tools, 1);
  const [{ path, tcp }] = load.ports as [Load["ports"][0]];
  const script = join(tools, "filter.sh"); // socat would take the backslashes away
  writeFileSync(script, `exec 3<&0\ncat <&3 >${path} &\nexec stdbuf -o0 ${filter} <${path}\n`);
  const socat = spawn("socat", [`TCP-LISTEN:${tcp},bind=127.0.0.1,reuseaddr,nodelay`, `EXEC:sh ${script}`]);
  t.teardown(() => socat.kill());
  await load.command("connect 0 1");
  return load;
}

async function startLoad(t: Test, tools: string, ports: number): Promise<Load> {
  const load = await Load.start(`${tools}/load`, ports, "raw");
  t.teardown(() => load.stop());
  return load;
}

function compile(t: Test): string {
  const folder = temporaryFolder(t);
  const build = (files: readonly string[], program: string) =>
    execFileSync("cc", [...files.map(name => resolve(`test/bench/${name}.c`)), "-lm", "-o", `${folder}/${program}`]);
  build(C_FILES, "load");
  build(["floor"], "floor");
  return folder;
}
