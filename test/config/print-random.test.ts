/** Whatever the text is, reading it ends, and what comes of it prints and reads as the same. */
import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { translateCloseon } from "../../service/config/escapes.js";
import { KEYED_WORDS, PLAIN_WORDS } from "../../service/config/option-table.js";
import { planReload } from "../../service/config/plan.js";
import { parsePortWords } from "../../service/config/port-options.js";
import { printConfiguration } from "../../service/config/print.js";
import { expandTemplate } from "../../service/config/template.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { randomNumbers } from "../support/random.js";
import { substance } from "./comparable.js";
import { messages, readText } from "./read.js";

const SEED = 20260302;

type Random = () => number;

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function many(random: Random, most: number, make: () => string, between = ""): string {
  return Array.from({ length: Math.floor(random() * (most + 1)) }, make).join(between);
}

function bytes(random: Random, most: number): string {
  return many(random, most, () => String.fromCharCode(Math.floor(random() * 256)));
}

const NAMES = ["a", "b", "c", "9600", "remctl", "x y", "#", "a\\", "=", "/dev/a", "\xe4"];
const WORDS = [...PLAIN_WORDS.keys(), ...NAMES, "remctrl", "nonsense"];
const VALUES = [
  "a",
  "b",
  "",
  "1",
  "0",
  "64",
  "1000000",
  "-1",
  "h,0",
  "udp,h,5;udp,i,6",
  "10.0.0.1,0;::1,3",
  "bad",
  "cr",
  "on",
  "off",
];
const NETWORKS = ["1", "2", "tcp,1", "udp,5", "ipv6,udp,6", "::1,7", "0", "x", "localhost,8", " 9", "1:raw"];
const DEFAULTS = [
  "speed",
  "parity",
  "databits",
  "remctl",
  "chardelay-min",
  "max-connections",
  "remaddr",
  "telnet-enter",
  "dtr",
  "replay",
  "always-open",
  "writer",
  "tell-user",
  "nosuch",
];
const TEXTS = [
  "hello",
  "",
  " x ",
  "\\r\\n",
  "\\x4",
  "\\",
  "1:2:0:1",
  "sysfs:device=a",
  "sysfs:device=b state=0",
  "a b",
  ":::",
  "sol.lan -U a -Pc b h",
  "sol.lan h",
  "sol.lan -s h",
];

function line(random: Random): string {
  const option = () =>
    random() < 0.3 ? `${pick(random, [...KEYED_WORDS.keys()])}${pick(random, VALUES)}` : pick(random, WORDS);
  const named = ["BANNER", "SIGNATURE", "OPENSTR", "CLOSESTR", "CLOSEON", "DEVICE", "TRACEFILE", "RS485CONF", "LED"];
  const roll = random();
  if (roll < 0.4) return `${pick(random, named)}:${pick(random, NAMES)}:${pick(random, TEXTS)}`;
  if (roll < 0.5) return `DEFAULT:${pick(random, DEFAULTS)}:${pick(random, [...VALUES, "300", "EVEN", "7"])}`;
  if (roll < 0.55) return `ROTATOR:${pick(random, NETWORKS)}:${many(random, 3, () => pick(random, NETWORKS), " ")}`;
  if (roll < 0.57) return `CONTROLPORT:${pick(random, NETWORKS)}`;
  if (roll < 0.6) return bytes(random, 40);
  const state = pick(random, ["raw", "rawlp", "telnet", "off", "rwa"]);
  return `${pick(random, NETWORKS)}:${state}:${pick(random, ["0", "5", "x"])}:${pick(random, NAMES)}:${many(random, 12, option, " ")}`;
}

t.test("random files print and read as the same configuration", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomNumbers(SEED);
  let ports = 0;
  let before: Configuration = readText("");
  for (let round = 0; round < 3000; round++) {
    const text = many(random, 12, () => `${line(random)}${pick(random, ["\n", "\n", "\n", "\\\n", "\r\n"])}`);
    const read = readText(text);
    const printed = printConfiguration(read);
    const again = readText(printed);
    ports += again.ports.length;
    const same = JSON.stringify(substance(again)) === JSON.stringify(substance(read));
    // A device without a path, of which nothing certain is meant, stays one; a port whose TLS line is missing stays refused.
    const kept = /^Device .* has no path|^TLS .* not found/s;
    const faults = messages(again).filter(message => !kept.test(message));
    if (!same || faults.length > 0) {
      t.same(substance(again), substance(read), text);
      t.same(faults, [], text);
    }
    if (printConfiguration(again) !== printed) t.equal(printConfiguration(again), printed, text);
    for (const { line, column, message } of read.diagnostics) {
      if (line < 1 || column < 1 || message === "") t.fail(`a diagnostic without its place: ${message}`, { text });
    }
    const plan = planReload(before, read, () => random() < 0.5);
    const planned = new Set(plan.ports.map(step => ("config" in step ? step.config.name : step.name)));
    if (planned.size !== plan.ports.length) t.fail("two steps for one port", { text });
    for (const port of before.ports) if (!planned.has(port.name)) t.fail(`no step for ${port.name}`, { text });
    before = plan.inForce;
  }
  t.ok(ports > 2000, `${ports} ports were read`);
});

t.test("random bytes are read to their end", async t => {
  t.comment(`seed ${SEED}`);
  const random = randomNumbers(SEED);
  const facts = {
    deviceWritten: "a",
    devicePath: "b",
    portName: "c",
    line: STANDARD_LINE,
    remoteAddress: null,
    now: {
      epochMs: 0,
      microseconds: 0,
      year: 1970,
      month: 0,
      dayOfMonth: 1,
      dayOfWeek: 4,
      dayOfYear: 0,
      hours: 0,
      minutes: 0,
      seconds: 0,
    },
  };
  const starts = [
    "",
    "1:raw:0:x:",
    "DEFAULT:",
    "LED:l:sysfs:",
    "RS485CONF:r:",
    "CLOSEON:c:",
    "BANNER:",
    "ROTATOR:",
    "CONTROLPORT:",
  ];
  for (let round = 0; round < 5000; round++) {
    const text = `${pick(random, starts)}${bytes(random, 60)}`;
    const read = readText(text);
    if (read.ports.length + read.diagnostics.length > 120) t.fail("more came of it than was in it", { text });
    const escaped = text.replaceAll("a", "\\");
    expandTemplate(escaped, "file", facts);
    translateCloseon(escaped);
    const port = {
      networkPort: { family: "any", transport: "tcp", host: null, port: 1 },
      line: plain.line,
      options: plain.options,
    } as const;
    const { problem } = parsePortWords(text, port, read.finalContext);
    if (problem === "") t.fail("an empty problem", { text });
  }
  t.pass("all of them");
});

const [plain] = readText("1:raw:0:/dev/a").ports as [Configuration["ports"][number]];
