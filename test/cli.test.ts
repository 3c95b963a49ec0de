import t from "tap";
import { type CommandLine, type Options, parseArguments } from "../service/cli.js";

const PLAIN: Options = {
  configFile: "/etc/ser2net.conf",
  configFileGiven: false,
  configLines: [],
  controlPort: null,
  pidFile: null,
  foreground: false,
  debug: false,
  quiet: false,
  locking: true,
  signature: "ser2net",
  report: null,
  board: null,
  dbus: null,
  controlSocket: null,
};

function run(options: Partial<Options>): CommandLine {
  return { kind: "run", options: { ...PLAIN, ...options } };
}

function wrong(text: string, word: string | null = null, help = true): CommandLine {
  return { kind: "wrong", text, word, help };
}

t.test("the options, as the reference reads them", async t => {
  const cases: readonly [line: string, command: CommandLine][] = [
    ["", run({})],
    ["-n", run({ foreground: true })],
    ["-d", run({ foreground: true, debug: true })],
    ["-q", run({ quiet: true })],
    ["-u", run({ locking: false })],
    ["-b -l -l", run({})],
    ["-p 2000 -p localhost,3000", run({ controlPort: "localhost,3000" })],
    ["-P /run/a -P /run/b", run({ pidFile: "/run/b" })],
    ["-s one -s two", run({ signature: "two" })],
    ["-s -n", run({ signature: "-n" })], // a value is always the next argument
    ["-t 4", run({})],
    ["-t 0", run({})],
    ["-c f -n", run({ configFile: "f", configFileGiven: true, foreground: true })],
    ["-c f -c g", run({ configFile: "g", configFileGiven: true })],
    ["--check", run({ report: "check" })],
    ["--print-config", run({ report: "print-config" })],
    ["--board auto --dbus system", run({ board: "auto", dbus: "system" })],
    ["--dbus system --dbus off", run({})],
    ["-v -h", { kind: "version" }],
    ["--version", { kind: "version" }],
    ["-h -v", { kind: "help", name: "daemon" }],
    ["-n --help x", { kind: "help", name: "daemon" }],
    ["-s -h", run({ signature: "-h" })],
    ["board list --help", { kind: "help", name: "board" }],
    ["check-sol -h", { kind: "help", name: "check-sol" }],
    ["-n -v", { kind: "version" }],
    ["check-sol 2007 -c f", { kind: "check-sol", words: ["2007", "-c", "f"] }],
    ["board list --json", { kind: "board", words: ["list", "--json"] }],
  ];
  for (const [line, command] of cases) t.same(parseArguments(words(line)), command, line);
});

t.test("-C lines pile up, cancel the file so far, and a later -c brings one back", async t => {
  t.match(parseArguments(["-C", "a:b c", "-C", ""]), run({ configFile: null, configLines: ["a:b c", ""] }));
  t.match(parseArguments(["-c", "f", "-C", "l"]), { options: { configFile: null, configLines: ["l"] } });
  t.match(parseArguments(["-C", "l", "-c", "f"]), { options: { configFile: "f", configLines: ["l"] } });
});

t.test("what is wrong with a command line, the word that may be misspelt, and whether the help helps", async t => {
  const cases: readonly [line: string, command: CommandLine][] = [
    ["-x", wrong("Invalid option: '-x'", "-x")],
    ["-x -v", wrong("Invalid option: '-x'", "-x")],
    ["--", wrong("Invalid option: '--'", "--")],
    ["-", wrong("Invalid argument: '-'", "-")],
    ["-nd", wrong("Invalid argument: '-nd'", "-nd")],
    ["-p2000", wrong("Invalid argument: '-p2000'", "-p2000")],
    ["--helpp", wrong("Invalid argument: '--helpp'", "--helpp")],
    ["file", wrong("Invalid argument: 'file'", "file")],
    ["-n board", wrong("Invalid argument: 'board'", "board")],
    ["constructor x", wrong("Invalid argument: 'constructor'", "constructor")],
    ["__proto__", wrong("Invalid argument: '__proto__'", "__proto__")],
    ["-c", wrong("No config file specified with -c")],
    ["-C", wrong("No config line specified with -C")],
    ["-p", wrong("No control port specified with -p")],
    ["-P", wrong("No pid file specified with -P")],
    ["-t", wrong("No thread count specified", null, false)],
    ["-s", wrong("No signature specified", null, false)],
    ["-t x", wrong("Invalid thread count specified: x", null, false)],
    ["-t 5x", wrong("Invalid thread count specified: 5x", null, false)],
    ["-t -1", wrong("Invalid thread count specified: -1", null, false)],
    ["--board", wrong("No board specified with --board")],
    ["--dbus", wrong("No bus specified with --dbus")],
  ];
  for (const [line, command] of cases) t.same(parseArguments(words(line)), command, line);
  t.same(parseArguments([""]), wrong("Invalid argument: ''", ""));
  const line = "2000:raw:0:sol.lan -P secret h"; // without -C
  t.same(parseArguments([line]), wrong("Invalid argument: '2000:raw:0:sol.lan -P ***'", line));
  t.same(parseArguments(["-\n"]), wrong("Invalid option: '-\n'", "-\n"));
});

function words(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}
