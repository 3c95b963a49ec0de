import { spawnSync } from "node:child_process";
import t, { type Test } from "tap";

t.test("imports that point down pass, type-only ones from rank 2 and the two errors included", async t => {
  const checked = check(t, {
    "line/settings.ts": "export const speed = 9600;",
    "native/system-calls.ts": 'import { openSync } from "node:fs";\nexport const open = openSync;',
    "telnet/codes.ts": 'import { speed } from "../line/settings.js";\nexport const x = speed;',
    "config/parse.ts":
      'import { x } from "../telnet/codes.js";\nimport { createHash } from "node:crypto";\nexport { x, createHash };',
    "device/device.ts": "export class DeviceError extends Error {}\nexport interface Device { name: string }",
    "port/port.ts":
      'import { DeviceError, type Device } from "../device/device.js";\nimport { open } from "../native/system-calls.js";\n' +
      "export interface Port { device: Device }\nexport { DeviceError, open };",
    "control/server.ts": 'import type { Port } from "../port/port.js";\nexport type Served = Port;',
    "main.ts": 'import "./control/server.js";\nimport "dbus-next";',
  });
  t.equal(checked.status, 0);
  t.equal(checked.stderr, "");
});

t.test("everything that points the wrong way is reported, with its place", async t => {
  const wrong = {
    // upwards
    "line/up.ts": 'import { b } from "../port/port.js";',
    "port/port.ts": "export const b = 1;",
    // rooms of rank 2 that meet, even for a type
    "led/meets.ts": 'import type { Link } from "../net/link.js";',
    "net/link.ts": "export class LinkError {}\nexport const open = 1;\nexport type Link = 1;",
    // values that rank 3 and 4 take from rank 2
    "port/value.ts": 'import { open } from "../net/link.js";',
    "control/value.ts": '\nimport { LinkError, open } from "../net/link.js";',
    // what a pure file must not see
    "trace/format.ts": 'import type { Stats } from "node:fs";',
    "config/impure.ts": 'export { open } from "../native/system-calls.js";',
    "native/system-calls.ts": "export const open = 1;",
    // a cycle of types
    "port/one.ts": 'import type { Two } from "./two.js";\nexport type One = Two;',
    "port/two.ts": 'export type Two = import("./one.js").One;',
    "net/late.ts": 'export const late = () => import("./link.js");',
    "utils/a.ts": "",
  };
  const checked = check(t, wrong);
  t.equal(checked.status, 1);
  t.same(checked.stderr.trimEnd().split("\n"), [
    "config/impure.ts:1: a pure file takes only types from one that is not (../native/system-calls.js)",
    "control/value.ts:2: rank 4 takes only types from rank 2 (../net/link.js)",
    "led/meets.ts:1: rooms of rank 2 do not import each other (../net/link.js)",
    "line/up.ts:1: imports point down: rank 0 takes from rank 3 (../port/port.js)",
    "net/late.ts:1: import() hides a dependency: import at the top, or use loadModule (./link.js)",
    "port/value.ts:1: rank 3 takes only types from rank 2 (../net/link.js)",
    "trace/format.ts:1: a pure file takes no module but node:crypto (node:fs)",
    'utils/a.ts: the room "utils" is not in the rank table',
    "import cycle: port/one -> port/two -> port/one",
  ]);
});

/** Runs the check over a tree with these files. */
function check(t: Test, files: Record<string, string>, ...options: readonly string[]) {
  const tree: Record<string, Record<string, string> | string> = {};
  for (const [path, text] of Object.entries(files)) {
    const [room = "", file] = path.split("/");
    tree[room] = file === undefined ? text : { ...(tree[room] as Record<string, string>), [file]: text };
  }
  const found = spawnSync(process.execPath, ["scripts/check-layers.mjs", t.testdir(tree), ...options], {
    encoding: "utf8",
  });
  return { status: found.status, stderr: found.stderr };
}

t.test("names with a word that the glossary replaces are found, in files and identifiers", async t => {
  const { stderr } = check(t, {
    "line/seat-map.ts": "export const seatOfDoor = 1;\nexport class InterfaceSurface {\n  #wireFormat = 1;\n}",
  });
  const found = stderr.trim().split("\n");
  t.same(
    found.map(line => line.replace(/^\S+: /, "")),
    ["line/seat-map", "seatOfDoor", "#wireFormat"].map(name => `"${name}" is not a word of the glossary`),
  );
});

t.test("what tells the time or waits beside the clock is found", async t => {
  const { stderr } = check(t, {
    "line/clock.ts": "export const systemClock = { now: () => performance.now(), date: () => new Date() };",
    "net/waits.ts":
      'import { setTimeout } from "node:timers/promises";\nexport const at = Date.now();\n' +
      "export const day = new Date();\nexport const noon = (ms: number) => new Date(ms);\n" +
      "setInterval(() => {}, 1);\nexport const ms = performance.now();",
    "net/given.ts":
      'import { systemClock } from "../line/clock.js";\nexport const given = (clock = systemClock) => clock.now();\n' +
      "export const taken = systemClock.now();",
  });
  t.same(stderr.trim().split("\n"), [
    "net/given.ts:3: use a Clock (systemClock.now)",
    "net/waits.ts:1: use a Clock (setTimeout)",
    'net/waits.ts:1: use a Clock ("node:timers/promises")',
    "net/waits.ts:2: use a Clock (Date.now)",
    "net/waits.ts:3: use a Clock (new Date())",
    "net/waits.ts:5: use a Clock (setInterval)",
    "net/waits.ts:6: use a Clock (performance)",
  ]);
});

t.test("an export that no other file imports is found, a type too", async t => {
  const files = {
    "line/used.ts": "export interface Used { own: Own }\nexport interface Own { x: 1 }\nexport const [a, b] = [1, 2];",
    "config/uses.ts": 'import { a, type Used } from "../line/used.js";\nexport const all = (x: Used) => [x, a];',
    "access/whole.ts": "export const one = 1;",
    "log/uses.ts": 'type Whole = typeof import("../access/whole.js");\nlet whole: Whole;',
    "dbus/entry.ts": "export const start = 1;",
  };
  const { stderr } = check(t, files, "exports");
  t.same(
    stderr.match(/no other file imports "\w+"/g),
    ["all", "Own", "b"].map(name => `no other file imports "${name}"`),
    "entries of bundles are imported by none",
  );
});

t.test("a file of more than 300 lines and a file beside the rooms are found", async t => {
  const { stderr } = check(t, {
    "line/long.ts": "// a line\n".repeat(301),
    "line/fits.ts": "// a line\n".repeat(300),
    "other.ts": "",
  });
  t.match(stderr.trim().split("\n"), [
    /^other\.ts: belongs into a room$/,
    /line\/long\.ts: 301 lines, at most 300 are allowed$/,
  ]);
  t.notMatch(stderr, "fits");
});

t.test("a function of more than 40 lines is found, a constructor too", async t => {
  const body = (lines: number) => "    run();\n".repeat(lines);
  const { stderr } = check(t, {
    "line/fits.ts": `function fits() {\n${body(38)}}\nfits();\n`,
    "line/long.ts": `class Long {\n  constructor() {\n${body(39)}  }\n}\nnew Long();\n`,
  });
  t.equal(stderr, "line/long.ts:2: a function of 41 lines, at most 40 are allowed\n");
});
