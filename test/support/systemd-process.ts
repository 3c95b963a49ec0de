// A small service, started as systemd starts one: says what it was handed and serves it, or stalls when it is told to.
import { closeSync } from "node:fs";
import { read, write } from "../../service/native/descriptors.js";
import { READABLE, Watch } from "../../service/native/poll.js";
import { accept, localAddress, receiveFrom, sendTo, socketKind } from "../../service/native/sockets.js";
import { handedDescriptors } from "../../service/systemd/activation.js";
import { createNotifier } from "../../service/systemd/notify.js";
import { createWatchdog, watchdogInterval } from "../../service/systemd/watchdog.js";

const notifier = createNotifier(process.env);
const intervalUs = watchdogInterval(process.env, process.pid);
createWatchdog({ intervalUs, notifier, checks: () => null, recovered: () => {} });
const descriptors = handedDescriptors(process.env, process.pid).sockets;
const handed = descriptors.map(fd => {
  const kind = socketKind(fd);
  return kind === null ? { fd, kind } : { fd, kind, ...localAddress(fd) };
});
for (const { fd, kind } of handed) if (kind !== null) serve(fd);
const left = Object.keys(process.env).filter(name => /^(LISTEN_|NOTIFY_|WATCHDOG_)/.test(name));
process.stdout.write(`${JSON.stringify({ pid: process.pid, handed, left })}\n`);
notifier.ready(`${handed.length} sockets`);

process.stdin.on("data", text => {
  const end = performance.now() + Number(text);
  while (performance.now() < end);
});
process.stdin.on("end", () => process.exit(0));

/** Answers the first bytes or datagram of each peer. */
function serve(fd: number): void {
  const into = new Uint8Array(100);
  const isDatagram = socketKind(fd)?.type === "datagram";
  const serveOne = (): boolean => {
    const peer = isDatagram ? receiveFrom(fd, into) : null;
    if (peer !== null) sendTo(fd, answer(into.subarray(0, peer.length)), peer.address, peer.port);
    const connection = isDatagram ? null : accept(fd);
    if (connection !== null) serveConnection(connection.fd);
    return peer !== null || connection !== null;
  };
  const watch = new Watch(fd, () => {
    while (serveOne()); // the last look finds no peer: a socket that blocks would stop the process here
    watch.arm(READABLE);
  });
  watch.arm(READABLE);
}

function serveConnection(fd: number): void {
  const into = new Uint8Array(100);
  const watch = new Watch(fd, () => {
    const length = read(fd, into);
    if (length > 0) write(fd, answer(into.subarray(0, length)));
    watch.close();
    closeSync(fd);
  });
  watch.arm(READABLE);
}

function answer(bytes: Uint8Array): Uint8Array {
  return Buffer.from(`${process.pid} got ${Buffer.from(bytes).toString()}`);
}
