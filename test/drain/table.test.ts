import t from "tap";
import { formatTable } from "../../service/drain/table.js";

t.test("the table has a row for each, in columns", async t => {
  const since = Date.UTC(2026, 10, 28, 9, 5, 7, 900);
  const one = { kind: "connection", port: "2001", address: "192.0.2.7", portNumber: 40_112, since } as const;
  const rows = [
    { instance: "board-b", ...one },
    { ...one, instance: "-", kind: "closing", port: "udp,::,2002", address: "", portNumber: 0 } as const,
    { ...one, instance: "-", kind: "monitor", port: "control", address: "::1" } as const,
    { ...one, instance: "-", kind: "control", port: "control", address: "::1" } as const,
  ];
  t.equal(
    formatTable(rows),
    `INSTANCE  PORT         PEER             SINCE (UTC)          WHAT
board-b   2001         192.0.2.7,40112  2026-11-28 09:05:07  connection
-         udp,::,2002  -                2026-11-28 09:05:07  output to the device
-         control      ::1,40112        2026-11-28 09:05:07  control session with a monitor
-         control      ::1,40112        2026-11-28 09:05:07  control session
`,
  );
});
