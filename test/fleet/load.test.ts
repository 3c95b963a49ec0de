/** scripts/fleet-load with few boards: its figures are of what it says. Nothing is timed. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";

const [BOARDS, PORTS] = [20, 3];

t.test("each board is born, is counted, is heard and leaves its will", needs("mosquitto"), async t => {
  const file = join(temporaryFolder(t), "figures.json");
  const words = ["--boards", String(BOARDS), "--ports", String(PORTS), "--rate", "200", "--seconds", "1"];
  const environment = { SER2NET_PREPARED: "1" };
  const load = runProgram(t, "scripts/fleet-load", [...words, "--settle", "0.5", "--tls", "--json", file], environment);
  t.equal((await load.exit()).code, 0, load.errors.text);
  const figures: Record<string, number> = JSON.parse(readFileSync(file, "utf8"));
  for (const count of [5, 10, BOARDS]) {
    t.equal(figures[`boards ${count}: retained messages`], count * (1 + PORTS));
    t.ok((figures[`boards ${count}: PSS of the broker, KB`] ?? 0) > 1000);
  }
  for (const way of ["paced", "most"]) {
    t.ok((figures[`${way}: messages published a second`] ?? 0) > 10);
    t.equal(figures[`${way}: messages published and not received`], 0);
    t.equal(figures[`${way}: numbers left out`], 0);
  }
  t.ok((figures["a board: bytes sent until it is born"] ?? 0) > PORTS * 100);
  t.ok((figures["broker killed and restarted: seconds until all boards are back"] ?? 0) > 0);
  t.ok((figures["boards killed: seconds until all wills have come"] ?? 0) > 0);
});
