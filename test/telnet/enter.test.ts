import t from "tap";
import { EnterDecoder } from "../../service/telnet/enter.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const text = (of: Uint8Array): string => Buffer.from(of).toString("latin1");

t.test("CR NUL is CR, everything else stays, wherever the stream is cut", async t => {
  const sent = "a\r\0b\r\nc\0\r\r\0\0d\r\0\r\0\xff\r";
  const meant = "a\rb\r\nc\0\r\r\0d\r\r\xff\r";
  for (let cut = 0; cut <= sent.length; cut++) {
    const decoder = new EnterDecoder();
    t.equal(
      text(decoder.decode(bytes(sent.slice(0, cut)))) + text(decoder.decode(bytes(sent.slice(cut)))),
      meant,
      `${cut}`,
    );
  }
  const decoder = new EnterDecoder();
  t.equal([...sent].map(byte => text(decoder.decode(bytes(byte)))).join(""), meant, "byte by byte");
});

t.test("after BINARY a NUL is data", async t => {
  const decoder = new EnterDecoder();
  decoder.decode(bytes("\r"));
  decoder.reset();
  t.equal(text(decoder.decode(bytes("\0"))), "\0");
});
