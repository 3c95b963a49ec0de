/** examples/fleet-to-loki.py between a broker and a receiver with the push API of Loki. */
import { createServer } from "node:http";
import { join } from "node:path";
import t, { type Test } from "tap";
import { runProgram } from "../support/daemon.js";
import { BOARD, fleetStage } from "../support/fleet-stage.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const SCRIPT = join(import.meta.dirname, "../../examples/fleet-to-loki.py");

interface Push {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: { readonly streams: readonly { readonly stream: object; readonly values: readonly string[][] }[] };
}

/** Refuses the first request as a server that starts does. */
async function receiver(t: Test) {
  const pushes: Push[] = [];
  let refused = 0;
  const server = createServer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    if (refused === 0) {
      refused++;
      response.writeHead(503).end();
      return;
    }
    const { method, url, headers } = request;
    pushes.push({ method, url, type: headers["content-type"], body: JSON.parse(text) });
    response.writeHead(204).end();
  });
  await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return { pushes, port: address !== null && typeof address === "object" ? address.port : 0 };
}

t.test(
  "consoles become lines and events entries, with their labels and times",
  needs("mosquitto_sub", "python3"),
  async t => {
    const loki = await receiver(t);
    const stage = await fleetStage(t, ["OUTPUT:PORT"], ["raw:0:DEVICE:115200 always-open"]);
    const [port = ""] = stage.daemon.names;
    await stage.broker.start();
    const seen = await stage.subscribe();
    const format = ["-c", "-i", "loki", "-q", "1", "-F", "%t\\t%P\\t%x"];
    const topics = ["ser2net/+/port/+/output", "ser2net/+/event"].flatMap(topic => ["-t", topic]);
    const subscriber = runProgram(t, "mosquitto_sub", ["-V", "5", "-p", `${stage.broker.port}`, ...format, ...topics]);
    const feeder = runProgram(t, "python3", [SCRIPT, `http://127.0.0.1:${loki.port}/`]);
    subscriber.process.stdout?.pipe(feeder.process.stdin ?? process.stdout);
    stage.start();
    await seen.expect("the port", one => one.topic === stage.topic(`port/${port}/status`));
    const begun = Date.now();
    const entries = (labels: object) => {
      const streams = loki.pushes.flatMap(({ body }) => body.streams);
      const wanted = JSON.stringify({ job: "ser2net", board: BOARD, ...labels });
      return streams.filter(({ stream }) => JSON.stringify(stream) === wanted).flatMap(({ values }) => values);
    };
    const lines = () => entries({ port }).map(([, line]) => line);

    await until("the console is read", () => {
      stage.daemon.devices[0]?.send("ready\r\n");
      return lines().includes("ready");
    });
    stage.daemon.devices[0]?.send("Grüße\r\nlog");
    stage.daemon.devices[0]?.send("in: "); // its line has no end
    await until("the prompt", () => lines().includes("login: "));
    t.ok(lines().includes(Buffer.from("Grüße", "latin1").toString()), "what is not UTF-8 is replaced");
    t.match(loki.pushes[0], { method: "POST", url: "/loki/api/v1/push", type: "application/json" });
    const all = entries({ port });
    t.ok(
      all.every(entry => entry.length === 2 && entry.every(one => typeof one === "string")),
      "pairs of texts",
    );
    const times = all.map(([stamp = ""]) => (/^\d{19}$/.test(stamp) ? Number(stamp) / 1e6 : 0));
    t.ok(
      times.every(one => one > begun - 60_000 && one < Date.now() + 1000),
      "nanoseconds, when the device said it",
    );
    const events = entries({}).map(([, line = ""]) => JSON.parse(line));
    t.ok(
      events.some(({ event }) => event === "daemon"),
      "events are entries of the board",
    );
    t.match(feeder.errors.text, "503", "the first push was refused, and repeated");
  },
);

t.test("a repeat is pushed once; a number of another epoch is not a repeat", needs("python3"), async t => {
  const loki = await receiver(t);
  const feeder = runProgram(t, "python3", [SCRIPT, `http://127.0.0.1:${loki.port}`]);
  const say = (seq: number, epoch: string, text: string) => {
    const properties = `seq:${seq} ${epoch}time:2026-01-01T00:00:00.000Z`;
    const message = ["ser2net/rack7/port/2001/output", properties, Buffer.from(`${text}\n`).toString("hex")];
    feeder.process.stdin?.write(`${message.join("\t")}\n`);
  };
  say(7, "", "older board");
  say(7, "", "repeated");
  say(8, "epoch:aa ", "first");
  say(9, "epoch:aa ", "second");
  say(1, "epoch:bb ", "new spool");
  say(9, "epoch:aa ", "repeated");
  say(1, "epoch:bb ", "repeated");
  say(2, "epoch:bb ", "last");
  const lines = () =>
    loki.pushes
      .flatMap(({ body }) => body.streams)
      .flatMap(({ values }) => values)
      .map(([, line]) => line);
  await until("the last one", () => lines().includes("last"));
  t.same(lines(), ["older board", "first", "second", "new spool", "last"]);
});
