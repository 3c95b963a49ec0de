import t from "tap";
import { type DrainArguments, parseDrainArguments } from "../../service/drain/arguments.js";

const PLAIN: DrainArguments = { command: "busy", maxSeconds: null, instances: [], dbus: null, controlPorts: [] };

t.test("the words of the three commands", async t => {
  const cases: readonly [string, Partial<DrainArguments> | null][] = [
    ["busy", {}],
    ["undrain", { command: "undrain" }],
    ["drain", { command: "drain" }],
    ["drain --max 0", { command: "drain", maxSeconds: 0 }],
    ["drain --max 600 --instance a", { command: "drain", maxSeconds: 600, instances: ["a"] }],
    ["busy --instance a --instance b-2 --dbus session", { instances: ["a", "b-2"], dbus: "session" }],
    ["busy -p 3000 -p localhost,3001", { controlPorts: ["3000", "localhost,3001"] }],
    ["busy --max 600", null],
    ["undrain --max 600", null],
    ...["drain --max", "drain --max -1", "drain --max 1.5", "drain --max 2147484", "drain --max 99999999"].map(
      line => [line, null] as [string, null],
    ),
    ["busy --instance", null],
    ["busy 2000", null],
    ["busy -p 3000 --instance a", null],
    ["busy -p 3000 --dbus session", null],
    ["", null],
    ["drains", null],
  ];
  for (const [line, wanted] of cases) {
    const parsed = parseDrainArguments(line.split(" "));
    if (wanted === null) t.ok("mistake" in parsed, line);
    else t.same(parsed, { ...PLAIN, ...wanted }, line);
  }
  t.same(parseDrainArguments(["busy", "--instance", ""]), { mistake: "value missing behind: --instance", word: null });
  t.same(parseDrainArguments(["drain", "--mx", "5"]), { mistake: "wrong word: --mx", word: "--mx" });
});
