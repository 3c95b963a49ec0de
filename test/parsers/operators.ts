/** The parsers of what operators and the system say: command line, control port, log, services, addresses of buses. */
import { parseArguments } from "../../service/cli.js";
import { LineEditor, MAX_LINE, parseCommand, parseControls, parseTimeout } from "../../service/control/command.js";
import { busAddress, socketPaths } from "../../service/dbus/address.js";
import { decodeLabel, encodeLabel, toBusString } from "../../service/dbus/names.js";
import { encodeUtf8 } from "../../service/line/bytes.js";
import { oneLine } from "../../service/log/one-line.js";
import { parseServices } from "../../service/net/services.js";
import { fill, insist, numbered, type Parser } from "./parser.js";

/** Each line of the text is an argument. */
const commandLine: Parser = {
  name: "command line",
  parse(text) {
    const command = parseArguments(text.split("\n"));
    insist(command.kind !== "wrong" || command.text !== "", "nothing is said");
  },
  samples: [
    "-c\n/etc/ser2net.conf\n",
    "-C\n2000:raw:0:/dev/ttyS0\n",
    "-n\n",
    "-p\n2000\n",
    "--check\n",
    "-t\n1\n",
    "-v",
    "\n",
  ],
  hurtful: {
    "configuration lines": length => fill("-C\nx\n", length),
    "configuration files": length => fill("-c\nx\n", length),
    flags: length => fill("-n\n-d\n", length),
    "a long argument": length => fill("-", length),
    "a long thread count": length => `-t\n${fill("9", length)}x`,
    "line ends": length => `-${fill("\n", length)}`,
  },
};

const controlLine: Parser = {
  name: "lines of the control port",
  parse(text) {
    parse(text);
    const editor = new LineEditor();
    const bytes = Buffer.from(text, "latin1");
    for (let at = 0; at < bytes.length; ) {
      const { taken, line } = editor.feed(bytes.subarray(at, at + 256));
      insist(taken > 0 && (line?.length ?? 0) <= MAX_LINE, "a line that is too long");
      at += taken;
      if (line !== null) parse(line);
    }

    function parse(line: string): void {
      const command = parseCommand(line);
      insist(command.kind !== "error" || command.text !== "", "nothing is said");
      if (command.kind === "setporttimeout") parseTimeout(command.timeout);
      if ("words" in command) parseControls(command.words);
    }
  },
  samples: [
    ...[
      "showport 2000\r",
      "showshortport\r\n",
      "monitor tcp 2000\r",
      "monitor stop\r",
      "disconnect 2000\r",
      "help",
      "exit",
    ],
    ...["setporttimeout 2000 60\r", "setportconfig 2000 9600 EVEN\r", "setportcontrol 2000 DTRHI RTSLO\r"],
    ...["setportenable 2000 off\r", "\x08", "\x7f", "\t", "version"],
  ],
  hurtful: {
    "one word": length => fill("x", length),
    words: length => fill("x ", length),
    blanks: length => `${fill(" ", length)}x`,
    "blanks in a command": length => `setportconfig a${fill(" ", length)}`,
    controls: length => `setportcontrol a ${fill("DTRHI ", length)}`,
    "a timeout": length => `setporttimeout a ${fill("9", length)}x`,
    "line ends": length => fill("\r\n", length),
    "rubbed out": length => fill("x\x08", length),
    "backspaces behind a line": length => `${fill("x", length / 2)}${fill("\x08", length / 2)}`,
  },
};

const logLine: Parser = {
  name: "texts for the log",
  parse(text) {
    insist(!/[\x00-\x1f\x7f]/.test(oneLine(text)), "a control character");
  },
  samples: ["text", "\n", "\x1b[31m", " ", "\x7f"],
  hurtful: {
    "control characters": length => fill("\0", length),
    blanks: length => `${fill(" ", length)}x`,
    "blanks and line ends": length => `${fill(" \n", length)}x`,
  },
};

const services: Parser = {
  name: "services",
  parse(text) {
    parseServices(text);
  },
  samples: ["echo 7/tcp\n", "ntp\t123/udp time # a remark\n", "# a comment\n", "\n", "x 99999/tcp y z\n"],
  hurtful: {
    aliases: length => `echo 7/tcp ${fill("a ", length)}`,
    services: length => numbered(number => `s${number} 7/tcp\n`, length),
    "signs of comments": length => fill("#", length),
    blanks: length => `echo${fill(" ", length)}`,
    "blanks before it": length => `${fill(" ", length)}x`,
    digits: length => `echo ${fill("7", length)}`,
  },
};

const busNames: Parser = {
  name: "addresses and names of D-Bus",
  parse(text) {
    socketPaths(busAddress(text, {}));
    const label = decodeLabel(text);
    if (label !== null) insist(encodeLabel(label) === text, "a label of another name");
    insist(decodeLabel(encodeLabel(text)) === text, "a name that does not come back");
    encodeUtf8(toBusString(text));
  },
  samples: [
    "unix:path=/run/dbus/system_bus_socket",
    "unix:abstract=/tmp/x,guid=1;",
    "%3d",
    "_32001",
    "_",
    "tcp:host=a",
  ],
  hurtful: {
    addresses: length => fill("unix:path=a;", length),
    pairs: length => `unix:${fill("a=b,", length)}`,
    colons: length => `unix${fill(":", length)}`,
    escapes: length => `unix:path=${fill("%41", length)}`,
    "per cent signs": length => `unix:path=${fill("%", length)}`,
    "a label": length => fill("_32", length),
    underscores: length => fill("_", length),
  },
};

export const OPERATOR_PARSERS: readonly Parser[] = [commandLine, controlLine, logLine, services, busNames];
