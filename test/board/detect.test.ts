import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { type Candidate, detectBoard, type Evidence } from "../../service/board/detect.js";
import { folder, plant } from "./tree.js";

const CANDIDATES: readonly Candidate[] = [
  { name: "any-example", match: [{ compatible: "example,*" }] },
  { name: "board-a", match: [{ compatible: "example,board-a" }] },
  {
    name: "board-b",
    match: [{ compatible: "example,board-b" }, { dmi: { sys_vendor: "Example", board_name: "Board B*" } }],
  },
  { name: "gateway", match: [{ compatible: "example,gateway" }] },
  { name: "gateway-model", match: [{ model: "Example Gateway*" }] },
  { name: "generic", match: [] },
];

t.test("the sources of a board's name are used in this order", async t => {
  const root = plant(t, "arm-gateway");
  const detect = (evidence: Partial<Evidence>) => detectBoard({ ...evidenceIn(root), ...evidence }, CANDIDATES).name;
  mkdirSync(join(root, "etc"));
  writeFileSync(join(root, "etc/board"), "# Chosen at the factory\n\n board-b \n");
  writeFileSync(join(root, "proc/named"), "quiet ser2net.board=board-a root=/dev/vda\n");
  const all = { named: "any-example", cmdline: join(root, "proc/named"), etc: join(root, "etc") };
  t.equal(detect(all), "any-example", "--board");
  t.equal(detect({ ...all, named: null }), "board-a", "the kernel command line");
  t.equal(detect({ ...all, named: "auto" }), "board-a", "--board auto");
  t.equal(detect({ etc: all.etc }), "board-b", "the file");
});

t.test("a name without a profile is passed over, and that is explained", async t => {
  const root = plant(t, "arm-gateway");
  const { name, explanation } = detectBoard({ ...evidenceIn(root), named: "board-z" }, [
    { name: "gateway", match: [{ compatible: "example,gateway" }] },
  ]);
  t.equal(name, "gateway");
  t.equal(explanation[0], "--board: board-z, but there is no such profile");
});

t.test("the most specific text of the device tree decides, then the model, then DMI", async t => {
  const gateway = evidenceIn(plant(t, "arm-gateway"));
  const chosen = (names: readonly string[]) =>
    detectBoard(
      gateway,
      CANDIDATES.filter(one => names.includes(one.name)),
    ).name;
  t.equal(chosen(["board-a", "gateway", "gateway-model"]), "gateway");
  t.equal(chosen(["gateway", "any-example"]), "any-example", "a pattern fits the more specific text");
  t.equal(chosen(["board-a", "gateway-model"]), "gateway-model");
  t.equal(chosen(["board-a", "board-b"]), "generic");
  t.match(detectBoard(evidenceIn(plant(t, "pc")), CANDIDATES), {
    name: "board-b",
    because: 'sys_vendor "Example", board_name "Board B rev 2"',
  });
});

t.test("of two that fit equally, the one that asks for more is taken", async t => {
  const gateway = evidenceIn(plant(t, "arm-gateway"));
  const { name } = detectBoard(gateway, [
    { name: "every-revision", match: [{ compatible: "example,gateway-2" }] },
    { name: "rev-c", match: [{ compatible: "example,gateway-2", model: "* rev C" }] },
    { name: "rev-d", match: [{ compatible: "example,gateway-2", model: "* rev D" }] },
  ]);
  t.equal(name, "rev-c");
});

t.test("all parts of a match must hold, of the texts only * stands for anything", async t => {
  const gateway = evidenceIn(plant(t, "arm-gateway"));
  const fits = (match: object) => detectBoard(gateway, [{ name: "x", match: [match] }]).name === "x";
  t.ok(fits({ model: "Example*2*C" }));
  t.ok(fits({ model: "*" }));
  t.ok(fits({ model: "*Example Gateway 2 rev C*" }));
  t.notOk(fits({ model: "Example Gateway . rev C" }));
  t.notOk(fits({ model: "example gateway 2 rev c" }));
  t.notOk(fits({ model: "Example*rev C*rev C" }), "nothing counts twice");
  t.notOk(fits({ model: "Gateway" }));
  t.notOk(fits({ dmi: { sys_vendor: "*" } }), "what is not there fits nothing");
  t.notOk(fits({ compatible: "example,soc", dmi: { sys_vendor: "Example" } }));
});

t.test("an unknown machine is generic, and everything looked at is explained", async t => {
  const { name, because, explanation } = detectBoard(evidenceIn(plant(t, "x86-vm")), CANDIDATES);
  t.equal(name, "generic");
  t.equal(because, "nothing else fits");
  t.match(explanation, [
    "--board: names none",
    "kernel command line, ser2net.board=: names none",
    /\/etc\/board: names none$/,
    "device tree compatible: none",
    "device tree model: none",
    "DMI: none",
    "no profile fits this hardware",
  ]);
});

t.test("the explanation lists the profiles that fit, the best first", async t => {
  const { because, explanation } = detectBoard(evidenceIn(plant(t, "arm-gateway")), CANDIDATES);
  t.equal(because, "compatible example,gateway-2");
  t.same(explanation.slice(3), [
    "device tree compatible: example,gateway-2 example,gateway example,soc",
    'device tree model: "Example Gateway 2 rev C"',
    "DMI: none",
    "any-example: match[0] fits, compatible example,gateway-2",
    "gateway: match[0] fits, compatible example,gateway",
    'gateway-model: match[0] fits, model "Example Gateway 2 rev C"',
  ]);
});

t.test("where nothing can be read, the board is generic", async t => {
  t.equal(detectBoard(evidenceIn(folder(t)), CANDIDATES).name, "generic");
});

function evidenceIn(root: string): Evidence {
  return { named: null, sys: join(root, "sys"), cmdline: join(root, "proc/cmdline"), etc: join(root, "etc") };
}
