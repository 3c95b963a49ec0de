import t from "tap";
import { EnterDecoder } from "../../service/telnet/enter.js";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
const text = (of: Uint8Array): string => Buffer.from(of).toString("latin1");

const sent = "a\r\0b\r\nc\0\r\r\0\0d\r\0\r\0\xff\r\r\n\r\0\n\r";

for (const [setting, joinsCrLf, meant] of [
  ["CR NUL is CR, CR LF stays", false, "a\rb\r\nc\0\r\r\0d\r\r\xff\r\r\n\r\n\r"],
  ["with telnet-enter=cr CR NUL and CR LF are CR", true, "a\rb\rc\0\r\r\0d\r\r\xff\r\r\r\n\r"],
] as const) {
  t.test(`${setting}, and everything else stays, wherever the stream is cut`, async t => {
    for (let cut = 0; cut <= sent.length; cut++) {
      const decoder = new EnterDecoder(joinsCrLf);
      const parts = [sent.slice(0, cut), sent.slice(cut)];
      t.equal(parts.map(part => text(decoder.decode(bytes(part)))).join(""), meant, `${cut}`);
    }
    const decoder = new EnterDecoder(joinsCrLf);
    t.equal([...sent].map(byte => text(decoder.decode(bytes(byte)))).join(""), meant, "byte by byte");
  });
}

t.test("after BINARY a NUL and a LF are data", async t => {
  for (const next of ["\0", "\n"]) {
    const decoder = new EnterDecoder(true);
    decoder.decode(bytes("\r"));
    decoder.reset();
    t.equal(text(decoder.decode(bytes(next))), next);
  }
});
