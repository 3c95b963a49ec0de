import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { handedDescriptors } from "../../service/systemd/activation.js";
import { Client } from "../support/client.js";
import { runProgram } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";

const SERVICE = fileURLToPath(new URL("../support/systemd-process.ts", import.meta.url));
const COMMAND = [process.execPath, ...process.execArgv, SERVICE];

/** Opens sockets as a .socket unit does and becomes the service: the sockets are its descriptors from 3 on. */
const LAUNCHER = `import os, socket, sys
kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
sockets = []
for text in sys.argv[1].split():
    kind, host, port = text.split(",")
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kinds[kind])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in host: one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.bind((host, int(port)))
    if kind == "tcp": one.listen(128)
    one.setblocking(True)
    sockets.append(os.dup(os.dup(one.fileno())))
while min(sockets) < 3 + len(sockets): sockets = [os.dup(one) for one in sockets]
for at, one in enumerate(sockets): os.dup2(one, 3 + at)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(sockets)), LISTEN_FDNAMES=sys.argv[2])
os.execv(sys.argv[3], sys.argv[3:])
`;

interface Report {
  readonly pid: number;
  readonly handed: readonly { fd: number; kind: object; address: string; port: number }[];
  readonly left: readonly string[];
}

function launch(t: Test, program: string, args: readonly string[]) {
  const running = runProgram(t, program, [...args, ...COMMAND]);
  return { running, report: async (): Promise<Report> => JSON.parse(await running.output.expect("\n")) };
}

async function ask(t: Test, port: number, host?: string): Promise<string> {
  const client = await Client.connect(t, port, host);
  client.send("tcp");
  return client.untilEnd();
}

/** Asks until there is an answer: a datagram that comes too early is lost. */
async function askByUdp(t: Test, port: number, host: string): Promise<string> {
  const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
  t.teardown(() => socket.close());
  const answer = once(socket, "message").then(([bytes]) => String(bytes));
  let text = "";
  void answer.then(got => {
    text = got;
  });
  await until("an answer", () => {
    if (text === "") socket.send("udp", port, host);
    return text !== "";
  });
  return answer;
}

t.test("sockets of a launcher are served as they are, TCP and UDP", needs("python3"), async t => {
  const nextPort = await portNumbers(t);
  const [tcp, udp] = [await nextPort(), await nextPort()];
  const sockets = [`tcp,::,${tcp}`, `udp,::,${udp}`, `udp,0.0.0.0,${udp}`].join(" ");
  const { report, running } = launch(t, "python3", ["-c", LAUNCHER, sockets, "listen:listen:"]);
  const { pid, handed, left } = await report();
  t.equal(pid, running.process.pid);
  t.match(handed, [
    { fd: 3, kind: { type: "stream", listening: true }, address: "::", port: tcp },
    { fd: 4, kind: { type: "datagram", family: "ipv6" }, address: "::", port: udp },
    { fd: 5, kind: { type: "datagram", family: "ipv4" }, address: "0.0.0.0", port: udp },
  ]);
  t.same(left, [], "no child takes the sockets for its own");
  t.equal(await ask(t, tcp), `${pid} got tcp`);
  t.equal(await ask(t, tcp, "::1"), `${pid} got tcp`);
  t.equal(await askByUdp(t, udp, "127.0.0.1"), `${pid} got udp`);
  t.equal(await askByUdp(t, udp, "::1"), `${pid} got udp`);
  t.equal(await ask(t, tcp), `${pid} got tcp`, "a socket without a peer has blocked no other");
});

t.test("systemd-socket-activate starts the service with the first peer", needs("systemd-socket-activate"), async t => {
  const nextPort = await portNumbers(t);
  const [one, two] = [await nextPort(), await nextPort()];
  const listen = ["-l", `127.0.0.1:${one}`, "-l", `[::1]:${two}`, "--fdname=data:control"];
  const { report, running } = launch(t, "systemd-socket-activate", listen);
  await running.errors.expect("Listening on");
  await running.errors.expect("Listening on");
  const answer = ask(t, one);
  const { pid, handed, left } = await report();
  t.match(handed, [
    { fd: 3, kind: { type: "stream", listening: true }, address: "127.0.0.1", port: one },
    { fd: 4, kind: { type: "stream", listening: true }, address: "::1", port: two },
  ]);
  t.same(left, []);
  t.equal(await answer, `${pid} got tcp`, "the peer that started it is served");
  t.equal(await ask(t, two, "::1"), `${pid} got tcp`);
});

t.test("systemd-socket-activate hands over datagram sockets", needs("systemd-socket-activate"), async t => {
  const port = await (await portNumbers(t))();
  const { report, running } = launch(t, "systemd-socket-activate", ["-d", "-l", `127.0.0.1:${port}`]);
  await running.errors.expect("Listening on");
  const answer = await askByUdp(t, port, "127.0.0.1");
  const { pid, handed } = await report();
  t.match(handed, [{ fd: 3, kind: { type: "datagram", family: "ipv4" }, address: "127.0.0.1", port }]);
  t.equal(answer, `${pid} got udp`);
});

t.test("without handed-over sockets there are none", async t => {
  const { report } = launch(t, "env", []);
  t.match(await report(), { handed: [], left: [] });
});

t.test("what is meant for another process, or makes no sense, is left alone", async t => {
  const PID = "7";
  const cases = [
    {},
    { LISTEN_FDS: "1" },
    { LISTEN_FDS: "1", LISTEN_PID: "8" },
    { LISTEN_FDS: "-1", LISTEN_PID: PID },
    { LISTEN_FDS: "many", LISTEN_PID: PID },
    { LISTEN_FDS: "999999999", LISTEN_PID: PID },
    { LISTEN_FDS: "0", LISTEN_PID: PID, LISTEN_FDNAMES: "", LISTEN_PIDFDID: "1" },
  ];
  for (const environment of cases) {
    t.same(handedDescriptors(environment, Number(PID)).sockets, []);
    t.same(environment, {}, "and no child inherits it");
  }
});

t.test("a launcher that counts wrong costs nothing", async t => {
  const { report } = launch(t, "sh", ["-c", 'export LISTEN_FDS=4096 LISTEN_PID=$$; exec "$@"', "sh"]);
  const { handed, left } = await report();
  t.ok(handed.length < 4096, `${handed.length} exist`);
  t.same(left, []);
});
