// A process of its own for tcp.test.ts: a listener in a process that has no descriptor left, and then some again.
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { connect } from "node:net";
import { listenTcp } from "../../service/net/tcp.js";
import { until } from "./wait.js";

const failures: string[] = [];
let accepted = 0;
const events = {
  accepted: (link: { close(): void }) => {
    accepted++;
    link.close();
  },
  failed: (reason: string) => void failures.push(reason),
};
const spec = { family: "any", transport: "tcp", host: "127.0.0.1", port: 0 } as const;
const listener = listenTcp(spec, [{ address: "127.0.0.1", v6only: true }], events);
listener.accepting = false;
const client = connect(listener.addresses[0]?.port ?? 0, "127.0.0.1");
await new Promise(resolve => client.once("connect", resolve));

spawnSync("prlimit", ["--pid", String(process.pid), "--nofile=64"]);
const fill: number[] = [];
try {
  for (let count = 0; count < 100; count++) fill.push(openSync("/dev/null", "r"));
} catch {
  // That was the last one.
}
listener.accepting = true;
await until("the failure", () => failures.length > 0);
const acceptedBefore = accepted;
for (const fd of fill) closeSync(fd);
await until("the peer", () => accepted > 0);
process.stdout.write(JSON.stringify({ failures, acceptedBefore, acceptedAfter: accepted }));
listener.close();
client.destroy();
