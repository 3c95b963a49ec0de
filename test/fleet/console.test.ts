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

t.test("a port that is not there is told, and shown as soon as it comes", async t => {
  const stage = await fleetStage(t, OUTPUT, OPEN);
  await stage.broker.start();
  stage.start();
  const seen = await stage.subscribe();
  await seen.expect("the other port", ({ topic }) => topic === stage.topic(`port/${stage.daemon.names[0]}/status`));
  const technician = technicianAt(t, stage, "2010");
  await technician.errors.expect("ser2net: rack7 has no port 2010 yet; it is waited for\n");
  const publish = (rest: string, text: string, retain: boolean) =>
    seen.client.publish(stage.topic(rest), text, { qos: 1, retain, properties: { userProperties: { seq: "1" } } });
  publish("port/2010/status", JSON.stringify({ port: "2010" }), true);
  await technician.errors.expect("ser2net: the output of rack7/2010 follows\n");
  publish("port/2010/output", "login: ", false);
  await technician.output.expect("login: ");
  t.pass("the console is shown");
});

t.test("a board that the broker does not know is told", async t => {
  const stage = await fleetStage(t);
  await stage.broker.start();
  const technician = technicianAt(t, stage, "2001");
  await technician.errors.expect("ser2net: the broker knows no board rack7 yet; it is waited for\n");
  t.pass();
});

t.test("a signal ends it although the broker does not answer any more", async t => {
  const stage = await fleetStage(t, OUTPUT, OPEN);
  await stage.broker.start();
  stage.start();
  const technician = technicianAt(t, stage, stage.daemon.names[0] ?? "");
  await technician.errors.expect("follows");
  process.kill(stage.broker.pid, "SIGSTOP");
  technician.process.kill("SIGINT");
  t.equal((await technician.exit()).code, 0);
});

t.test("so it does to the process of the board, whose messages nothing confirms", async t => {
  const stage = await fleetStage(t, OUTPUT, OPEN);
  await stage.broker.start();
  const fleet = stage.start();
  const seen = await stage.subscribe();
  await seen.expect("the port", ({ topic }) => topic === stage.topic(`port/${stage.daemon.names[0]}/status`));
  process.kill(stage.broker.pid, "SIGSTOP");
  fleet.process.kill("SIGTERM");
  t.equal((await fleet.exit()).code, 0);
});
