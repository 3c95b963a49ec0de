/** `ser2net fleet console` beside a real broker and a real board. */
import { rmSync } from "node:fs";
import t from "tap";
import type { Teardown } from "../support/client.js";
import { BUNDLE, runProgram } from "../support/daemon.js";
import { BOARD, type FleetStage, fleetStage } from "../support/fleet-stage.js";
import { until } from "../support/wait.js";

const OUTPUT = ["OUTPUT:PORT"];
const OPEN = ["raw:0:DEVICE:115200 always-open replay=65536"];

function technicianAt(t: Teardown, { broker }: FleetStage, port: string) {
  const at = ["--broker", `mqtt://127.0.0.1:${broker.port}`];
  return runProgram(t, process.execPath, [BUNDLE, "fleet", "console", `${BOARD}/${port}`, ...at]);
}

t.test("the spool of the board is lost: its numbers begin anew, and all that comes is shown", async t => {
  const stage = await fleetStage(t, OUTPUT, OPEN);
  const [port = ""] = stage.daemon.names;
  await stage.broker.start();
  const technician = technicianAt(t, stage, port);
  const seen = await stage.subscribe(stage.topic(`port/${port}/output`));
  /** Again and again: a process that begins may not read the console yet. */
  const say = (text: string) =>
    until(text, () => {
      stage.daemon.devices[0]?.send(text);
      return seen.received.some(one => one.text.includes(text));
    });
  const fleet = stage.start();
  await technician.errors.expect("follows");
  for (const text of ["<one>", "<two>", "<three>"]) await say(text);
  await technician.output.expect("<three>");
  fleet.process.kill("SIGTERM");
  await fleet.exit();
  rmSync(stage.state, { recursive: true });
  stage.start();
  await say("<four>");
  await technician.errors.expect("the board has begun anew: messages may be missing here");
  await technician.output.expect("<four>");
  t.pass("it is shown");
});
