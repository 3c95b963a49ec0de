import { closeSync, writeSync } from "node:fs";
import t from "tap";
import { addon } from "../../service/native/addon.js";
import { read } from "../../service/native/descriptors.js";
import {
  readSealedFile,
  sealedFile,
  sendBarrier,
  sendDescriptor,
  shutdownSocket,
} from "../../service/native/handover.js";
import { accept, listenTcp, localAddress, unixDatagram } from "../../service/native/sockets.js";
import { Client } from "../support/client.js";
import { until } from "../support/wait.js";

t.test("a sealed file gives its content, and cannot be changed", async t => {
  const content = new Uint8Array(100_000).map((_, at) => at % 251);
  const fd = sealedFile(content);
  t.teardown(() => closeSync(fd));
  t.same(readSealedFile(fd, 100_000), content);
  t.equal(readSealedFile(fd, 99_999), null, "more than the limit");
  t.throws(() => writeSync(fd, "x", 0), { code: "EPERM" });
  t.throws(() => writeSync(fd, "x", 200_000), { code: "EPERM" });
});

t.test("a file that another process could change is not read", async t => {
  const fd = addon.memoryFile();
  t.teardown(() => closeSync(fd));
  t.equal(readSealedFile(fd, 100), null);
  const socket = unixDatagram();
  t.teardown(() => closeSync(socket));
  t.equal(readSealedFile(socket, 100), null);
});

t.test("without a receiver nothing is sent and nothing is waited for", async t => {
  const socket = unixDatagram();
  t.teardown(() => closeSync(socket));
  t.ok(sendDescriptor(socket, "@ser2net-no-such-receiver", "FDSTORE=1", socket) < 0);
  t.equal(sendBarrier(socket, "@ser2net-no-such-receiver", 60_000), false);
});

t.test("a connection that is shut down ends for the peer, although it is still open here", async t => {
  const listener = listenTcp("127.0.0.1", 0, { v6only: true, backlog: 1 });
  t.teardown(() => closeSync(listener));
  const client = await Client.connect(t, localAddress(listener).port);
  let fd = -1;
  await until("the connection", () => {
    fd = accept(listener)?.fd ?? -1;
    return fd >= 0;
  });
  t.teardown(() => closeSync(fd));
  shutdownSocket(fd);
  t.equal(await client.untilEnd(), "");
  t.equal(read(fd, new Uint8Array(1)), 0);
});
