/** The parsers of the configuration. */
import type { Configuration } from "../../service/config/configuration.js";
import { translateCloseon } from "../../service/config/escapes.js";
import { parseNetworkPort } from "../../service/config/network-port.js";
import { KEYED_WORDS, PLAIN_WORDS } from "../../service/config/option-table.js";
import { planReload } from "../../service/config/plan.js";
import { parsePortWords } from "../../service/config/port-options.js";
import { readConfiguration } from "../../service/config/resolve.js";
import { readSolDevice } from "../../service/config/sol-arguments.js";
import { suggest } from "../../service/config/suggest.js";
import { expandTemplate, type TemplateFacts } from "../../service/config/template.js";
import { readTls } from "../../service/config/tls.js";
import { STANDARD_LINE } from "../../service/line/settings.js";
import { fill, insist, numbered, type Parser } from "./parser.js";

const serviceLookup = (name: string) => (name === "echo" ? 7 : null);

function read(text: string): Configuration {
  return readConfiguration([{ file: "test.conf", text }], { serviceLookup, readSolDevice, readTls });
}

const PORT = "1:raw:0:/dev/a:";

const configuration: Parser = {
  name: "configuration",
  parse(text) {
    const old = read(text);
    for (const next of [old, read(text), read(text.replaceAll(":raw:", ":rwa:"))]) planReload(old, next, () => false);
    for (const { line, column, message } of old.diagnostics) {
      insist(line >= 1 && column >= 1 && message !== "", `a diagnostic without its place: ${message}`);
    }
  },
  samples: [
    "BANNER:b:hello\\r\\n\n",
    "OPENSTR:o:x\nCLOSESTR:c:x\nSIGNATURE:s:x\nTRACEFILE:t:/tmp/\\p\n",
    "CLOSEON:c:\\x00\\377\n",
    "LED:l:sysfs:device=a duration=5 state=0\n",
    "RS485CONF:r:1:2:0:1\n",
    "TLS:t:cert=/c key=%d/k ca=/a verify=optional allow=a,b watch=c min=1.3 ciphers=A:B\n",
    "TLS:k:psk=/p allow=a\nCONTROLPORT:tls:k,2000\n3003:raw:0:/dev/a:tls=t\n",
    "DEFAULT:speed:19200\nDEFAULT:remaddr:10.0.0.1,0;::1,5\n",
    "DEVICE:d:/dev/serial/by-path/x:1\nCONTROLPORT:localhost,2000\n",
    "DEVICE:s:sol.lan -s -U 'a b' -P \"x\\\\y\" -Rk k -p 1 -p2 2 -L user -Ra bmcpick -Ri none -Rc none -H intelplus ::1 h\n",
    "3002:raw:0:sol.lan -U a -Pf /k -Rl -4 -M 2 -A rmcp+ h:19200 -encrypted ack-timeout=5 shared_serial_alert_deferred\n",
    "ROTATOR:5000:3000 3001\n",
    "3000:telnet:600:d:EVEN b o c s tr=t hexdump remaddr=10.0.0.1,0 chardelay-min=500 led-rx=l rs485=r\n",
    "udp,::1,3001:raw:0:/dev/a:max-connections=2 remaddr=udp,h,1;udp,i,2\n",
    "0:rawlp:0:/dev/lp0\n",
    "continued\\\n",
    "# a comment\n",
  ],
  hurtful: {
    "good words": length => PORT + fill("EVEN ", length),
    "misspelt words": length => PORT + fill("EVENN ", length),
    "lines of misspelt words": length => numbered(number => `${number}:raw:0:/dev/a:EVENN\n`, length),
    "one word": length => PORT + fill("x", length),
    addresses: length => `${PORT}remaddr=${fill("10.0.0.1,0;", length)}`,
    "bad addresses": length => `${PORT}remaddr=${fill("10.0.0.1;", length)}`,
    "one bad address": length => `${PORT}remaddr=${fill("0", length)}x`,
    commas: length => `${PORT}remaddr=${fill(",", length)}x`,
    "addresses behind an unknown word": length => `${PORT}nosuch ${fill("remaddr=1,1 ", length)}`,
    "the longest list of addresses on every port": length =>
      `DEFAULT:remaddr:${fill("10.0.0.1,0;", 1024 * 11)}\n${numbered(number => `${number}:raw:0:a\n`, length / 4)}`,
    "default addresses for one port": length => `DEFAULT:remaddr:${fill("10.0.0.1,0;", length)}\n1:raw:0:a\n`,
    "one closeon on every port": length =>
      `CLOSEON:c:${fill("x", length / 2)}\n${numbered(number => `${number}:raw:0:a:c\n`, length / 2)}`,
    "one banner on every port": length =>
      `BANNER:b:${fill("x", length / 2)}\n${numbered(number => `${number}:raw:0:a:b\n`, length / 2)}`,
    "one device on every port": length =>
      `DEVICE:d:${fill("x", length / 2)}\n${numbered(number => `${number}:raw:0:d\n`, length / 2)}`,
    "one SOL device on every port": length =>
      `DEVICE:d:sol.lan ${fill("-U x ", length / 2)}h\n${numbered(number => `${number}:raw:0:d\n`, length / 2)}`,
    "words of a SOL device": length => `1:raw:0:sol.lan ${fill("-P x ", length)}`,
    "a quoted word of a SOL device": length => `1:raw:0:sol.lan -P "${fill("\\\"' ", length)}`,
    "options with and without a secret": length => `1:raw:0:sol.lan${fill(" -Pf -Pc -P", length)}`,
    ports: length => numbered(number => `${number}:raw:0:/dev/a\n`, length),
    "ports with long names": length => numbered(number => `${fill(":", 200)}${number}:raw:0:/dev/a\n`, length),
    "ports that are gone, and faults": length =>
      numbered(number => `${number}:raw:0:/dev/a\n`, length / 2) + fill("x\n", length / 2),
    "rotators that are gone, and faults": length =>
      numbered(number => `ROTATOR:${number}:1\n`, length / 2) + fill("ROTATOR:x\n", length / 2),
    "no state": length => fill("x", length),
    colons: length => fill(":", length),
    "states that are none": length => fill(":ra", length),
    digits: length => `${fill("9", length)}:raw:0:/dev/a`,
    "a timeout": length => `1:raw:${fill("9", length)}:/dev/a`,
    "a banner": length => `BANNER:b:${fill("x", length)}`,
    "a name": length => `BANNER:${fill("x", length)}`,
    "a closeon": length => `CLOSEON:c:${fill("\\000", length)}`,
    "an LED": length => `LED:l:sysfs:device=${fill("x", length)}`,
    "LED words": length => `LED:l:sysfs:${fill("x ", length)}`,
    "LED words without values": length => `LED:l:sysfs:${fill("=", length)}`,
    "LEDs of one device": length => numbered(number => `LED:${number}:sysfs:device=a\n`, length),
    "an RS485CONF": length => `RS485CONF:r:${fill(" ", length)}`,
    "RS485CONF digits": length => `RS485CONF:r:${fill("1", length)}`,
    "words of a TLS line": length => `TLS:t:${fill("x= ", length)}`,
    "one word of a TLS line": length => `TLS:t:cert=${fill("=", length)}`,
    "names of a TLS line": length => `TLS:t:psk=/k allow=${fill("a,", length)}`,
    "commas of a TLS line": length => `TLS:t:psk=/k watch=${fill(",", length)}`,
    "blanks of a TLS line": length => `TLS:t:psk=/k${fill(" \t", length)}x`,
    "TLS lines": length => numbered(number => `TLS:${number}:psk=/k\n`, length),
    "TLS lines with faults": length => numbered(number => `TLS:${number}:psk\n`, length),
    "one TLS line on every port": length =>
      `TLS:t:psk=/k allow=${fill("a,", length / 2)}\n${numbered(number => `${number}:raw:0:a:tls=t\n`, length / 2)}`,
    "a TLS line of another name on every port": length =>
      numbered(number => `TLS:${number}:psk=/k\n${number}:raw:0:a:tls=${number}\n`, length),
    "a TLS line that is missing on every port": length => numbered(number => `${number}:raw:0:a:tls=x\n`, length),
    "a rotator": length => `ROTATOR:5:${fill("1 ", length)}`,
    "a default": length => `DEFAULT:speed:${fill("9", length)}`,
    "a default of blanks": length => `DEFAULT:speed:${fill(" ", length)}x`,
    defaults: length => numbered(number => `DEFAULT:hold:${number}\n`, length),
    continuations: length => fill("x\\\n", length),
    "continuations of a fault": length => `${fill("x\\\n", length)}x`,
    "blank continuations": length => `${fill(" \\\n", length)}#`,
    "blank continuations, then a text with signs of comments": length =>
      `${fill(" \\\n", length / 2)}x\\\n${fill("#\\\n", length / 2)}`,
    "blank lines": length => fill(" \n", length),
    backslashes: length => fill("\\", length) + fill("\n", length),
    "a comment": length => `#${fill(" ", length)}`,
    blanks: length => `${fill(" ", length)}x`,
    NULs: length => fill("\0", length),
    "CR LF": length => fill("x\r\n", length),
  },
};

const [plain] = read("1:raw:0:/dev/a").ports as [Configuration["ports"][number]];
const named = read("BANNER:b:x\nTRACEFILE:t:/t\nRS485CONF:r:1:1:0:0\nLED:l:sysfs:device=a\n").finalContext;

const portWords: Parser = {
  name: "options of a port",
  parse(text) {
    const { problem } = parsePortWords(text, plain, named);
    insist(problem !== "", "an empty problem");
  },
  samples: [...PLAIN_WORDS.keys(), ...[...KEYED_WORDS.keys()].map(key => `${key}1`), "b", "tr=t ", "remaddr=a,1;b,2 "],
  hurtful: {
    words: length => fill("EVEN ", length),
    addresses: length => fill("remaddr=1,1 ", length),
    blanks: length => fill(" ", length),
    "equals signs": length => fill("=", length),
    "one number": length => `hold=${fill("9", length)}`,
    "signs of a number": length => `hold=${fill("+", length)}`,
  },
};

const FACTS: Omit<TemplateFacts, "devicePath" | "deviceWritten"> = {
  portName: "c",
  line: STANDARD_LINE,
  remoteAddress: null,
  now: {
    ...{ epochMs: 0, microseconds: 0, year: 1970, month: 0, dayOfMonth: 1, dayOfWeek: 4, dayOfYear: 0 },
    ...{ hours: 0, minutes: 0, seconds: 0 },
  },
};

/** The text after a `|` is the device. */
const template: Parser = {
  name: "templates",
  parse(text) {
    const [written = "", device = "/dev/a"] = text.split("|", 2);
    for (const mode of ["string", "file"] as const) {
      expandTemplate(written, mode, { ...FACTS, devicePath: device, deviceWritten: device });
    }
    translateCloseon(written);
  },
  samples: [
    "\\r\\n",
    "\\d \\o \\p",
    "\\x4",
    "\\x4f",
    "\\377",
    "\\",
    "\\\\",
    "text",
    "\\Y-\\M-\\D \\T \\B",
    "|/dev/ttyS0",
  ],
  hurtful: {
    backslashes: length => fill("\\", length),
    octal: length => fill("\\0", length),
    hexadecimal: length => fill("\\x", length),
    "half an escape": length => `${fill("\\000", length)}\\`,
    "a long device": length => `${fill("\\d", length / 2)}|${fill("x", length / 2)}`,
    "a long device that is written": length => `${fill("\\o", length / 2)}|${fill("/x", length / 2)}`,
  },
};

const networkPort: Parser = {
  name: "network ports",
  parse(text) {
    const port = parseNetworkPort(text, serviceLookup);
    insist(port !== "", "an empty problem");
  },
  samples: [
    "2000",
    "tcp,2000",
    "ipv6,udp,::1,2000",
    "localhost,echo",
    "fe80::1%eth0,1",
    "10.0.0.1,0",
    "::ffff:1.2.3.4,5",
  ],
  hurtful: {
    digits: length => fill("9", length),
    zeros: length => `${fill("0", length)}x`,
    blanks: length => `${fill(" ", length)}x`,
    commas: length => `${fill(",", length)}x`,
    colons: length => `${fill(":", length)},1`,
    dots: length => `${fill("1.", length)},1`,
    families: length => fill("ipv6,", length),
    "a zone": length => `::1%${fill("x", length)},1`,
    "a service": length => `h,${fill("-", length)} `,
  },
};

const WORDS = [...PLAIN_WORDS.keys(), ...KEYED_WORDS.keys()];

const didYouMean: Parser = {
  name: "did you mean",
  parse(text) {
    const [word = "", ...others] = text.split(" ");
    suggest(word, WORDS);
    suggest(word, others);
    suggest(text, [text, `${text}x`]);
  },
  samples: ["remctl", "-remctk", "tx=", "EVENN", "ab", "banner banner1 banner11", " "],
  hurtful: {
    "one word": length => fill("x", length),
    "two letters": length => fill("ab", length),
    "words that are nearly it": length => `${fill("a", 38)} ${fill(`${fill("a", 37)}b `, length)}`,
    "words that are not": length => `${fill("ab", 40)} ${fill(`${fill("ba", 40)} `, length)}`,
    "long words": length => `${fill("ab", 40)} ${fill("ab", length)}`,
  },
};

export const CONFIGURATION_PARSERS: readonly Parser[] = [configuration, portWords, template, networkPort, didYouMean];
