import { copyFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { BUNDLE, runProgram, runToEnd, temporaryFolder } from "../support/daemon.js";
import { type BmcOptions, FakeBmc } from "../support/fake-bmc.js";

async function bmc(t: Test, options: Partial<BmcOptions> = {}): Promise<FakeBmc> {
  const started = await FakeBmc.start(options);
  t.teardown(() => started.stop());
  return started;
}

t.test("a console that works is described, and left free", async t => {
  const one = await bmc(t);
  const host = `-p ${one.port} 127.0.0.1`;
  const first = await runToEnd(t, ["check-sol", `sol.lan -U ipmiusr -P test ${host}`, "115200"]);
  t.match(first, { code: 0, errors: "" });
  t.match(
    first.output.replace(/[\d.]+ ms/, "x ms"),
    [
      `BMC               127.0.0.1 (127.0.0.1), UDP port ${one.port}`,
      "cipher suite      3",
      "privilege level   admin",
      "SOL instance      1",
      "data in a packet  60 bytes to the BMC, 60 bytes from it",
      "round trip        x ms",
      "Serial over LAN works; it is deactivated again\n",
    ].join("\n"),
  );
  t.equal(one.bitRate, 0x0a, "the rate that was asked for");
  t.same(one.events.at(-1), "ended closed");
  t.equal(one.sessions.size, 0);

  const file = join(temporaryFolder(t), "ser2net.conf");
  writeFileSync(
    file,
    `DEVICE:rack7:sol.lan -U opuser -P op -L operator -Ra rakp_hmac_sha256 -Ri hmac_sha256 ${host}\n2007:telnet:0:rack7\n`,
  );
  for (const name of ["2007", "rack7"]) {
    const { code, output } = await runToEnd(t, ["check-sol", name, "-c", file]);
    t.equal(code, 0, name);
    t.match(output, /cipher suite +17\nprivilege level +operator\n/);
  }
});

t.test("each reason why it does not work is told, with status 1", async t => {
  const one = await bmc(t);
  const busy = await bmc(t, { activation: 0x81 });
  const host = `-p ${one.port} 127.0.0.1`;
  const cases: readonly (readonly [device: string, reason: string])[] = [
    [`sol.lan -U ipmiusr -P secret ${host}`, "127.0.0.1: wrong password"],
    [`sol.lan -U nobody -P secret ${host}`, "127.0.0.1: the BMC refuses the user name"],
    [`sol.lan -U ipmiusr -P test -p ${busy.port} 127.0.0.1`, "127.0.0.1: Serial over LAN is disabled in the BMC"],
    [`sol.lan -U ipmiusr -Pf /nonexistent ${host}`, "password file /nonexistent: No such file or directory"],
    [`sol.lan -U ipmiusr -Pc rack7 ${host}`, "credential rack7: CREDENTIALS_DIRECTORY is not set"],
  ];
  for (const [device, reason] of cases) {
    const { code, output, errors } = await runToEnd(t, ["check-sol", device]);
    t.same({ code, output, errors }, { code: 1, output: "", errors: `${reason}\n` }, reason);
  }
  t.equal(one.sessions.size, 0);
});

t.test("a BMC that is silent at one address is tried at the other", async t => {
  const [silent, one] = [await bmc(t), await bmc(t)];
  silent.silence(true);
  const device = `sol.lan -s -U ipmiusr -P test -p ${silent.port} -p2 ${one.port} 127.0.0.1 127.0.0.1`;
  const { code, output, errors } = await runToEnd(t, ["check-sol", device]);
  t.same({ code, errors }, { code: 0, errors: "127.0.0.1: the BMC does not answer\n" });
  t.match(output, `UDP port ${one.port}`);
});

t.test("wrong words are told without the secret, with status 2", async t => {
  const cases: readonly (readonly [words: readonly string[], said: RegExp])[] = [
    [[], /^ser2net: check-sol: which device.*\nsee ser2net check-sol --help\n$/],
    [["-c", "x"], /^ser2net: check-sol: wrong word: -c\nsee /],
    [["sol.lan -P secret -U"], /^Invalid SOL arguments \(-U: expected a value\)\n/],
    [["sol.lan -P secret a b"], /^Extra SOL arguments starting with '\*\*\*'/],
    [["2007", "-c", "/nonexistent"], /^Unable to open config file '\/nonexistent': No such file or directory\n/],
    [["2007", "-C", "2007:raw:0:/dev/null"], /^2007 is not a port with a SOL device\n/],
    [["2007", "-C", "2007:raw:0:sol.lan -P secret"], /Invalid SOL arguments on line 0 .*2007 is not a port/s],
    [["2007", "--nonsense"], /^ser2net: check-sol: wrong word: --nonsense\nsee /],
  ];
  for (const [words, said] of cases) {
    const { code, output, errors } = await runToEnd(t, ["check-sol", ...words]);
    t.same({ code, output }, { code: 2, output: "" }, words.join(" "));
    t.match(errors, said);
    t.notMatch(errors, "secret");
  }
});

t.test("without its file the protocol cannot be loaded, and that is told", async t => {
  const folder = temporaryFolder(t);
  for (const file of ["ser2net.cjs", "native.node"]) copyFileSync(join(dirname(BUNDLE), file), join(folder, file));
  const running = runProgram(t, process.execPath, [join(folder, "ser2net.cjs"), "check-sol", "sol.lan 127.0.0.1"]);
  t.same(await running.exit(), { code: 1, signal: null });
  t.match(await running.errors.untilEnd(), /^Serial over LAN cannot be loaded: /);
});
