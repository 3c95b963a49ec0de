/** A state that is damaged, hostile or of another version: what can live on does, and the daemon starts. */
import { createHash } from "node:crypto";
import t from "tap";
import { Client } from "../support/client.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { ServiceManager } from "../support/service-manager.js";

function sealed(content: string, format = 1, version = "9.9.9"): Buffer {
  const body = Buffer.from(content);
  const sum = createHash("sha256").update(body).digest("hex");
  return Buffer.concat([Buffer.from(`ser2net-state ${format} ${version} ${body.length} ${sum}\n`), body]);
}

function contentOf(state: Buffer): string {
  return state.toString().slice(state.indexOf("\n") + 1);
}

/** The content, with what `change` makes of each connection. */
function withConnections(state: Buffer, change: (connection: object) => readonly object[]): Buffer {
  const content = JSON.parse(contentOf(state));
  return sealed(JSON.stringify({ ...content, connections: content.connections.flatMap(change) }));
}

const STATES: readonly (readonly [title: string, forge: (state: Buffer) => Buffer | null])[] = [
  ["none", () => null],
  ["an empty one", () => Buffer.alloc(0)],
  ["one that is cut off", state => state.subarray(0, state.length - 1)],
  ["one with another byte", state => Buffer.from(state.toString("latin1").replace("raw", "rax"), "latin1")],
  ["one of noise", () => Buffer.alloc(100_000, "\xff\0{", "latin1")],
  ["a later format", state => sealed(contentOf(state), 2)],
  ["a newer version with fields of its own", state => sealed(contentOf(state).replaceAll("{", '{"colour":{"a":[1]},'))],
  ["lists in lists", () => sealed("[".repeat(100_000))],
  ["no ports", state => sealed(JSON.stringify({ ...JSON.parse(contentOf(state)), ports: [], devices: [] }))],
  ["connections twice", state => withConnections(state, one => [one, one])],
  ["slots that are not there", state => withConnections(state, one => [{ ...one, slot: 16_000 }])],
  ["an unknown transport", state => withConnections(state, one => [{ ...one, transport: "quic" }])],
  [
    "the descriptor of the device for the connection",
    state => withConnections(state, one => [{ ...one, name: "d-1" }]),
  ],
  ["a descriptor that is not there", state => withConnections(state, one => [{ ...one, name: "c-zzz" }])],
  ["the state itself for the connection", state => withConnections(state, one => [{ ...one, name: "state" }])],
];

/** Those that describe no connection that is there: it ends. */
const ENDING = ["the descriptor", "a descriptor", "the state", "an unknown"];

t.test("the daemon starts with any state, and connections that it can find live on", async t => {
  const next = await portNumbers(t);
  const port = await next();
  const device = PtyDevice.open(t);
  const manager = await ServiceManager.start(t, { config: [`127.0.0.1,${port}:raw:0:${device.path}:9600`] });
  let client = await Client.connect(t, port);
  for (const journal of ["kept", "forged"]) {
    for (const [title, forge] of journal === "kept" ? STATES : STATES.slice(0, 5)) {
      const what = `${title}, journal ${journal}`;
      client.send("before;");
      await device.expect("before;");
      await manager.end("SIGTERM");
      manager.replace("state", forge(await manager.content("state")));
      if (journal === "forged") manager.replace("j-", Buffer.alloc(70_000, 0xff));
      const status = await manager.again();
      if (ENDING.some(begin => title.startsWith(begin))) {
        t.equal(await client.untilEnd(), "", `${what}: it ends`);
        client = await Client.connect(t, port);
        continue;
      }
      t.match(status, /took over 1 connection, /, what);
      client.send("after;");
      t.equal(await device.expect("after;"), "after;", what);
      device.send(`${title};`);
      t.equal(await client.expect(";"), `${title};`, what);
      t.same((await manager.stored()).map(name => name[0]).sort(), ["c", "d", "j", "l"], "the store has what is open");
    }
  }
  await client.close();
});
