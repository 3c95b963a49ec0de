import t from "tap";
import {
  formatClosedConnection,
  formatClosedPort,
  formatHexdump,
  formatOpened,
  formatStamp,
} from "../../service/trace/format.js";

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

t.test("a hexdump has eight bytes a line, both columns, the text column unpadded", async t => {
  t.equal(
    formatHexdump(latin1("01234567"), "tcp ", "") +
      formatHexdump(latin1("XYZ\r\n\0\xff"), "tcp ", "") +
      formatHexdump(latin1("devx\x80\xffout 12"), "term", "") +
      formatHexdump(latin1("\n"), "term", ""),
    [
      "tcp  30 31 32 33 34 35 36 37  |01234567|",
      "tcp  58 59 5a 0d 0a 00 ff     |XYZ....|",
      "term 64 65 76 78 80 ff 6f 75  |devx..ou|",
      "term 74 20 31 32              |t 12|",
      "term 0a                       |.|",
      "",
    ].join("\n"),
  );
});

t.test("each line of a block has the stamp", async t => {
  t.equal(
    formatHexdump(latin1("0123456789"), "tcp ", "2026/11/23 08:57:35 "),
    "2026/11/23 08:57:35 tcp  30 31 32 33 34 35 36 37  |01234567|\n" +
      "2026/11/23 08:57:35 tcp  38 39                    |89|\n",
  );
  t.equal(formatHexdump(new Uint8Array(), "term", "x"), "");
});

t.test("the printable bytes are those from blank to tilde", async t => {
  t.equal(formatHexdump(latin1("\x1f ~\x7f"), "term", ""), "term 1f 20 7e 7f              |. ~.|\n");
});

t.test("a stamp is local time, two digits each", async t => {
  t.equal(formatStamp(new Date(2026, 0, 3, 4, 5, 6)), "2026/01/03 04:05:06 ");
  t.equal(formatStamp(new Date(2026, 11, 31, 23, 59, 59)), "2026/12/31 23:59:59 ");
});

t.test("opening and closing lines, the reason as it is", async t => {
  const stamp = "2026/11/23 08:57:35 ";
  t.equal(formatOpened("::ffff:127.0.0.1:57548", stamp), `${stamp}OPEN (::ffff:127.0.0.1:57548)\n`);
  t.equal(formatClosedConnection("network read close", stamp), `${stamp}CLOSE netcon (network read close)\n`);
  t.equal(
    formatClosedConnection("kicked off, new user is coming\r\n", stamp),
    `${stamp}CLOSE netcon (kicked off, new user is coming\r\n)\n`,
  );
  t.equal(
    formatClosedPort("All network connections free", stamp),
    `${stamp}CLOSE port (All network connections free)\n`,
  );
});
