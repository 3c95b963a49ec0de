import t from "tap";
import { decodeUtf8, encodeUtf8, toBytes, toText } from "../../service/line/bytes.js";

t.test("every byte is one character, both ways", async t => {
  const every = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  t.equal(toText(every).length, 256);
  t.same([...toBytes(toText(every))], [...every]);
  t.equal(toText(every.subarray(0x61, 0x64)), "abc", "a view is only its own part");
});

t.test("a text whose bytes are UTF-8 is converted to Unicode and back", async t => {
  t.equal(decodeUtf8("caf\xc3\xa9"), "café");
  t.equal(encodeUtf8("café"), "caf\xc3\xa9");
  t.equal(decodeUtf8("a\xffb"), "a\ufffdb");
});
