import { readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createJournalLog } from "../../service/log/journal.js";
import { encodeEntry } from "../../service/log/journal-entry.js";
import { createLog } from "../../service/log/levels.js";
import type { LogFields } from "../../service/log/log.js";
import { temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";
import { receive } from "./receiver.js";

const FIELDS: LogFields = {
  event: "disconnect",
  port: "localhost,2001",
  label: "Router",
  device: "/dev/ttyS0",
  peer: "192.0.2.7,40112",
  user: null,
  reason: "network read close",
  bytesIn: 120,
  bytesOut: 3400,
  duration: 12,
};

function written() {
  const lines: string[] = [];
  return { lines, log: createLog((level, text) => void lines.push(`${level} ${text}`)) };
}

t.test("a line with fields is an entry of the journal, any other goes to the log", needs("python3"), async t => {
  const path = join(temporaryFolder(t), "journal"); // short enough for the address of a socket
  const receiver = await receive(path);
  t.teardown(() => receiver.stop());
  const { lines, log } = written();
  const journal = createJournalLog(log, path, () => encodeEntry);
  journal.error("a fault");
  journal.notice("Port localhost,2001: caf\xe9\nclosed", FIELDS);
  const entry = (await receiver.next()).split("\n");
  t.match(
    entry.filter(field => !field.startsWith("MESSAGE_ID=")),
    [
      "MESSAGE=Port localhost,2001: caf\xe9 closed",
      "PRIORITY=5",
      "SYSLOG_FACILITY=3",
      "SYSLOG_IDENTIFIER=ser2net",
      "SER2NET_PORT=localhost,2001",
      "SER2NET_LABEL=Router",
      "SER2NET_DEVICE=/dev/ttyS0",
      "SER2NET_PEER=192.0.2.7,40112",
      "SER2NET_REASON=network read close",
      "SER2NET_DURATION=12",
      "SER2NET_BYTES_IN=120",
      "SER2NET_BYTES_OUT=3400",
      "",
    ],
  );
  t.same(lines, ["error a fault"]);
});

t.test("without the socket of the journal the line goes to the log", t => {
  const { lines, log } = written();
  createJournalLog(log, join(temporaryFolder(t), "none"), () => encodeEntry).notice("x connected", FIELDS);
  t.same(lines, ["notice x connected"]);
  t.end();
});

t.test("a value with a line feed has its length before it, and a long one is cut", t => {
  const entry = Buffer.from(encodeEntry(5, "x", { ...FIELDS, label: "a\nMESSAGE=b", device: "d".repeat(5000) }));
  const text = entry.toString("latin1");
  t.match(text, "\nSER2NET_LABEL\n\x0b\0\0\0\0\0\0\0a\nMESSAGE=b\nSER2NET_DEVICE=d");
  t.ok(text.includes(`=${"d".repeat(1024)}\n`));
  t.end();
});

t.test("the catalog explains each entry, without fields that systemd does not fill in", t => {
  const catalog = readFileSync("units/catalog/ser2net.catalog", "utf8");
  const explained = [...catalog.matchAll(/^-- ([0-9a-f]{32})$/gm)].map(([, id]) => id);
  const events = ["serve", "connect", "refuse", "kick", "take-over", "disconnect"] as const;
  const texts = events.map(event => Buffer.from(encodeEntry(5, "x", { ...FIELDS, event })).toString("latin1"));
  t.same(
    texts.map(text => /^MESSAGE_ID=(.*)$/m.exec(text)?.[1]),
    explained,
  );
  t.notMatch(catalog, /@/, "systemd fills in names of letters and _ only: see test/lab/journal.ts");
  for (const block of catalog.split(/^-- /m).slice(1)) t.match(block, /^[0-9a-f]{32}\nSubject: .+\nDefined-By: .+\n/);
  t.end();
});
