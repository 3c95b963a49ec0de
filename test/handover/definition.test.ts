/** The mark by which the next version knows a definition: changes of operators are kept while it is the same. */
import t from "tap";
import { definitionMark, definitionText } from "../../service/handover/definition.js";
import { NAMES, onlyPort, portWith, readLines } from "../config/read.js";

/** As version 1.0.0 writes them into its state. */
const GOLDEN: readonly (readonly [line: string, mark: string])[] = [
  ["2000:raw:0:/dev/ttyS0:", "okGJyXziUr6ng-D6TAjNMh6XLlXtcaj0Bo9V6oQy9Fw"],
  [
    "127.0.0.1,2001:telnet:600:/dev/ttyUSB0:115200 7DATABITS EVEN remctl hold=10 max-connections=3",
    "jbZdU0llIsRX2vxcQj2a6iaE77QxNuWEN8dROc0KGM4",
  ],
  ["2002:rawlp:0:modem:hello open end tb=log led-rx=rx half", "d4oqJVEuZsM9hGtlTcFS-mv5WMHQWRfiU3lPHIGEN9o"],
  [
    "2003:raw:0:sol.lan -U admin -P secret -p 6230 192.0.2.1:57600 -encrypted ack-retries=4",
    "uB8nX8Wc03eyN9lWF5lnkw9w2Vze8vpgDptNF12O7fo",
  ],
];

t.test("the marks of version 1.0.0 are those of this version", async t => {
  for (const [line, mark] of GOLDEN) t.equal(definitionMark(onlyPort(readLines(...NAMES, line))), mark, line);
});

t.test("what has its default is not in it, so new option words change no mark", async t => {
  const plain = portWith("");
  t.notMatch(definitionText(plain), "options");
  t.notMatch(definitionText(plain), "line");
  t.equal(definitionText(portWith("9600 -remctl NONE")), definitionText(plain));
  t.equal(definitionText(portWith("", "DEFAULT:remctl:false")), definitionText(plain));
  const later = {
    ...plain,
    options: { newWord: false, ...plain.options, other: null, third: 0, fourth: "", fifth: {} },
  };
  t.equal(definitionText(later), definitionText(plain));
});

t.test("what differs has another mark, wherever it stands", async t => {
  const marks = ["", "19200", "remctl", "hold=1", "hold=2", "-chardelay", "chardelay-min=5", "dtr=on", "dtr=off"];
  const texts = marks.map(words => definitionText(portWith(words)));
  t.equal(new Set(texts).size, marks.length, "each word counts");
  t.equal(definitionText(portWith("remctl", "DEFAULT:speed:19200")), definitionText(portWith("19200 remctl")));
  const port = onlyPort(readLines("# a comment", "  ", "3000:raw:0:/dev/ttyS0:"));
  t.equal(definitionText(port), definitionText(portWith("")), "the line number does not count");
});
