import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type JsonSchema, profileSchema } from "../../scripts/board-schema.js";
import { type JsonObject, parseJson } from "../../service/board/json.js";
import { readProfile } from "../../service/board/validate.js";
import { accepts } from "./schema.js";
import { SHIPPED } from "./tree.js";

const SCHEMA = JSON.parse(profileSchema()) as JsonSchema;

/** Says everything a profile can say. */
const FULL = {
  $schema: "./schema.json",
  schema: 1,
  id: "full",
  title: "Everything",
  comment: "Nothing of it exists.",
  match: [
    { compatible: "example,*", model: "Example *" },
    { dmi: { sys_vendor: "Example", product_name: "P", board_name: "B" } },
  ],
  controlPort: "localhost,2000",
  ports: [
    {
      id: "port1",
      label: "Port 1 (Ä)",
      connector: "DB9",
      device: "/sys/devices/platform/soc/30860000.serial",
      electrical: "rs485",
      lines: ["rts", "cts", "dtr", "dsr", "dcd", "ri"],
      maxSpeed: 115200,
      presence: "required",
      networkPort: "2001",
      comment: "A port.",
      holdSeconds: 30,
      state: "raw",
      timeoutSeconds: 600,
      line: {
        comment: "A line.",
        speed: 9600,
        dataBits: 7,
        parity: "even",
        stopBits: 2,
        flowControl: "rtscts",
        local: true,
        hangupWhenDone: true,
        dtr: "off",
        rts: "on",
      },
      remctl: true,
      kickolduser: true,
      chardelay: false,
      alwaysOpen: true,
      replayBytes: 65536,
      traceFile: "/var/log/\\p.log",
      traceSize: 1048576,
      traceKeep: 2,
      lineTimestamp: true,
      writer: "first",
      tellUser: true,
      telnetEnter: "cr",
      espAutoReset: true,
      mdns: true,
      maxConnections: 3,
      leds: { rx: "one", tx: "one", link: "two", fault: "two" },
      rs485: { delayBeforeMs: 1, delayAfterMs: 2, rtsOnSend: true, rxDuringTx: false },
    },
  ],
  leds: [
    { id: "one", comment: "A LED.", sysfs: "a:b", function: "port", trigger: "transient", durationMs: 5, state: 0 },
    { id: "two", sysfs: "c", function: "port", trigger: "none" },
  ],
  pulses: [{ id: "p", comment: "One.", steps: "DTR=0 RTS=1 100ms DTR=1" }],
  enumerate: { firstNetworkPort: 3001, comment: "The rest.", holdSeconds: 5, state: "raw", timeoutSeconds: 0 },
};

t.test("the committed schema.json is the one that the code makes", async t => {
  t.equal(readFileSync(join(SHIPPED, "schema.json"), "utf8"), profileSchema());
});

t.test("schema.json and docs/profiles.md explain every key", async t => {
  const page = readFileSync(join(SHIPPED, "../docs/profiles.md"), "utf8");
  const visit = (schema: JsonSchema) => {
    for (const [name, below] of Object.entries(schema.properties ?? {})) {
      t.match(below.description, /^[A-Z].{8,}\.$/, `schema.json: ${name}`);
      t.ok(page.includes(`\`${name}\``), `docs/profiles.md: ${name}`);
      visit(below);
    }
    if (schema.items !== undefined) visit(schema.items);
  };
  visit(SCHEMA);
});

t.test("a document that says everything is sound to both", async t => {
  t.same(faultsOf(FULL), []);
  t.ok(accepts(SCHEMA, FULL));
});

t.test("anything else in any place is refused by both", async t => {
  const others = ["no such word", "", "ü\n", -1, 1.5, 1e12, true, null, [], {}, ["x"], { x: 1 }];
  let refused = 0;
  for (const path of pathsOf(FULL)) {
    for (const other of others) {
      const document = replace(FULL, path, other);
      const valid = accepts(SCHEMA, document);
      // What the schema cannot say (names that lead nowhere, entries that contradict each other) only adds to it.
      if (!valid) refused++;
      if (!valid || !SAID_OTHERWISE.test(path.join("."))) {
        t.equal(faultsOf(document).length === 0, valid, `${path.join(".")} = ${JSON.stringify(other)}`);
      }
    }
  }
  t.ok(refused > 400, `${refused} refused`);
});

t.test("an unknown key in any object is refused by both", async t => {
  for (const path of pathsOf(FULL)) {
    const document = replace(FULL, [...path, "nosuch"], 1);
    if (document === undefined) continue;
    t.notOk(accepts(SCHEMA, document), path.join("."));
    t.match(faultsOf(document), [/nosuch: unknown key/], path.join("."));
  }
});

t.test("what every entry needs, a profile that extends another may leave to it", async t => {
  for (const [document, needed] of [
    [{ ports: [{ id: "port1" }] }, "device"],
    [{ leds: [{ id: "one" }] }, "sysfs"],
    [{ enumerate: { state: "raw" } }, "firstNetworkPort"],
  ] as const) {
    t.notOk(accepts(SCHEMA, document), needed);
    t.match(faultsOf(document), [new RegExp(`no "${needed}"`)]);
    t.ok(accepts(SCHEMA, { extends: "other", ...document }), needed);
  }
  t.notOk(accepts(SCHEMA, { extends: "other", ports: [{ device: "ttyS1" }] }), "but not its id");
});

/** Where a value of the right form can still be wrong. */
const SAID_OTHERWISE =
  /^id$|^match(\.\d(\.dmi)?)?$|controlPort|networkPort|\.id$|leds|electrical|lines|maxSpeed|speed|rs485/;

type Path = readonly (string | number)[];

function faultsOf(document: unknown): string[] {
  const { root } = parseJson({ file: "full.json", text: JSON.stringify(document) });
  const asWritten = (device: string) => ({ device, problem: null });
  const { diagnostics } = readProfile("full", root as JsonObject, null, asWritten);
  return diagnostics.map(one => one.message);
}

/** Every place below the whole. */
function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return path.length > 0 ? [path] : [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  const below = entries.flatMap(([key, one]) => pathsOf(one, [...path, key as string | number]));
  return path.length > 0 ? [path, ...below] : below;
}

/** A copy with another value there; undefined when nothing can be there. */
function replace(document: object, path: Path, value: unknown): unknown {
  const copy = structuredClone(document);
  let at: unknown = copy;
  for (const key of path.slice(0, -1)) at = (at as Record<string | number, unknown>)[key];
  const last = path.at(-1);
  if (typeof at !== "object" || at === null || last === undefined) return undefined;
  if (Array.isArray(at) && typeof last !== "number") return undefined;
  (at as Record<string | number, unknown>)[last] = value;
  return copy;
}
