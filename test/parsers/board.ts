/** The parsers of board profiles. */
import { compileProfile } from "../../service/board/compile.js";
import { parseJson } from "../../service/board/json.js";
import { readProfile } from "../../service/board/validate.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { fill, insist, numbered, type Parser } from "./parser.js";

const lookUp = (device: string) => ({ device, problem: null });

const profile: Parser = {
  name: "board profile",
  parse(text) {
    const { root, diagnostics } = parseJson({ file: "board.json", text });
    insist(root !== null || diagnostics.length > 0, "no profile and no word why");
    if (root?.kind !== "object") return;
    for (const base of [null, root]) {
      const reading = readProfile("board", root, base, lookUp);
      for (const { line, column } of reading.diagnostics)
        insist(line >= 1 && column >= 1, "a diagnostic without place");
      const { text: printed, fallback, ...compiled } = compileProfile(reading.profile, reading.document);
      const lines = [...compiled.lines, ...compiled.fallbackLines];
      const [asText, asLines] = [{ text: printed + fallback }, { text: "", lines }].map(source =>
        readConfiguration([{ file: "board.json", ...source }], { serviceLookup: () => null, readSolDevice }),
      );
      insist(asText?.ports.length === asLines?.ports.length, "the lines are not those of the text");
      for (const { line, column } of asLines?.diagnostics ?? [])
        insist(line >= 1 && column >= 1 && line <= text.length + 1, "a diagnostic without place in the profile");
    }
  },
  samples: [
    '{"schema":1,"id":"board","title":"A board",',
    '"ports":[',
    '{"id":"p1","device":"ttyS1","networkPort":"2001","line":{"speed":9600,"parity":"even"},"leds":{"rx":"l1"}},',
    '{"id":"p2","device":"/dev/a","electrical":"rs485","rs485":{"delayBeforeMs":1},"lines":["rts","cts"]}',
    '],"leds":[{"id":"l1","sysfs":"a","function":"port"}',
    '],"match":[{"compatible":"a,b*","dmi":{"sys_vendor":"x"}}],"enumerate":{"firstNetworkPort":3000}}',
    "true",
    "-0.5e+10",
    '"\\u00e4\\n\\\\"',
    "\n",
    "{}",
    "[]",
  ],
  hurtful: {
    "a string without an end": length =>
      `{ "schema": 1, "id": "x",\n "title": "${fill("Terminal server with sixteen serial ports,", length)}\n "ports": [] }`,
    "a key without an end": length => `{"${fill("k", length)}`,
    "escapes without an end": length => `{"a":"${fill("\\\\", length)}`,
    "a wrong escape at the end": length => `{"a":"${fill("x\\n", length)}\\q"}`,
    "a long string": length => `{"title":"${fill("x", length)}"}`,
    "a long string of escapes": length => `{"title":"${fill("\\u0041", length)}"}`,
    "a key given many times": length => `{${fill('"a":1,', length)}"a":1}`,
    "keys given many times below a long one": length =>
      `{"${fill("k", length / 2)}":{${fill('"a":1,', length / 2)}"a":1}}`,
    "unknown keys": length => `{${numbered(number => `"k${number}":1,`, length)}"a":1}`,
    "unknown keys that are nearly known": length => `{${numbered(number => `"port${number}":1,`, length)}"a":1}`,
    "lines of unknown keys": length => `{${numbered(number => `"k${number}":1,\n`, length)}"a":1}`,
    "wrong values": length => `{"ports":[${fill("1,\n", length)}1]}`,
    ports: length => `{"ports":[${numbered(number => `{"id":"p${number}","device":"a${number}"},`, length)}1]}`,
    "ports of one name": length => `{"ports":[${fill('{"id":"p","device":"a"},', length)}1]}`,
    LEDs: length => `{"leds":[${numbered(number => `{"id":"l${number}","sysfs":"a"},`, length)}1]}`,
    "a device of slashes": length => `{"ports":[{"id":"p","device":"${fill("/", length)}"}]}`,
    "a device of dots": length => `{"ports":[{"id":"p","device":"${fill("./", length)}"}]}`,
    "a network port": length => `{"controlPort":"${fill("1,", length)}"}`,
    "a long wrong value": length =>
      `{"title":[],"match":[{"model":"${fill("x", length)}"}],"schema":"${fill("x", length)}"}`,
    "open lists": length => fill("[", length),
    "open objects": length => fill('{"a":', length),
    commas: length => `[${fill(",", length)}`,
    "empty lists": length => `{"ports":[${fill("[],", length)}[]]}`,
    digits: length => `{"schema":${fill("1", length)}}`,
    "digits behind the point": length => `{"schema":0.${fill("1", length)}x}`,
    exponents: length => `{"schema":1e${fill("9", length)}x}`,
    blanks: length => `${fill(" ", length)}x`,
    "line ends": length => `{"title":\n${fill("\n", length)}x`,
  },
};

export const BOARD_PARSERS: readonly Parser[] = [profile];
