/** Random tables, put to tcpdmatch of Debian's tcpd beside ours. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { createHostsAccess } from "../../service/access/hosts-files.js";
import { needs } from "../support/tools.js";

const SEED = 1992;
const ROUNDS = 80;
const CLIENTS = ["10.1.2.3", "10.255.255.255", "2001:db8::10", "fe80::1", "::1", "1.2.3.4"];
const PATTERNS = [
  ...["ALL", "KNOWN", "LOCAL", "UNKNOWN", "PARANOID", "EXCEPT", "*", "?", "*.*", "1?.*", "*3", ".", ".com", "com."],
  ...["10.", "10.1.", "1", "10.1.2.3", "10.1.2.0/24", "10.0.0.0/8", "10.1.2.3/32", "0/0", "0.0.0.0/0.0.0.0", "/24"],
  ...["10.1.2.0/255.255.255.0", "0x0a.1.2.3/32", "012.1.2.3/32", "10.1.2.3/031", "10.1.2.3/", "10.1.2.3/24/8"],
  ...["[2001:db8::]/32", "[::]/0", "[::1]", "[fe80::1]", "[", "]", "[]", "[x]", "[2001:db8::10]", "[fe80::*"],
];
const OPTIONS = [
  "allow",
  "deny",
  " DENY ",
  "severity notice",
  "severity x",
  "umask 7",
  "bogus",
  "",
  "linger 3x",
  "= allow",
];

t.test("tcpdmatch gives the same verdict", needs("tcpdmatch"), async t => {
  const directory = t.testdir({ "inetd.conf": "ser2net stream tcp nowait root /usr/sbin/tcpd /usr/sbin/ser2net\n" });
  const files = { allow: join(directory, "hosts.allow"), deny: join(directory, "hosts.deny") };
  const access = createHostsAccess(files, () => Promise.resolve(null));
  const choose = chooser(SEED);
  for (let round = 0; round < ROUNDS; round++) {
    const [allow, deny, client] = [table(choose), `${table(choose)}ALL: 10.1. [::]/0\n`, choose(CLIENTS)];
    writeFileSync(files.allow, allow);
    writeFileSync(files.deny, deny);
    const verdict = await access.check({
      daemon: "ser2net",
      client: { address: client, port: 40000 },
      server: { address: null, port: 0 },
    });
    t.equal(
      verdict.granted ? "granted" : "denied",
      askTcpdmatch(directory, client),
      JSON.stringify({ allow, deny, client }),
    );
  }
});

function askTcpdmatch(directory: string, client: string): string | undefined {
  const told = execFileSync("tcpdmatch", ["-d", "-i", "inetd.conf", "ser2net", client], {
    cwd: directory,
    encoding: "latin1",
    stdio: ["ignore", "pipe", "ignore"],
  });
  return /^access: +(\w+)$/m.exec(told)?.[1];
}

type Choose = <T>(from: readonly T[]) => T;

function table(choose: Choose): string {
  const rule = (): string => {
    const clients = choose([[0], [0, 1], [0, 1, 2, 3]]).map(() => choose(PATTERNS));
    const option = choose([true, false, false, false]) ? `:${choose(OPTIONS)}` : "";
    return `${choose(["ser2net", "ALL", "SER*", "ALL EXCEPT ser2net"])}:${clients.join(choose([" ", ","]))}${option}\n`;
  };
  return choose([[], [0], [0, 1], [0, 1, 2]])
    .map(() => choose([rule(), rule(), "# none\n", "\n", "nothing\n", rule().replace(":", ":\\\n")]))
    .join("");
}

function chooser(seed: number): Choose {
  let state = seed;
  return from => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return from[Math.floor((state / 2 ** 32) * from.length)] as (typeof from)[number];
  };
}
