import t from "tap";
import { type CommandLine, type Options, parseArguments, usage } from "../service/cli.js";

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

function wrong(text: string, usage = true): CommandLine {
  return { kind: "wrong", text, usage };
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

t.test("what is wrong with a command line, and whether the usage helps", async t => {
  const cases: readonly [line: string, command: CommandLine][] = [
    ["-h", wrong("Invalid option: '-h'")],
    ["-h -v", wrong("Invalid option: '-h'")],
    ["--", wrong("Invalid option: '--'")],
    ["-", wrong("Invalid argument: '-'")],
    ["-nd", wrong("Invalid argument: '-nd'")],
    ["-p2000", wrong("Invalid argument: '-p2000'")],
    ["--help", wrong("Invalid argument: '--help'")],
    ["file", wrong("Invalid argument: 'file'")],
    ["-n board", wrong("Invalid argument: 'board'")],
    ["constructor x", wrong("Invalid argument: 'constructor'")],
    ["__proto__", wrong("Invalid argument: '__proto__'")],
    ["-c", wrong("No config file specified with -c")],
    ["-C", wrong("No config line specified with -C")],
    ["-p", wrong("No control port specified with -p")],
    ["-P", wrong("No pid file specified with -P")],
    ["-t", wrong("No thread count specified", false)],
    ["-s", wrong("No signature specified", false)],
    ["-t x", wrong("Invalid thread count specified: x", false)],
    ["-t 5x", wrong("Invalid thread count specified: 5x", false)],
    ["-t -1", wrong("Invalid thread count specified: -1", false)],
    ["--board", wrong("No board specified with --board")],
    ["--dbus", wrong("No bus specified with --dbus")],
  ];
  for (const [line, command] of cases) t.same(parseArguments(words(line)), command, line);
  t.same(parseArguments([""]), wrong("Invalid argument: ''"));
  const line = "2000:raw:0:sol.lan -P secret h"; // without -C
  t.same(parseArguments([line]), wrong("Invalid argument: '2000:raw:0:sol.lan -P ***'"));
  t.same(parseArguments(["-\n"]), wrong("Invalid option: '-\n'"));
});

t.test("the usage is the reference's, and then what is new", async t => {
  const text = usage("/usr/sbin/ser2net");
  t.ok(
    text.startsWith(`/usr/sbin/ser2net: Valid parameters are:
  -c <config file> - use a config file besides /etc/ser2net.conf
  -C <config line> - Handle a single configuration line.  This may be
     specified multiple times for multiple lines.  This is just like a
     line in the config file.  This disables the default config file,
     you must specify a -c after the last -C to have it read a config
     file, too.
  -p <controller port> - Start a controller session on the given TCP port
  -P <file> - set location of pid file
  -n - Don't detach from the controlling terminal
  -d - Don't detach and send debug I/O to standard output
  -l - Increate the debugging level
  -u - Disable UUCP locking
  -t <num threads> - Use the given number of threads, default 1
  -b - unused (was Do CISCO IOS baud-rate negotiation, instead of RFC2217)
  -v - print the program's version and exit
  -s - specify a default signature for RFC2217 protocol
`),
  );
  for (const word of [
    "-q",
    "--check",
    "--print-config",
    "--board",
    "--dbus",
    "board",
    "busy,",
    "--upgrade",
    "check-sol",
  ])
    t.ok(text.includes(`  ${word} `), word);
});

function words(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}
