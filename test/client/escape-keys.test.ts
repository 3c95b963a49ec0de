import t from "tap";
import { EscapeKeys, type KeyEvent, menuText } from "../../service/client/escape-keys.js";

/** Events as text: data as it is, actions in brackets. */
function feed(keys: EscapeKeys, typed: string): string {
  const events: KeyEvent[] = keys.feed(Buffer.from(typed, "latin1"));
  return events
    .map(event => {
      if (event.kind === "data") return Buffer.from(event.bytes).toString("latin1");
      return event.kind === "show" ? `<${event.text}>` : `[${event.action} ${event.text}]`;
    })
    .join("");
}

t.test("every byte but the escape character is for the device", async t => {
  const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter(byte => byte !== 0x1d)).toString(
    "latin1",
  );
  t.equal(feed(new EscapeKeys(), all), all);
});

t.test("a key behind the escape character is an action, and any other leaves the menu", async t => {
  t.equal(feed(new EscapeKeys(), "a\x1dbc\x1dq"), "a[break ]c[quit ]");
  t.equal(feed(new EscapeKeys(), "\x1d.\x1d?\x1dW"), "[quit ][help ][who ]");
  t.equal(feed(new EscapeKeys(), "a\x1d c\x1d\rd"), "acd");
  t.equal(feed(new EscapeKeys(), "a\x1d\x1dc"), "a\x1dc", "twice: the character itself");
  for (const key of "?bdrpcwtmlszq") t.match(menuText(), ` ${key} `, `the help names ${key}`);
});

t.test("an action with an answer: it is edited, cancelled or taken", async t => {
  const show = (text: string) => [...text].map(one => `<${one}>`).join("");
  const keys = new EscapeKeys();
  t.equal(feed(keys, "\x1dm"), "<\r\nMessage: >");
  t.ok(keys.isAsking);
  t.equal(feed(keys, "ab\x7fc\r"), `${show("ab")}<\b \b>${show("c")}<\r\n>[message ac]`);
  t.notOk(keys.isAsking);
  t.equal(feed(keys, "\x1dmab\x15c\rx"), `<\r\nMessage: >${show("ab")}<\b \b\b \b>${show("c")}<\r\n>[message c]x`);
  t.equal(feed(keys, "\x1dma\x03x"), `<\r\nMessage: >${show("a")}< (cancelled)\r\n>x`);
});

t.test("the same events however the keys are cut", async t => {
  const typed = "one\x1dbtwo\x1d\x1d\x1dmhi\rthree\x1dq";
  const whole = feed(new EscapeKeys(), typed);
  for (let cut = 0; cut <= typed.length; cut++) {
    const keys = new EscapeKeys();
    t.equal(feed(keys, typed.slice(0, cut)) + feed(keys, typed.slice(cut)), whole);
  }
});
