import t from "tap";
import { faultsOf, newFaults } from "../../service/client/health.js";
import { readPortRows } from "../../service/client/port-rows.js";

const notServed = (port: string, error: string | null = "Address already in use") => ({ port, error });

/** What a daemon says, with the ports that are not served and the required devices that are missing. */
function faults(ports: readonly { port: string; error: string | null }[], missing: readonly string[] = []) {
  const rows = ports.map(one => JSON.stringify({ ...one, condition: "not served" }));
  const served = JSON.stringify({ port: "3000", condition: "idle", error: "No such device" });
  const summary = `9 ports: 9 idle${missing.length === 0 ? "" : `; required device missing: ${missing.join(", ")}`}`;
  return faultsOf(summary, readPortRows([served, ...rows]));
}

t.test("a port is told with the reason", async t => {
  t.equal(newFaults(faults([]), faults([])), null);
  t.equal(
    newFaults(faults([]), faults([notServed("2001"), notServed("2002", null)])),
    "port 2001 not served: address already in use; port 2002 not served",
  );
});

t.test("what was wrong before does not count, whatever else is repaired", async t => {
  const before = faults([notServed("2001"), notServed("2002")], ["3", "4"]);
  t.equal(newFaults(before, before), null);
  t.equal(newFaults(before, faults([notServed("2002")], ["4"])), null);
  t.equal(newFaults(before, faults([notServed("2001", "Permission denied")])), null, "for another reason");
  t.equal(newFaults(before, faults([])), null);
});

t.test("a new fault counts, though as many are repaired", async t => {
  const before = faults([notServed("2001")], ["3"]);
  t.equal(newFaults(before, faults([notServed("2002")])), "port 2002 not served: address already in use");
  t.equal(newFaults(before, faults([], ["4"])), "required device missing: 4");
  t.equal(newFaults(before, faults([], ["2001"])), "required device missing: 2001", "a label is not a port");
});

t.test("of many faults the first ones are told", async t => {
  const many = Array.from({ length: 10 }, (_, at) => `${at}`);
  t.match(newFaults(faults([]), faults([], many)), /^required device missing: 0; .*missing: 3, and 6 more$/);
});
