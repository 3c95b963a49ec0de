import t from "tap";
import type { Configuration } from "../../service/config/configuration.js";
import { type PortStep, planReload } from "../../service/config/plan.js";
import { readLines } from "./read.js";

function plan(old: readonly string[] | Configuration, next: readonly string[], ...busy: readonly string[]) {
  const before = "ports" in old ? old : readLines(...old);
  return planReload(before, readLines(...next), name => busy.includes(name));
}

function told(steps: readonly PortStep[]): string[] {
  return steps.map(step => {
    const name = "config" in step ? step.config.name : step.name;
    return `${step.do} ${name}${"disconnectReason" in step && step.disconnectReason !== null ? ` (${step.disconnectReason})` : ""}`;
  });
}

const A = "1:raw:0:/dev/a:9600";
const B = "2:raw:0:/dev/b:9600";
const UDP = "udp,3:raw:0:/dev/c:9600";

t.test("ports are created, changed and removed, idle ones at once, busy ones when free", async t => {
  const cases: readonly (readonly [title: string, old: string[], next: string[], busy: string[], steps: string[]])[] = [
    ["new", [], [A], [], ["create 1"]],
    ["idle, the same", [A], [A], [], ["replace-now 1"]],
    ["idle, changed", [A], [`${A} remctl`], [], ["replace-now 1"]],
    ["idle, gone", [A, B], [B], [], ["replace-now 2", "remove-now 1"]],
    ["busy, the same", [A], [A], ["1"], ["replace-when-free 1"]],
    ["busy, changed", [A], [`${A} remctl`], ["1"], ["replace-when-free 1"]],
    ["busy, gone", [A], [], ["1"], ["remove-when-free 1"]],
    ["busy, going, and back again", [], [A], ["1"], ["replace-when-free 1"]],
    ["UDP, idle, changed", [UDP], [`${UDP} remctl`], [], ["replace-now udp,3"]],
    ["UDP, busy, changed", [UDP], [`${UDP} remctl`], ["udp,3"], ["replace-now udp,3 (UDP reconfig)"]],
    ["UDP, busy, the same", [UDP], [UDP], ["udp,3"], ["replace-when-free udp,3"]],
    ["UDP, busy, the same on another line", [UDP], ["", UDP], ["udp,3"], ["replace-when-free udp,3"]],
    ["UDP, busy, gone", [UDP], [], ["udp,3"], ["remove-now udp,3 (UDP delete)"]],
    ["UDP, idle, gone", [UDP], [], [], ["remove-now udp,3"]],
    ["in the order of the new file", [A, B], [B, A], ["2"], ["replace-when-free 2", "replace-now 1"]],
    ["spelt otherwise it is another port", [A], ["tcp,1:raw:0:/dev/a"], [], ["create tcp,1", "remove-now 1"]],
  ];
  for (const [title, old, next, busy, steps] of cases) t.same(told(plan(old, next, ...busy).ports), steps, title);
});

t.test("a port whose line is broken in the new file is kept", async t => {
  const broken = ["1:rwa:0:/dev/a", "1:raw:x:/dev/a", "1:raw:0", "1:raw:0:sol.lan", "1:", "1:raw\\", "1:raw"];
  for (const line of broken) {
    const { ports, inForce } = plan([A, B], [B, line, ""], "1");
    t.same(told(ports), ["replace-now 2", "keep 1"], line);
    t.same(
      inForce.ports.map(port => port.name),
      ["2", "1"],
    );
  }
  t.same(told(plan([A, B], [B, "10:raw:x:/dev/a"]).ports), ["replace-now 2", "remove-now 1"], "another port's line");
  t.same(told(plan([A, B], [B, "# 1:raw:x:/dev/a"]).ports), ["replace-now 2", "remove-now 1"], "a comment is no line");
});

t.test("a port whose line was swallowed by a stray backslash is kept", async t => {
  const { ports } = plan([A, B], [`${A}\\`, B]);
  t.same(told(ports), ["replace-now 1", "keep 2"]);
});

t.test("a kept port is known to the next reload", async t => {
  const first = plan([A, B], ["1:rwa:0:/dev/a", B]);
  t.same(told(plan(first.inForce, [A, B]).ports), ["replace-now 1", "replace-now 2"]);
  t.same(told(plan(first.inForce, [B]).ports), ["replace-now 2", "remove-now 1"]);
  t.same(told(plan(first.inForce, ["1:rwa:0:/dev/a", B]).ports), ["replace-now 2", "keep 1"]);
});

t.test("a port with a bad option is there, and changes", async t => {
  t.same(told(plan([A], ["1:raw:0:/dev/a:19200 # 9600"]).ports), ["replace-now 1"]);
});

t.test("rotators that did not change are left alone", async t => {
  const steps = (old: string[], next: string[]) =>
    plan(old, next).rotators.map(step => `${step.do} ${"config" in step ? step.config.name : step.name}`);
  const one = "ROTATOR:5000:1 2";
  t.same(steps([one], ["", one]), ["keep 5000"]);
  t.same(steps([one], ["ROTATOR:5000:2 1"]), ["change 5000"]);
  t.same(steps([], [one]), ["open 5000"]);
  t.same(steps([one], []), ["close 5000"]);
  t.same(steps([one], ["ROTATOR:5000"]), ["keep 5000"], "its line is broken");
  t.same(steps([one], ["ROTATOR::5000:"]), ["keep 5000"], "its line is broken");
  t.same(steps([one], ["ROTATOR:50001"]), ["close 5000"], "another one's line is broken");
  t.same(
    plan([one], ["ROTATOR:5000"]).inForce.rotators.map(rotator => rotator.name),
    ["5000"],
  );
});

t.test("a control port moves only when its text does", async t => {
  const cases: readonly (readonly [old: string[], next: string[], inForce: string | null])[] = [
    [[], [], null],
    [["CONTROLPORT:1"], ["", "CONTROLPORT:1"], "1"],
    [[], ["CONTROLPORT:1"], "1"],
    [["CONTROLPORT:1"], ["CONTROLPORT:2"], "2"],
    [["CONTROLPORT:1"], [], null],
    [["CONTROLPORT:1"], ["CONTROLPORT:"], "1"],
    [["CONTROLPORT:1"], ["CONTROLPORT:udp,2"], "1"],
    [[], ["CONTROLPORT:udp,2"], null],
  ];
  for (const [old, next, inForce] of cases) {
    t.equal(plan(old, next).inForce.controlPort, inForce, `${old} -> ${next}`);
  }
});

t.test(
  "LEDs are released when their device is no longer named, and set up when something about it changed",
  async t => {
    const steps = (old: string[], next: string[]) => {
      const { release, configure } = plan(old, next).leds;
      return [release.map(led => led.name).join(" "), configure.map(led => led.name).join(" ")];
    };
    const [x, y] = ["LED:x:sysfs:device=one", "LED:y:sysfs:device=two"];
    t.same(steps([x, y], [x, y]), ["", ""]);
    t.same(steps([x, y], [y, x]), ["", ""], "in another order");
    t.same(steps([x], [x, y]), ["", "y"]);
    t.same(steps([x, y], [y]), ["x", ""]);
    t.same(steps([x], ["LED:x:sysfs:device=one duration=20"]), ["", "x"]);
    t.same(steps([x], ["LED:x:sysfs:device=two"]), ["x", "x"]);
    const shared = "LED:z:sysfs:device=one duration=20";
    t.same(steps([x], [x, shared]), ["", "x z"], "two names of one device are set up in their order");
    t.same(steps([x, shared], [x]), ["", "x"], "the other one's settings are gone");
  },
);
