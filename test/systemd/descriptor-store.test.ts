import { closeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { sealedFile } from "../../service/native/handover.js";
import { createDescriptorStore } from "../../service/systemd/descriptor-store.js";
import { runProgram } from "../support/daemon.js";

const MANAGER = fileURLToPath(new URL("../support/service-manager.py", import.meta.url));

async function manager(t: Test) {
  const running = runProgram(t, "python3", [MANAGER, "4000", "true"]);
  await running.output.expect("ready");
  const tell = (command: string) => running.process.stdin?.write(`${command}\n`);
  const stored = async (): Promise<readonly string[]> => {
    tell("list");
    return JSON.parse(/\[.*\]/.exec(await running.output.expect("]}"))?.[0] ?? "");
  };
  return { environment: { NOTIFY_SOCKET: `@ser2net-manager-${running.process.pid}` }, tell, stored };
}

t.test("what is added is in the store until it is removed", async t => {
  const { environment, stored } = await manager(t);
  const store = createDescriptorStore(environment);
  for (const name of ["c-1", "d-2", "l-3"]) store?.add(sealedFile(new Uint8Array(1)), name);
  t.equal(store?.barrier(10_000), true);
  t.same(await stored(), ["c-1", "d-2", "l-3"]);
  store?.remove("d-2");
  store?.barrier(10_000);
  t.same(await stored(), ["c-1", "l-3"]);
});

t.test(
  "a manager that is busy gets everything later, in order; what was removed meanwhile never gets there",
  async t => {
    const { environment, tell, stored } = await manager(t);
    const store = createDescriptorStore(environment);
    tell("hold");
    const fd = sealedFile(new Uint8Array(1));
    for (let at = 0; at < 2000; at++) store?.add(fd, "c-1"); // more than the kernel keeps for it
    store?.add(fd, "c-2");
    store?.add(fd, "c-3");
    store?.remove("c-2");
    t.equal(store?.barrier(50), false, "not all of it was sent");
    tell("go");
    t.equal(store?.barrier(30_000), true);
    closeSync(fd);
    const names = await stored();
    t.equal(names.length, 2001);
    t.notOk(names.includes("c-2"));
  },
);

t.test("without a manager, or with one without a store for us, there is no store", async t => {
  t.equal(createDescriptorStore({}), null);
  t.equal(createDescriptorStore({ NOTIFY_SOCKET: "relative" }), null);
  t.equal(createDescriptorStore({ NOTIFY_SOCKET: `/${"x".repeat(200)}` }), null);
  const environment = { NOTIFY_SOCKET: "@ser2net-no-such-receiver", FDSTORE: "0" };
  t.equal(createDescriptorStore(environment), null);
  t.same(Object.keys(environment), ["NOTIFY_SOCKET"], "what the daemon starts is not told");
});
