/** Restarts and kills of the service while numbered lines pass both ways: issue 13's promise, under a real systemd. */
import type { Test } from "tap";
import type { Client } from "../support/client.js";
import { judge, NumberedStream } from "../support/numbered-stream.js";
import { until } from "../support/wait.js";
import { call } from "./appliance.js";
import { type FarEnd, type Machine, properties } from "./machine.js";

export interface RestartSite {
  readonly machine: Machine;
  readonly unit: string;
  readonly line: FarEnd;
  /** Of the telnet port of that line. */
  readonly port: number;
  readonly rounds: number;
}

export async function testRestarts(t: Test, site: RestartSite): Promise<void> {
  const { machine, unit, line, port, rounds } = site;
  const restart = `systemctl restart ${unit}`;
  const pid = async () =>
    (await properties(machine, unit, "MainPID", "SubState")) as { MainPID: string; SubState: string };
  const kill = async () => {
    const before = await pid();
    await machine.run(`kill -9 ${before.MainPID}`);
    await until("the next process", async () => {
      const now = await pid();
      return now.SubState === "running" && now.MainPID !== before.MainPID;
    });
  };

  const client = await call(t, port);
  client.send("begin");
  await line.expect("begin");

  const streams = async (act: () => Promise<unknown>) => {
    const [up, down] = [new NumberedStream(text => client.send(text)), new NumberedStream(text => line.send(text))];
    for (const one of [up, down]) one.start();
    for (let round = 0; round < rounds; round++) await act();
    const [lastUp, lastDown] = [up.stop(), down.stop()];
    return { up: judge(await line.expect(lastUp)), down: judge(await client.expect(lastDown)) };
  };

  await t.test(`${rounds} restarts: no byte is lost or doubled, either way`, async t => {
    const { up, down } = await streams(() => machine.run(restart));
    for (const [name, { lines, ...faults }] of Object.entries({ up, down })) {
      t.same(faults, { lost: 0, doubled: 0, torn: 0 }, `${name}: ${lines} lines`);
    }
    const { NFileDescriptorStore } = await properties(machine, unit, "NFileDescriptorStore");
    t.match(await machine.run(`systemctl show -P StatusText ${unit}`), /connected/);
    t.equal(
      NFileDescriptorStore,
      "9",
      "three network ports on ::1 and 127.0.0.1, a connection, its device, the journal",
    );
  });

  await t.test(`${rounds} kills: no byte is doubled, and few are lost`, async t => {
    const { up, down } = await streams(kill);
    for (const [name, { lines, lost, doubled, torn }] of Object.entries({ up, down })) {
      t.equal(doubled, 0, `${name}: ${lines} lines, ${lost} lost, ${torn} torn`);
      t.ok(lost <= rounds * 200, `${name}: ${lost} lines lost`);
    }
  });

  await t.test("systemctl daemon-reexec changes nothing", async t => {
    await machine.run("systemctl daemon-reexec");
    await machine.run(restart);
    client.send("after");
    t.equal(await line.expect("after"), "after");
  });

  await t.test("a stop ends the connection", async t => {
    await machine.run(`systemctl stop ${unit}`);
    await (client as Client).untilEnd();
    t.match(await machine.run(`journalctl -u ${unit} -o cat -n 20`), /Deactivated successfully/);
    await machine.run(`systemctl start ${unit}`);
  });
}
