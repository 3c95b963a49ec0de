import t from "tap";
import { parseCommand, parseControls, parseState, parseTimeout } from "../../service/control/command.js";

t.test("each command is taken with its arguments", async t => {
  t.same(parseCommand("exit"), { kind: "exit" });
  t.same(parseCommand("quit"), { kind: "exit" });
  t.same(parseCommand("help"), { kind: "help" });
  t.same(parseCommand("version"), { kind: "version" });
  t.same(parseCommand("showport"), { kind: "showport", port: null });
  t.same(parseCommand("showport 7000"), { kind: "showport", port: "7000" });
  t.same(parseCommand("showshortport"), { kind: "showshortport", port: null });
  t.same(parseCommand("showshortport udp,7006"), { kind: "showshortport", port: "udp,7006" });
  t.same(parseCommand("monitor tcp 7000"), { kind: "monitor", type: "tcp", port: "7000" });
  t.same(parseCommand("monitor tcp"), { kind: "monitor", type: "tcp", port: null });
  t.same(parseCommand("monitor stop"), { kind: "monitor-stop" });
  t.same(parseCommand("disconnect 7000"), { kind: "disconnect", port: "7000" });
  t.same(parseCommand("setporttimeout 7000 5"), { kind: "setporttimeout", port: "7000", timeout: "5" });
  t.same(parseCommand("setportenable 7000 raw"), { kind: "setportenable", port: "7000", state: "raw" });
  t.same(parseCommand("setportconfig 7000 9600 EVEN"), { kind: "setportconfig", port: "7000", words: "9600 EVEN" });
  t.same(parseCommand("setportcontrol 7000 DTRHI RTSLO"), {
    kind: "setportcontrol",
    port: "7000",
    words: "DTRHI RTSLO",
  });
});

t.test("words are parted by blanks and tabs, and superfluous ones are ignored", async t => {
  t.same(parseCommand(""), { kind: "nothing" });
  t.same(parseCommand("  \t "), { kind: "nothing" });
  t.same(parseCommand(" \tversion\textra"), { kind: "version" });
  t.same(parseCommand("help extra"), { kind: "help" });
  t.same(parseCommand("monitor stop 7000"), { kind: "monitor-stop" });
  t.same(parseCommand("setporttimeout\t7001  5 junk"), { kind: "setporttimeout", port: "7001", timeout: "5" });
  t.same(parseCommand(" setportconfig \t7001\t 9600\tODD"), {
    kind: "setportconfig",
    port: "7001",
    words: "9600\tODD",
  });
});

t.test("the rest of a setportconfig line is kept as it is, also where it repeats the port", async t => {
  t.same(parseCommand("setportconfig 9600 9600 9600"), { kind: "setportconfig", port: "9600", words: "9600 9600" });
});

t.test("a command without an argument it needs names what is missing, the port first", async t => {
  for (const [line, text] of [
    ["monitor", "No monitor type given"],
    ["disconnect", "No port given"],
    ["setporttimeout", "No port given"],
    ["setporttimeout 7000", "No timeout given"],
    ["setportenable", "No port given"],
    ["setportenable 7000", "No timeout given"],
    ["setportconfig", "No port given"],
    ["setportconfig 7000", "No device config"],
    ["setportconfig 7000  ", "No device config"],
    ["setportcontrol", "No port given"],
    ["setportcontrol 7000", "No device controls"],
  ] as const) {
    t.same(parseCommand(line), { kind: "error", text }, line);
  }
});

t.test("names count only whole and in lower case", async t => {
  for (const word of ["HELP", "hel", "helpp", "frobnicate", "constructor", "\xff"]) {
    t.same(parseCommand(`${word} 1 2`), { kind: "other", name: word, text: "1 2" });
  }
});

t.test("a timeout is digits that fit 32 bits", async t => {
  t.equal(parseTimeout("0"), 0);
  t.equal(parseTimeout("007"), 7);
  t.equal(parseTimeout("4294967295"), 4294967295);
  for (const bad of ["4294967296", "99999999999", "1".repeat(400), "abc", "-1", "+1", "1.5", "5s", "0x10", ""]) {
    t.equal(parseTimeout(bad), null, bad);
  }
});

t.test("the states are off, raw, rawlp and telnet", async t => {
  for (const state of ["off", "raw", "rawlp", "telnet"]) t.equal(parseState(state), state);
  for (const bad of ["on", "RAW", "raw ", "maybe"]) t.equal(parseState(bad), null, bad);
});

t.test("device controls come in order, or not at all where a word is unknown", async t => {
  t.same(parseControls("DTRHI DTRLO  RTSHI\tRTSLO"), [{ dtr: true }, { dtr: false }, { rts: true }, { rts: false }]);
  t.equal(parseControls("RTSHI BOGUS DTRHI"), null);
  t.equal(parseControls("dtrhi"), null);
});
