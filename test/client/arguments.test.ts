import t from "tap";
import { parseClientArguments } from "../../service/client/arguments.js";

const parse = (line: string) => parseClientArguments(line.split(" "));
const HERE = { host: null, instances: [], sockets: [] };

t.test("words and options of each command", async t => {
  t.same(parse("ports --json"), { command: { kind: "ports", json: true, show: "once" }, target: HERE });
  t.same(parse("attach -r console --replay 4096").command, {
    ...{ kind: "attach", name: "console", mode: "watch", replayBytes: 4096, eightBit: false },
  });
  t.match(parse("ports --watch").command, { json: false, show: "watch" });
  t.match(parse("ports --discover --json").command, { json: true, show: "discover" });
  t.match(parse("attach -f -8 console").command, { mode: "force", replayBytes: null, eightBit: true });
  t.match(parse("watch a b --timestamps --since 100").command, {
    names: ["a", "b"],
    timestamps: true,
    replayBytes: 100,
  });
  t.match(parse("set 2001 9600 -RTSCTS").command, { name: "2001", words: ["9600", "-RTSCTS"] });
  t.match(parse("say --instance x 2001 -- hello").command, { name: "2001", words: ["--", "hello"] });
  t.match(parse("log console -n 5").command, { name: "console", words: ["-n", "5"] });
  t.match(parse("doctor --archive x.tar 2001").command, { name: "2001", archive: "x.tar", json: false, open: false });
});

t.test("where the daemon is", async t => {
  const target = (words: string) => parse(`ports ${words}`).target;
  for (const host of ["board", "192.0.2.1", "board:2000", "board,2000"]) {
    t.same(target(`-H ${host}`).host, { name: host.split(/[:,]/)[0], port: 2000, tls: null });
  }
  t.same(target("-H [::1]:3000").host, { name: "::1", port: 3000, tls: null });
  t.same(target("-H board --tls --ca x").host, { name: "board", port: 2000, tls: { ca: "x", cert: null, key: null } });
  t.same(target("-H [fe80::1%eth0]").host, { name: "fe80::1%eth0", port: 2000, tls: null });
  t.same(target("--instance a --socket /run/x --instance b"), {
    host: null,
    instances: ["a", "b"],
    sockets: ["/run/x"],
  });
});

t.test("wrong words are told", async t => {
  for (const [line, text] of [
    ["attach", /which port/],
    ["attach a b", /one word too many: b/],
    ["attach -r -f a", /-r only watches/],
    ["attach --replay x a", /number of bytes/],
    ["attach --replay 99999999 a", /number of bytes/],
    ["attach -x a", /no such option: -x/],
    ["attach a --replay", /needs a value/],
    ["say a", /a word is missing/],
    ["ports -H ::1", /-H takes/],
    ["ports -H a:0", /-H takes/],
    ["ports -H a --instance b", /-H names a control port/],
  ] as const) {
    t.throws(() => parse(line), { name: "UsageError" }, line);
    t.throws(() => parse(line), text, line);
  }
});
