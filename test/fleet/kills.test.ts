/** The fleet process, ended at any moment: what its spool took reaches the broker, and a repeated message has its number again. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { Authority, type Pair } from "../support/certificates.js";
import { temporaryFolder } from "../support/daemon.js";
import { fleetStage } from "../support/fleet-stage.js";
import { randomIntegers } from "../support/random.js";
import { until } from "../support/wait.js";

const KILLS = 100;

t.test(`${KILLS} kills at random moments`, async t => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e9);
  t.comment(`SEED=${seed}`);
  const random = randomIntegers(seed);
  const stage = await fleetStage(t, ["OUTPUT:PORT"], ["raw:0:DEVICE:115200 always-open replay=65536"]);
  const [port = ""] = stage.daemon.names;
  await stage.broker.start();
  const seen = await stage.subscribe(stage.topic(`port/${port}/output`));
  let line = 0;
  const timer = setInterval(() => stage.daemon.devices[0]?.send(`<${line++}>`), 5);
  t.teardown(() => clearInterval(timer));
  let fleet = stage.start();
  for (let kill = 0; kill < KILLS; kill++) {
    await new Promise(resolve => setTimeout(resolve, random(250)));
    fleet.process.kill("SIGKILL");
    await fleet.exit();
    fleet = stage.start();
  }
  clearInterval(timer);
  const last = `<${line++}>`;
  await until("the last process reads the console", () => {
    stage.daemon.devices[0]?.send(last);
    return seen.received.some(({ text }) => text.includes(last));
  });
  const byNumber = new Map<number, string>();
  for (const { payload, properties } of seen.received) {
    const seq = Number(properties?.userProperties?.seq);
    const [text, before] = [payload.toString("latin1"), byNumber.get(seq)];
    if (before !== undefined && before !== text) t.fail(`number ${seq} stands for two messages`);
    byNumber.set(seq, text);
  }
  const numbers = [...byNumber.keys()].sort((one, other) => one - other);
  t.equal(numbers.length, numbers.at(-1), "no message that the spool took is missing");
  const text = numbers.map(seq => byNumber.get(seq)).join("");
  const lines = Array.from(text.matchAll(/<(\d+)>/g), ([, number]) => Number(number)).filter(one => one < line - 1);
  t.same(
    lines,
    [...new Set(lines)].sort((one, other) => one - other),
    "none is doubled, and none out of order",
  );
});

t.test("TLS: a certificate on each side, and one that another authority made", async t => {
  const folder = temporaryFolder(t);
  const [own, other] = [new Authority(t), new Authority(t)];
  const names = { names: "DNS:localhost" };
  const [broker, board, stranger] = [own.issue("broker", names), own.issue("board"), other.issue("stranger")];
  const used = { cert: join(folder, "used.crt"), key: join(folder, "used.key") };
  const lines = [`TLS:ca=${own.ca} cert=${used.cert} key=${used.key}`];
  const stage = await fleetStage(t, lines, undefined, [
    ...[`cafile ${own.ca}`, `certfile ${broker.cert}`, `keyfile ${broker.key}`],
    ...["require_certificate true", "use_identity_as_username true"],
  ]);
  const use = ({ cert, key }: Pair) => {
    copyFileSync(cert, used.cert);
    copyFileSync(key, used.key);
  };
  use(stranger);
  await stage.broker.start();
  const fleet = stage.start();
  await fleet.errors.expect(/no connection with mqtts:.*; it is tried again/);
  use(board);
  await fleet.errors.expect("connected with mqtts:");
  const files = { ca: readFileSync(own.ca), cert: readFileSync(board.cert), key: readFileSync(board.key) };
  const seen = await stage.subscribe("#", { ...files, protocol: "mqtts", host: "localhost" });
  await seen.expect("the status", one => one.topic === stage.topic("status"));
  t.pass("it connects as soon as its certificate is right");
});
