/** The parsers of hosts files, of what they name, of what other hosts answer about a peer, and of keys shared with peers. */
import { parseAddress } from "../../service/access/address.js";
import { isAdmitted } from "../../service/access/remote-address.js";
import type { Answer, LookupRequest } from "../../service/access/request.js";
import { evaluateRules, readRules, type Verdict } from "../../service/access/rules.js";
import { parseIdent } from "../../service/access/system-lookups.js";
import { readKeys } from "../../service/net/tls-files.js";
import { fill, insist, numbered, type Parser } from "./parser.js";

/** `files`: what every file has in it. */
function decide(table: string, files: string): Verdict {
  const tables = ["hosts.allow", "hosts.deny"].map(file => ({ file, state: "read", rules: readRules(table) }) as const);
  const [allow, deny] = tables as [(typeof tables)[number], (typeof tables)[number]];
  const client = { address: "192.0.2.1", port: 1000 };
  const asking = evaluateRules(allow, deny, {
    daemon: "ser2net",
    client,
    server: { address: "192.0.2.2", port: 2000 },
  });
  let answered = 0;
  for (let step = asking.next(null); ; ) {
    if (step.done) return step.value;
    insist(++answered < 10_000, "it asks for ever");
    step = asking.next(answer(step.value, files));
  }
}

function answer(need: LookupRequest, files: string): Answer {
  switch (need.kind) {
    case "name":
      return "host.example.org";
    case "user":
      return "user";
    case "file":
      return files;
    case "stat":
      return null;
    case "account":
      return need.name;
    case "command":
      return "1";
    case "pid":
      return "1";
    default:
      return need satisfies never;
  }
}

const hostsFile: Parser = {
  name: "hosts files",
  parse(text) {
    decide(text, "10.0.0.1\n");
  },
  samples: [
    "ALL: ALL\n",
    "ser2net: 192.0.2.0/255.255.255.0 EXCEPT 192.0.2.9\n",
    "2000, ser2net@192.0.2.2: user@.example.org, LOCAL : banners /etc/banners : deny\n",
    "ALL: [2001:db8::]/32 192.0.2. *.org h?st.* KNOWN @group /etc/hosts : spawn (echo %h %u %%) & \\\n",
    " : aclexec /bin/test %a : severity local1.info : setenv A=b : nice 5 : allow\n",
    "# a comment\n",
    "ALL: UNKNOWN PARANOID 192.0.2.0/24 : rfc931 10 : umask 022 : user a.b : linger 1 : keepalive : twist x\n",
  ],
  hurtful: {
    "a long line": length => fill("x", length),
    "lines that are too long": length => `ALL: ${fill("x", length)}\n`,
    rules: length => fill("ALL: 1.2.3.4 : spawn x\n", length),
    "rules with many tokens": length => fill(`ALL: ${fill("a ", 2000)}\n`, length),
    "rules with many exceptions": length => fill(`ALL: ${fill("ALL EXCEPT ", 2000)}\n`, length),
    "rules with globs": length => fill(`ALL: ${fill("*h", 2000)}\n`, length),
    "rules with brackets": length => fill(`ALL: ${fill("[", 2000)}\n`, length),
    "rules with colons in brackets": length => fill(`ALL: [${fill(":", 2000)}]\n`, length),
    "blanks in an option": length => `ALL: ALL: a${fill(" ", Math.min(length, 2000))}b\n${fill("ALL: x\n", length)}`,
    "a rule that names a file, often": length => fill("ALL: /f\n", length),
    "a rule that names many files": length => numbered(number => `ALL: /f${number}\n`, length),
    NULs: length => fill("\0", length),
    "lines of NULs": length => fill("\0\n", length),
    "continued lines": length => fill("\\\n", length),
    "empty lines": length => fill("\n", length),
    comments: length => fill("#\n", length),
    netgroups: length => fill("ALL: @a @b\n", length),
  },
};

const patternFile: Parser = {
  name: "files of patterns",
  parse(text) {
    decide("ALL: /patterns\nALL: x EXCEPT /patterns\n", text);
  },
  samples: [
    "192.0.2.1\n",
    "*.example.org ",
    ".org",
    "/patterns ",
    "[2001:db8::1]/64\n",
    "LOCAL",
    "@group",
    "10.0.0.0/8",
  ],
  hurtful: {
    "its own name": length => fill("/patterns ", length),
    "its own name in many ways": length => {
      let [text, slashes] = ["", "/"];
      while (text.length < length) {
        text += `${slashes}patterns `;
        slashes += "/";
      }
      return text;
    },
    "names of other files": length => numbered(number => `/f${number} `, length),
    words: length => fill("a ", length),
    "one word": length => fill("a", length),
    stars: length => `${fill("*", length)}x`,
    "stars with letters": length => `${fill("*h", length)}x`,
    "one star, then letters": length => `*${fill("h", length)}`,
    "question marks": length => fill("?", length),
    colons: length => `[${fill(":", length)}]`,
    groups: length => `[${fill("1:", length)}]`,
    dots: length => `${fill("1.", length)}/1`,
    digits: length => `1.2.3.4/${fill("9", length)}`,
    netgroups: length => fill("@a ", length),
    brackets: length => fill("[", length),
    blanks: length => fill(" ", length),
  },
};

const banner: Parser = {
  name: "banner files",
  parse(text) {
    const { banner: bytes } = decide("ALL: ALL: banners /etc\n", text);
    insist((bytes?.length ?? 0) <= 65_536, "a banner that is too long");
  },
  samples: ["Hello %h (%a) %u %c\n", "%%", "%d %s %p %n %N %H %A %r %R\n", "\r\n", "%"],
  hurtful: {
    "one line": length => fill("x", length),
    lines: length => fill("\n", length),
    names: length => fill("%h", length),
    "names, line by line": length => fill("%h\n", length),
    unknown: length => fill("%x", length),
    "per cent signs": length => `${fill("%%", length)}%`,
  },
};

const ident: Parser = {
  name: "answers of ident servers",
  parse(text) {
    insist(parseIdent(text, 1000, 2000) !== "", "an empty user");
  },
  samples: ["1000, 2000 : USERID : UNIX : user\r\n", "1000,2000:ERROR:NO-USER\r\n", " ", "1000 , 2000", ":", "\n"],
  hurtful: {
    blanks: length => `1000,2000:USERID:UNIX:${fill(" ", length)}`,
    "blanks before it": length => fill(" ", length),
    digits: length => fill("1", length),
    "blanks behind a number": length => `1000${fill(" ", length)}`,
    "no colon": length => `1000,2000:USERID:${fill("x", length)}`,
    "a long name": length => `1000,2000:USERID:UNIX:${fill("x", length)}`,
  },
};

const address: Parser = {
  name: "addresses",
  parse(text) {
    parseAddress(text);
    isAdmitted([{ address: text, port: 0 }], { address: text, port: 1 });
  },
  samples: ["10.1.2.3", "::ffff:10.1.2.3", "fe80::1%eth0", "1:2:3:4:5:6:7:8", "::", "::1", "%", "."],
  hurtful: {
    colons: length => fill(":", length),
    groups: length => fill("1:", length),
    "two halves": length => `${fill("1:", length / 2)}:${fill("1:", length / 2)}`,
    dots: length => fill("1.", length),
    digits: length => fill("1", length),
    "a zone": length => `fe80::1%${fill("x", length)}`,
  },
};

const sharedKeys: Parser = {
  name: "files of keys for TLS",
  parse(text) {
    let keys: ReadonlyMap<string, Buffer>;
    try {
      keys = readKeys(Buffer.from(text, "latin1"));
    } catch (error) {
      insist(/^(?:line|the key on line) \d+ |^there is no key/.test(String(Object(error).message)), String(error));
      return;
    }
    insist(keys.size > 0, "no key");
    for (const [identity, key] of keys) {
      insist(identity !== "" && !identity.includes(":"), "an identity that is none");
      insist(key.length >= 16 && key.length <= 256, "a key of a wrong length");
    }
  },
  samples: ["# identity:key\n", `rack7:${fill("0f", 32)}\r\n`, `a b:${fill("A9", 64)}\n`, "\n", ":", "a:0"],
  hurtful: {
    keys: length => numbered(number => `${number}:${fill("0f", 32)}\n`, length),
    "keys of one identity": length => fill(`a:${fill("0f", 32)}\n`, length),
    "an identity": length => `${fill("a", length)}:${fill("0f", 32)}`,
    "an identity without a key": length => fill("a", length),
    "a key": length => `a:${fill("0f", length)}`,
    "a key with an odd digit": length => `a:${fill("0f", length)}0`,
    colons: length => fill(":", length),
    "blank lines": length => fill("\r\n", length),
    remarks: length => fill("#\n", length),
  },
};

export const ACCESS_PARSERS: readonly Parser[] = [hostsFile, patternFile, banner, ident, address, sharedKeys];
