import t, { type Test } from "tap";
import { openSol, pattern, Reader, startBmc, writeAll } from "../support/sol-device.js";
import { type NetworkFaults, UdpProxy } from "../support/udp-proxy.js";
import { until } from "../support/wait.js";

/** 10 MB both ways take minutes: measured with SOL_BYTES=10000000, docs/sol.md. */
const BYTES = Number(process.env.SOL_BYTES ?? 1_000_000);
const RESEND_MS = 4;
const LOSSY: Partial<NetworkFaults> = { drop: 0.2, double: 0.3, reorder: 0.3 };

t.test("every byte arrives once and in order through a network that loses, doubles and reorders", async t => {
  await bothWays(t, LOSSY, BYTES, { suites: [3] });
});

t.test("and through one that damages datagrams, where they carry an AuthCode", async t => {
  await bothWays(t, { corrupt: 0.1, drop: 0.1 }, BYTES / 10, { suites: [17] });
});

async function bothWays(
  t: Test,
  faults: Partial<NetworkFaults>,
  bytes: number,
  how: { suites: number[] },
): Promise<void> {
  const to = await startBmc(t, { mode: "echo", size: 259, keeps: false });
  to.faults.resendMs = RESEND_MS;
  const proxy = await UdpProxy.start(t, to.port);
  const device = await openSol(proxy, { ...how, sol: { ackTimeoutUs: RESEND_MS * 1000, ackRetries: 100 } });
  const reader = new Reader(device);
  proxy.faults = { ...proxy.faults, ...faults };
  const sent = pattern(bytes);
  await writeAll(device, sent);
  while (reader.count < bytes && reader.lost === null) {
    const { count } = reader;
    await until("more has come back", () => reader.count > count || reader.lost !== null);
  }
  t.equal(reader.lost, null);
  t.equal(reader.count, bytes);
  t.ok(reader.received.equals(sent));
  proxy.faults = { ...proxy.faults, drop: 0, double: 0, reorder: 0, corrupt: 0 };
  await device.close(1000);
}
