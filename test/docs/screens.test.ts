/** docs/screens.md is what the running program shows: `scripts/screens` writes the page anew. Times, process ids and peers are masked. */
import { readFileSync, writeFileSync } from "node:fs";
import t from "tap";
import { needs } from "../support/tools.js";
import { DocsStage, NEEDS_STAGE } from "./stage.js";

const PAGE = "docs/screens.md";
const OPTIONS = { ...NEEDS_STAGE, ...needs("busctl", "dbus-daemon", "socat") };

t.test("the page is what the program shows", OPTIONS, async t => {
  const stage = await DocsStage.open(t);
  await stage.serve();
  const screens = new Map([["attach", await attachStory(stage)]]);
  // The peers of the other screens: one that is there, and has got what the board sent.
  const peer = stage.inBackground("exec socat TCP:localhost:2001 -");
  await peer.output.expect("board login: "); // of the replay
  const commands = {
    ports: "ser2net ports",
    showport: "printf 'showport 2001\\nexit\\n' | socat - UNIX:/run/ser2net/example/control",
    tree: "busctl tree org.ser2net.Ser2net1",
    doctor: "ser2net doctor console",
  };
  for (const [name, command] of Object.entries(commands)) {
    const { status, output, errors } = stage.run(command);
    t.same({ status, errors }, { status: 0, errors: "" }, command);
    screens.set(name, `$ ${command}\n${output}`);
  }
  const page = readFileSync(PAGE, "utf8");
  const anew = page.replace(/(<!-- screen: (\w+) -->\n```\n)[\s\S]*?(```\n)/g, (_, head, name: string, foot) => {
    const screen = screens.get(name);
    screens.delete(name);
    return `${head}${masked(screen ?? "no such screen\n")}${foot}`;
  });
  t.same([...screens.keys()], [], "each screen has its place");
  if (process.env.SER2NET_SCREENS === "write") writeFileSync(PAGE, anew);
  t.equal(anew, page);
});

/** What a technician sees who goes to the console, asks for help, and leaves. */
async function attachStory(stage: DocsStage): Promise<string> {
  const terminal = stage.terminal("ser2net attach console");
  let seen = await terminal.see("help: Ctrl-] ?]\r\n");
  stage.console.send("\r\nboard login: ");
  seen += await terminal.see("board login: ");
  terminal.type("\x1d?");
  seen += await terminal.see("for the device\r\n");
  terminal.type("\x1dq");
  await terminal.ended;
  return `$ ser2net attach console\n${seen}`;
}

function masked(text: string): string {
  const lines = text
    .replace(/\r/g, "")
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "2026-11-28T12:00:00Z")
    .replace(/(127\.0\.0\.1|::1|localhost),(?!200[0-2]\b)\d{4,5}/g, "$1,40112")
    .replace(/\/dev\/pts\/\d+/g, "/dev/pts/1")
    .replace(/root:\w+ 06\d0/g, "root:tty 0620")
    .replace(/(process|pid) \d+/g, "$1 412")
    .replace(/( +)\d+s( +)/g, "$13s$2")
    .split("\n")
    .map(line => line.trimEnd());
  return `${lines.join("\n").trimEnd()}\n`;
}
