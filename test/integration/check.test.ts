import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { isRefused } from "../support/client.js";
import { type Running, run, runToEnd, temporaryFolder } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { prepare } from "../support/prepared.js";
import { until } from "../support/wait.js";

t.test("--check reports what is wrong with its place, and opens nothing", async t => {
  const { file, port, folder } = await prepare(t);
  const good = await runToEnd(t, ["--check", "-c", file]);
  t.same(good, { code: 0, signal: null, output: "", errors: "" });
  const bad = join(folder, "bad.conf");
  writeFileSync(bad, `# one good line, two bad ones\n127.0.0.1,${port}:raw:0:/dev/null:9600 EVENN\nnonsense\n`);
  const { code, output, errors } = await runToEnd(t, ["--check", "-c", bad]);
  const [first, second, ...others] = output.split("\n");
  t.match(first, new RegExp(`^${bad}:2:\\d+: Unknown config item: EVENN on line 2`));
  t.match(second, new RegExp(`^${bad}:3:1: No state given on line 3`));
  t.same({ code, others, errors }, { code: 1, others: [""], errors: "" });
  t.equal((await runToEnd(t, ["--check", "-c", join(folder, "none")])).code, 1);
  const wrong = await runToEnd(t, ["--check", "-c", file, "-p", "udp,2000"]);
  t.match(wrong, {
    code: 1,
    output: "",
    errors: /^Invalid control port specified: udp,2000\nsee ser2net --help\n$/,
  });
});

t.test("--check reports a warning, and the exit status is 0", async t => {
  const { folder } = await prepare(t);
  const file = join(folder, "udp.conf");
  writeFileSync(file, "udp,2001:raw:0:/dev/null:kickolduser\n");
  const { code, output } = await runToEnd(t, ["--check", "-c", file]);
  t.match(
    output,
    new RegExp(`^${file}:1:1: warning: A datagram with a forged source address can end a connection at .*\\n$`),
  );
  t.equal(code, 0);
});

t.test("--check names both lines of one socket, of a board profile and the file too", async t => {
  const { folder } = await prepare(t);
  const file = join(folder, "own.conf");
  // The demo board has localhost,2001 and localhost,2002. The same text takes its place.
  writeFileSync(file, "localhost,2001:raw:0:/dev/null\n2002:raw:0:/dev/null\n");
  const { code, output } = await runToEnd(t, ["--check", "--board", "demo", "-c", file]);
  t.match(
    output,
    /^[^\n]*:2:1: Network port 2002 on line 2 needs the socket of localhost,2002 on line \d+ of .*demo.json \(/,
  );
  t.same({ code, lines: output.split("\n").length }, { code: 1, lines: 2 });
});

t.test(
  "a line of a board profile is reported at its value in the profile: by board check, --check and the log",
  async t => {
    const { folder, port } = await prepare(t);
    const file = join(folder, "taken.json");
    writeFileSync(
      file,
      `{ "ports": [
  { "id": "first", "device": "/dev/null", "state": "raw", "networkPort": "127.0.0.1,${port}" },
  { "id": "clash", "device": "/dev/zero", "networkPort": "ipv4,tcp,127.0.0.1,${port}",
    "kickolduser": true },
  { "id": "udp", "device": "/dev/full",
    "networkPort": "udp,127.0.0.1,${port}", "kickolduser": true }
] }`,
    );
    const clash = /^\S*taken\.json:3:58: Network port ipv4,tcp,\S+ on line 3 needs the socket of \S+ on line 2 \(/m;
    const forged = /^\S*taken\.json:6:20: warning: A datagram with a forged .* on line 6 \(/m;
    for (const words of [
      ["board", "check", file],
      ["--check", "--board", file, "-c", "/dev/null"],
    ]) {
      const { code, output } = await runToEnd(t, words);
      t.equal(code, 1);
      t.match(output, clash);
      t.match(output, forged);
    }
    t.match((await runToEnd(t, ["board", "show", file])).errors, clash);
    const second = run(t, ["-n", "-d", "-u", "--board", file, "-c", "/dev/null"]);
    const log = () => second.errors.text.replaceAll(/^ser2net\[\d+\]: /gm, "");
    for (const line of [clash, forged]) await until(`its log has ${line}`, () => line.test(log()));
  },
);

t.test("--print-config prints a configuration that means the same", async t => {
  const { folder, file } = await prepare(t);
  writeFileSync(
    file,
    [
      "CONTROLPORT:2000\nDEFAULT:speed:19200\nBANNER:hi:hello\\r\\n\nDEVICE:console:/dev/ttyS0",
      "2001:telnet:600:console:EVEN remctl hi\nROTATOR:2010:2001\n",
    ].join("\n"),
  );
  const printed = await runToEnd(t, ["--print-config", "-c", file]);
  t.match(printed.output, /^2001:telnet:600:console:19200 .*EVEN.* remctl.* hi/m);
  t.same({ code: printed.code, errors: printed.errors }, { code: 0, errors: "" });
  const again = join(folder, "again.conf");
  writeFileSync(again, printed.output);
  t.same(await runToEnd(t, ["--print-config", "-c", again]), printed);
  const refused = join(folder, "refused.conf");
  writeFileSync(refused, "CONTROLPORT:udp,2000\n");
  t.equal((await runToEnd(t, ["--print-config", "-c", refused])).output, "");
  t.equal(
    (await runToEnd(t, ["--print-config", "-c", refused, "-p", "2222"])).output,
    "CONTROLPORT:2222\n",
    "-p counts",
  );
  const given = await runToEnd(t, ["--print-config", "-c", file, "-p", "localhost,2222"]);
  t.equal(given.output, printed.output.replace("CONTROLPORT:2000", "CONTROLPORT:localhost,2222"), "-p goes before it");
});

t.test("--check reads standard input where the file is -", async t => {
  const checked = run(t, ["--check", "-c", "-"]);
  checked.process.stdin?.end("nonsense\n");
  t.equal((await checked.exit()).code, 1);
  t.match(await checked.output.untilEnd(), /^-:1:1: No state given on line 1/);
});

t.test(
  "--check names the ports that every address can use in clear text, unless the TCP wrappers have rules",
  async t => {
    const lines = [
      ...["3001:raw:0:/dev/none:9600", "localhost,3002:raw:0:/dev/none:9600", "3003:off:0:/dev/none:9600"],
      ...["3004:raw:0:/dev/none:9600 remaddr=192.0.2.1,0", "::,3005:telnet:0:/dev/none:9600", "CONTROLPORT:2000"],
    ].flatMap(line => ["-C", line]);
    const named = "3001 ::,3005 the control port 2000";
    const { code, output } = await runToEnd(t, ["--check", ...lines]);
    t.equal(code, 0);
    t.equal(output.split(" (")[0], hasRules() ? "" : `warning: every address can connect, in clear text, to ${named}`);
    t.same(await runToEnd(t, ["--check", "-C", "localhost,3001:raw:0:/dev/none:9600"]), {
      ...{ code: 0, signal: null, output: "", errors: "" },
    });
  },
);

t.test(
  "the log has one line about ports that every address can use, and no second one while they stay the same",
  async t => {
    const next = await portNumbers(t);
    const [first, second, own] = [await next(), await next(), await next()];
    const file = join(temporaryFolder(t), "ser2net.conf");
    const write = (...names: readonly (string | number)[]): void =>
      writeFileSync(file, `${names.map(name => `${name}:raw:0:/dev/none:9600\n`).join("")}nonsense\n`);
    write(first, second, `127.0.0.1,${own}`);
    const daemon = run(t, ["-d", "-u", "-c", file]);
    const warned = async (names: string): Promise<string> =>
      daemon.errors.expect(`warning: every address can connect, in clear text, to ${names} (an address before`);
    if (hasRules()) return t.comment("the TCP wrappers have rules");
    const reload = async (...names: readonly (string | number)[]): Promise<string> => {
      write(...names);
      daemon.process.kill("SIGHUP");
      return daemon.errors.expect(`No state given on line ${names.length + 1}`); // the file has been read
    };
    await warned(`${first} ${second}`);
    await until("it serves", async () => !(await isRefused(own)));
    const between = [
      await reload(first, second),
      await reload(`127.0.0.1,${first}`),
      await reload(second),
      await warned(String(second)),
    ].join("");
    t.equal(between.match(/every address/g)?.length, 1);
  },
);

t.test("the warning of the start has the control port of -p, which takes the place of CONTROLPORT", async t => {
  if (hasRules()) return t.comment("the TCP wrappers have rules");
  const next = await portNumbers(t);
  const [open, own] = [await next(), await next()];
  const warning = (control: string): string =>
    `warning: every address can connect, in clear text, to the control port ${control} (an address before`;
  const by = (file: string, given: string): Running => run(t, ["-d", "-u", "-C", `CONTROLPORT:${file}`, "-p", given]);
  await by(`127.0.0.1,${own}`, String(open)).errors.expect(warning(String(open)));
  const local = by(String(open), `127.0.0.1,${own}`);
  await until("it serves", async () => !(await isRefused(own)));
  local.process.kill("SIGTERM");
  t.notMatch(await local.errors.untilEnd(), /every address/, "CONTROLPORT is not served");
});

function hasRules(): boolean {
  return ["/etc/hosts.allow", "/etc/hosts.deny"].some(
    file => existsSync(file) && /^[ \t]*[^#\s]/m.test(readFileSync(file, "utf8")),
  );
}
