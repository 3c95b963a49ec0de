// In a network namespace of its own: what a link knows of peers that pause, vanish and end. One line for each.
import { execFileSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import type { Link } from "../../service/net/link.js";
import { listenTcp } from "../../service/net/tcp.js";
import { until } from "./wait.js";

const LIMIT_MS = 1000;
const PORT = 2000;
const cable = (state: "up" | "down") => execFileSync("ip", ["link", "set", "lo", state]);
const say = (text: string) => process.stdout.write(`${text}\n`);
const ms = (duration: number) => new Promise(resolve => setTimeout(resolve, duration));

cable("up");
const arrived: Link[] = [];
const spec = { transport: "tcp", family: "any", host: "127.0.0.1", port: PORT } as const;
listenTcp(spec, [{ address: "127.0.0.1", v6only: true }], {
  accepted: link => arrived.push(link),
  failed: reason => say(reason),
});

async function peer(): Promise<{ link: Link; socket: Socket }> {
  const socket = connect({ port: PORT, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.pause();
  const link = await until("a link", () => arrived.shift() ?? null);
  return { link, socket };
}

/** Until the window is closed and the buffer full. */
async function fill(link: Link): Promise<void> {
  const bytes = new Uint8Array(65_536);
  for (let idle = 0; idle < 20; await ms(10)) idle = link.write(bytes) > 0 ? 0 : idle + 1;
}

/** A longer limit that is asked for in between, as a link does by itself, changes nothing. */
function isGone(link: Link): boolean {
  link.isGone?.(600_000);
  return link.isGone?.(LIMIT_MS) === true;
}

const paused = await peer();
await fill(paused.link);
await ms(3 * LIMIT_MS); // the time in which a peer that is gone would be taken for gone
say(isGone(paused.link) ? "paused: gone" : "paused: there");
const busy = await peer();
cable("down");
busy.link.write(new Uint8Array(10));
await until("the paused one is gone", () => isGone(paused.link));
say("cut while paused: gone");
await until("the busy one is gone", () => isGone(busy.link));
say("cut with bytes under way: gone");
cable("up");
const ended = await peer();
ended.socket.end();
await until("its end", () => ended.link.hasEnded?.() === true);
say(`ended: ${ended.link.hasEnded?.()}`);
process.exit(0);
