/** Updates of the daemon alone, as signed bundles, while a person types at a telnet port: docs/ota.md. */
import type { Test } from "tap";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { call } from "./appliance.js";
import { type FarEnd, properties } from "./machine.js";
import type { Board } from "./qemu.js";
import type { Outcome } from "./shell.js";

const UNIT = "ser2net@lab.service";
/** Bytes a millisecond: ten lines a second. */
const TYPING = 0.08;

export async function testAppUpdates(
  t: Test,
  board: Board,
  line: FarEnd,
  install: (version: string) => Promise<Outcome>,
): Promise<void> {
  const client = await call(t, 2001);
  const inUse = async () => {
    const { MainPID } = await properties(board, UNIT, "MainPID");
    return board.run(
      `tr '\\0' '\\n' </proc/${MainPID}/cmdline | grep cjs; $(tr '\\0' '\\n' </proc/${MainPID}/cmdline | grep cjs) -v`,
    );
  };
  /** Installs it while lines of text pass both ways; none is lost or doubled. */
  const typing = async (t: Test, version: string): Promise<Outcome> => {
    const up = new NumberedStream(text => client.send(text), TYPING);
    const down = new NumberedStream(text => line.send(text), TYPING);
    for (const one of [up, down]) one.start();
    const outcome = await install(version);
    const [lastUp, lastDown] = [up.stop(), down.stop()];
    for (const [name, text] of [
      ["up", await line.expect(lastUp)],
      ["down", await client.expect(lastDown)],
    ] as const) {
      const { lines, ...faults } = judge(text);
      t.same(faults, { lost: 0, doubled: 0, torn: 0 }, `${name}: ${lines} lines`);
    }
    return outcome;
  };

  await t.test("a bundle of the daemon alone is installed beside a connection, which loses nothing", async t => {
    const { status, output } = await typing(t, "1.1.0");
    t.equal(status, 0, output);
    t.equal(await inUse(), "/data/app/current/ser2net.cjs\nser2net version 1.1.0\n");
    t.match(await properties(board, UNIT, "NRestarts"), { NRestarts: "0" });
  });

  for (const [version, what] of [
    ["1.2.0", "does not start"],
    ["1.3.0", "crashes before it counts as healthy"],
  ] as const) {
    await t.test(`a version that ${what} is given up: the one before goes on with the same connection`, async t => {
      const { status, output } = await typing(t, version);
      t.not(status, 0, output);
      t.match(await board.run("journalctl -u rauc -o cat --no-pager"), /the new version is not healthy, back to a/);
      t.equal(await inUse(), "/data/app/current/ser2net.cjs\nser2net version 1.1.0\n");
      t.equal(await board.run("ls /data/app | grep trial || true"), "");
    });
  }
  await client.close();
}
