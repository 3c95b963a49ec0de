/** Which names of a certificate, and of a key that is shared before, `allow=` and `watch=` mean. */
import { readFileSync, writeFileSync } from "node:fs";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import { Tls } from "../../service/app/tls.js";
import { createLog } from "../../service/log/levels.js";
import { listenTcp } from "../../service/net/tcp.js";
import { readText } from "../config/read.js";
import { Authority, type Pair } from "../support/certificates.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const authority = new Authority(t);
const server = authority.issue("localhost", { names: "DNS:localhost" });
const PEOPLE = `cert=${server.cert} key=${server.key} ca=${authority.ca}`;

/** What becomes of peers of a TLS line: `jane writes`, `bob watches`, or the reason of the refusal. */
class Served {
  readonly #port: number;
  readonly #outcomes: string[] = [];
  #told: (() => void) | null = null;

  private constructor(port: number) {
    this.#port = port;
  }

  static async start(t: Test, words: string): Promise<Served> {
    const port = await (await portNumbers(t))();
    const served = new Served(port);
    const tls = new Tls(createLog((_level, text) => served.#tell(text.replace(/^.*127\.0\.0\.1,\d+ /, ""))));
    tls.configure(readText(`TLS:a:${words}\n`));
    const spec = { family: "any", transport: "tcp", host: "127.0.0.1", port } as const;
    const listener = listenTcp(spec, [{ address: "127.0.0.1", v6only: false }], {
      accepted: link =>
        tls.secure("a", link, secured => {
          t.teardown(() => secured.close());
          served.#tell(`${secured.user ?? "nobody"} ${secured.mayWrite ? "writes" : "watches"}`);
        }),
      failed: () => {},
    });
    t.teardown(() => listener.close());
    return served;
  }

  async outcome(
    t: Test,
    pair: Pair | null,
    options: ConnectionOptions = {},
    watched: (peer: TLSSocket) => void = () => {},
  ): Promise<string> {
    const told = new Promise<void>(resolve => {
      this.#told = resolve;
    });
    const own = pair === null ? {} : { cert: readFileSync(pair.cert), key: readFileSync(pair.key) };
    const peer = connect({ port: this.#port, host: "127.0.0.1", rejectUnauthorized: false, ...own, ...options });
    peer.on("error", () => {});
    watched(peer);
    t.teardown(() => peer.destroy());
    await told;
    return this.#outcomes.at(-1) ?? "";
  }

  #tell(outcome: string): void {
    this.#outcomes.push(outcome);
    this.#told?.();
  }
}

t.test("a name within an alternative name with commas is nobody's", async t => {
  const served = await Served.start(t, `${PEOPLE} allow=alice watch=bob`);
  for (const name of [
    "URI.1=http://h/x, DNS:alice, y",
    "DNS.1=x, alice, bob, y",
    "email.1=x@h, alice, y",
    "otherName.1=1.3.6.1.4.1.311.20.2.3;UTF8:x, alice, y",
    "dirName.1=other\n[other]\nCN=x\\, alice\\, y",
  ]) {
    const pair = authority.issue("carol", { names: `@all\n[all]\nDNS.0=plain\n${name}` });
    t.equal(await served.outcome(t, pair), "(carol) refused: not in allow= or watch=", name);
  }
  const both = authority.issue("dave", { names: "@all\n[all]\nDNS.0=x, y, z\nDNS.1=alice" });
  t.equal(await served.outcome(t, both), "dave writes", "a name beside it counts");
});

t.test("names outside ASCII are found, in a file of UTF-8 and of latin1, and are shown in UTF-8", async t => {
  const [jörg, zoë] = [authority.issue("Jörg"), authority.issue("Zoë")];
  const shown = (text: string): string => Buffer.from(text, "utf8").toString("latin1");
  for (const inFile of [shown, (text: string) => text]) {
    const served = await Served.start(t, `${PEOPLE} watch=${inFile("Jörg")}`);
    t.equal(await served.outcome(t, jörg), shown("Jörg watches"));
    t.equal(await served.outcome(t, zoë), shown("Zoë writes"));
    const strict = await Served.start(t, `${PEOPLE} allow=${inFile("Jörg")}`);
    t.equal(await strict.outcome(t, jörg), shown("Jörg writes"));
    t.equal(await strict.outcome(t, zoë), shown("(Zoë) refused: not in allow= or watch="));
  }
});

t.test("identities of shared keys outside ASCII are found, and are shown in UTF-8", async t => {
  const psk = Buffer.from("00112233445566778899aabbccddeeff", "hex");
  const file = `${authority.folder}/keys.psk`;
  writeFileSync(file, `Jörg:${psk.toString("hex")}\n`, { mode: 0o600 });
  const shown = Buffer.from("Jörg", "utf8").toString("latin1");
  const served = await Served.start(t, `psk=${file} watch=${shown}`);
  const outcome = await served.outcome(t, null, {
    ...{ maxVersion: "TLSv1.2", ciphers: "PSK-AES128-GCM-SHA256" },
    ...{ pskCallback: () => ({ identity: "Jörg", psk }), checkServerIdentity: () => undefined },
  });
  t.equal(outcome, `${shown} watches`);
});

t.test("a certificate without any name is one of all of the authority, and on no list", async t => {
  const nameless = authority.issue("nameless", { subject: "/O=Works" });
  const bare = authority.issue("bare", { subject: "/" });
  for (const pair of [nameless, bare]) {
    t.equal(await (await Served.start(t, PEOPLE)).outcome(t, pair), "nobody writes");
    for (const list of ["allow=alice", "watch=bob", "allow=alice watch=bob"]) {
      const served = await Served.start(t, `${PEOPLE} ${list}`);
      t.equal(await served.outcome(t, pair), "refused: not in allow= or watch=", list);
    }
  }
  const other = new Authority(t).issue("other", { subject: "/O=Works" });
  const served = await Served.start(t, PEOPLE);
  t.match(await served.outcome(t, other), /^refused: (UNABLE_TO|SELF_SIGNED|DEPTH)/);
});

t.test("a peer without a certificate does not get in by a session that it resumes", async t => {
  const served = await Served.start(t, PEOPLE);
  const sessions: Buffer[] = [];
  t.equal(
    await served.outcome(t, null, {}, peer => peer.on("session", one => sessions.push(one))),
    "refused: no certificate",
  );
  await until("there is a session", () => sessions.length > 0);
  let isResumed = false;
  const outcome = await served.outcome(t, null, { session: sessions[0] }, peer =>
    peer.on("secureConnect", () => {
      isResumed = peer.isSessionReused();
    }),
  );
  t.equal(outcome, "refused: no certificate");
  await until("the session is resumed", () => isResumed);
});
