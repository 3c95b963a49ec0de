/** The reader of YAML files of ser2net 4. */
import { errorsOf } from "../../service/config/diagnostic.js";
import { checked, importText } from "../migration/imported.js";
import { fill, insist, numbered, type Parser } from "./parser.js";

const PORT = "connection: &a\n  accepter: tcp,1\n  connector: serialdev,/dev/a";

const migration: Parser = {
  name: "YAML of ser2net 4",
  parse(text) {
    const { text: written, diagnostics } = importText(Buffer.from(text, "latin1"));
    insist(errorsOf(checked(written)).length === 0, "the check refuses what was written");
    for (const { line, column, message } of diagnostics) {
      insist(line >= 1 && column >= 1 && message !== "", `a diagnostic without its place: ${message}`);
    }
  },
  samples: [
    "%YAML 1.1\n---\n",
    `${PORT},9600n81,local\n`,
    "connection: &b\n  accepter: telnet(rfc2217),tcp,::1,2\n  timeout: 5\n  enable: off\n  connector: serialdev,/dev/b:c,rs485=1:2:rts_on_send\n  options:\n    banner: *t\n",
    "    kickolduser: true\n    max-connections: 2\n    remaddr: '!udp,h,1;i,0'\n    trace-both: /t\n    trace-hexdump: on\n",
    "    openstr: 'a\\x41\\N'\n    closeon: \"\\r\\n\"\n    signature: s\n    led-tx: *l\n",
    "define: &t text *(t) *(*x\n",
    "led: &l\n  driver: sysfs\n  options: {device: a, duration: 3, state: 0}\n",
    "default:\n  name: speed\n  value: 9600e71\n  class: serialdev\n",
    "rotator: &r\n  accepter: tcp,3\n  connections: [ *a, *b ]\n",
    "admin:\n  accepter: tcp,4\n",
    "connection: &s\n  accepter: udp,5\n  connector: ipmisol,lan -U a -P *{/f} h,9600\n",
    "    banner: |\n      x\n",
    "connection: &d\n  accepter: tcp,6\n  connector: 'serialdev,/dev/d:e\\\\'\n",
    "  - ? : [ { , } ] # ser2net-edge: hold=1\n",
  ],
  hurtful: {
    connections: length =>
      numbered(
        number => `connection: &c${number}\n  accepter: tcp,${number % 65_000}\n  connector: serialdev,/dev/a\n`,
        length,
      ),
    "connections that are refused": length =>
      numbered(number => `connection: &c${number}\n  accepter: tcp,x\n  connector: serialdev,/dev/a\n`, length),
    "connections with a text each": length =>
      numbered(
        number =>
          `connection: &c${number}\n  accepter: tcp,${number}\n  connector: serialdev,/dev/a\n  options:\n    banner: ${number}\n`,
        length,
      ),
    "texts of one name": length =>
      numbered(
        number =>
          `connection: &c\n  accepter: tcp,${number}\n  connector: serialdev,/dev/a\n  options:\n    banner: ${number}\n`,
        length,
      ),
    defines: length => numbered(number => `define: &d${number} x\n`, length),
    "one define often": length => `define: &d xxxxxxxxxx\ndefine: &e '${fill("*(d)", length)}'\n`,
    "a define in each text": length => `define: &d ${fill("x", 1000)}\n${fill("define: &e '*(d)'\n", length)}`,
    "defines without an end": length => `define: &d '${fill("*(", length)}'\n`,
    stars: length => `define: &d '${fill("*", length)}'\n`,
    "options that are not known": length => `${PORT}\n  options:\n${fill("    x: 1\n", length)}`,
    "banners of one port": length => `${PORT}\n  options:\n${fill("    banner: x\n", length)}`,
    addresses: length => `${PORT}\n  options:\n    remaddr: '${fill("h,0;", length)}'\n`,
    "addresses of an accepter": length =>
      `connection: &a\n  accepter: 'tcp,${fill("h,1,", length)}'\n  connector: serialdev,/dev/a\n`,
    layers: length => `connection: &a\n  accepter: '${fill("telnet,", length)}'\n  connector: serialdev,/dev/a\n`,
    "options of a layer": length =>
      `connection: &a\n  accepter: 'tcp(${fill("x,", length)}),1'\n  connector: serialdev,/dev/a\n`,
    "brackets of a layer": length =>
      `connection: &a\n  accepter: 'tcp${fill("(", length)}'\n  connector: serialdev,/dev/a\n`,
    "words of a device": length => `${PORT},${fill("local,", length)}\n`,
    "words that are not known": length => `${PORT},${fill("x,", length)}\n`,
    backslashes: length =>
      `${PORT}\n  options:\n    banner: '${fill("\\", length)}'\n    closeon: '${fill("\\", length)}'\n`,
    "a rotator": length => `${PORT}\nrotator: &r\n  accepter: tcp,2\n  connections: [${fill(" *a,", length)}]\n`,
    "a rotator of nothing": length => `rotator: &r\n  accepter: tcp,2\n  connections: [${fill(" *x,", length)}]\n`,
    comments: length => `${PORT} ${fill("# ser2net-edge: ", length)}\n`,
    brackets: length => fill("[", length),
    braces: length => fill("{a: ", length),
    "closing brackets": length => fill("]", length),
    lists: length => fill("- ", length),
    quotes: length => fill('"', length),
    anchors: length => `a: ${fill("&a ", length)}`,
    aliases: length => fill("*a ", length),
    documents: length => fill("---\n", length),
    "folded lines": length => `define: &d >\n${fill(" x\n\n", length)}`,
    "lines of a plain text": length => `define: &d x\n${fill("  x\n", length)}`,
    directives: length => fill("%A\n", length),
  },
};

export const MIGRATION_PARSERS: readonly Parser[] = [migration];
