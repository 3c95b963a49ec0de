/** A stock telnet client's commands, and telnet at its edges: urgent data, negotiation in every order. */
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort, hexToText, OPENING, textToHex } from "../support/com-port.js";
import { runProgram } from "../support/daemon.js";
import { serveOnePort } from "../support/one-port.js";
import { Terminal } from "../support/terminal.js";
import { needs } from "../support/tools.js";
import { NEEDS_UART, Uart } from "../support/uart.js";
import { until } from "../support/wait.js";

async function serveUart(t: Test, options: string) {
  const uart = new Uart(t);
  const served = await serveOnePort(t, { state: "telnet", options }, { env: uart.env });
  return { ...served, done: served.daemon.running.errors };
}

/** A person at `telnet`, in character mode, the port open. */
async function stockTelnet(t: Test, port: number): Promise<Terminal> {
  const user = new Terminal(t, "telnet", ["127.0.0.1", `${port}`]);
  await user.see("Escape character is");
  await until("character mode", () => !user.mode.echo && !user.mode.lines);
  return user;
}

async function command(user: Terminal, text: string): Promise<void> {
  user.type("\x1d");
  await user.see("telnet> ");
  user.type(`${text}\r`);
}

const STOCK = { ...needs("telnet"), ...NEEDS_UART };

t.test("send ayt: the port answers with its name, its peers and how long the device is silent", STOCK, async t => {
  const { port, name, device } = await serveUart(t, "9600 max-connections=2");
  const user = await stockTelnet(t, port);
  user.type("a");
  await device.expect("a");
  await command(user, "send ayt");
  const answer = new RegExp(`\\r\\n\\[${name}: 1 connected, device silent for \\d+ s\\]\\r\\n`);
  t.match(await user.see(answer), answer);
  user.type("b");
  t.equal(await device.expect("b"), "b", "nothing of it reaches the device");
});

t.test("without BINARY, CR NUL is Enter for the device; with it a NUL is a NUL", needs(), async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet" });
  const client = await Client.connect(t, port);
  client.send(Buffer.from("one\r\0two\r", "latin1"));
  t.equal(await device.expect("two\r"), "one\rtwo\r");
  client.send(Buffer.from("\0three\r\n\xff\xfb\x00four\r\0.", "latin1")); // WILL BINARY
  t.equal(await device.expect("."), "three\r\nfour\r\0.");
});

t.test("with telnet-enter=cr, CR LF and CR NUL are one CR for the device until BINARY is agreed", needs(), async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet", options: "9600 remctl telnet-enter=cr" });
  const client = await Client.connect(t, port);
  client.send(Buffer.from("one\r\ntwo\r\0three\n\r", "latin1"));
  t.equal(await device.expect("three\n\r"), "one\rtwo\rthree\n\r");
  // The LF arrives in a read of its own, behind a command; COM-PORT-OPTION alone changes nothing.
  client.send(Buffer.from("\xff\xfb\x2c\n.\r\n.", "latin1"));
  t.equal(await device.expect(".\r."), ".\r.");
  client.send(Buffer.from("\xff\xfb\x00\r\n\r\0.\r\xff\xfc\x00\n\r\n.", "latin1")); // WILL BINARY ... WONT BINARY
  t.equal(await device.expect("\n\r."), "\r\n\r\0.\r\n\r.");
  device.send("login\r\nname: ");
  t.match(await client.expect("name: "), /login\r\nname: $/, "the data of the device is not changed");
});

for (const [options, enter] of [
  ["9600", "\r\n"],
  ["9600 telnet-enter=cr", "\r"],
] as const) {
  t.test(`busybox telnet, ${options}: the Enter key is ${JSON.stringify(enter)}`, needs("busybox"), async t => {
    const { port, device } = await serveOnePort(t, { state: "telnet", options });
    const user = new Terminal(t, "busybox", ["telnet", "127.0.0.1", `${port}`]);
    await until("character mode", () => !user.mode.echo && !user.mode.lines);
    user.type("root\r");
    user.type("next");
    t.equal(await device.expect("next"), `root${enter}next`);
    device.send("Password: ");
    await user.see("Password: ");
  });
}

t.test("send brk: a break where the user sent it", STOCK, async t => {
  const { port, done } = await serveUart(t, "9600");
  const user = await stockTelnet(t, port);
  await done.expect("break off\n");
  user.type("a");
  await done.expect("write a\n");
  await command(user, "send brk");
  t.equal(await done.expect("break off\n"), "break on\nbreak off\n");
  await until("the terminal is in character mode again", () => !user.mode.lines);
  user.type("b");
  t.equal(await done.expect("write b\n"), "write b\n");
});

for (const [options, breaks] of [
  ["9600 telnet_brk_on_sync", "break on\nbreak off\n"],
  ["9600", ""],
] as const) {
  t.test(`send synch with ${options}: ${breaks === "" ? "no " : "a "}break, and no byte is lost`, STOCK, async t => {
    const { port, done } = await serveUart(t, options);
    const user = await stockTelnet(t, port);
    await done.expect("break off\n");
    user.type("a");
    await done.expect("write a\n");
    await command(user, "send synch");
    await until("the terminal is in character mode again", () => !user.mode.lines);
    user.type("b");
    t.equal(await done.expect("write b\n"), `${breaks}write b\n`);
  });
}

/** Sends each of its arguments, in hex; a telnet DM as urgent data. Ends when its input does. */
const URGENT = `
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
for part in sys.argv[2:]:
    s.send(bytes.fromhex(part), socket.MSG_OOB if part == "fff2" else 0)
sys.stdin.read()
`;

t.test("a telnet SYNC sent as urgent data leaves every other byte in its place", async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet", options: "9600 telnet_brk_on_sync" });
  const parts = [textToHex("before"), "fff2", textToHex("Xafter"), "fff2", "fff2", textToHex("end")];
  const client = runProgram(t, "python3", ["-c", URGENT, `${port}`, ...parts]);
  t.equal(await device.expect("end"), "beforeXafterend");
  client.process.stdin?.end();
  await client.exit();
});

t.test("on a raw port urgent data is not part of the stream", async t => {
  const { port, device } = await serveOnePort(t, { state: "raw" });
  // The last byte sent as urgent is the urgent one.
  const client = runProgram(t, "python3", ["-c", URGENT, `${port}`, textToHex("before"), "fff2", textToHex("after")]);
  t.equal(await device.expect("after"), "before\xffafter");
  client.process.stdin?.end();
  await client.exit();
});

/** Every single request on a fresh connection, and its answer (docs/reference.md, "Telnet negotiation"). */
const REQUESTS: readonly (readonly [request: string, answer: string, why: string])[] = [
  ["fffd03", "", "DO SGA acknowledges our WILL"],
  ["fffd01", "", "DO ECHO acknowledges our WILL"],
  ["fffb03", "fffd03", "WILL SGA: DO"],
  ["fffb03fffb03", "fffd03", "once"],
  ["fffb01", "", "WILL ECHO: our DONT has said it"],
  ["fffb00", "", "WILL BINARY acknowledges our DO"],
  ["fffd00", "", "DO BINARY acknowledges our WILL"],
  ["fffb00fffc00", "fffe00", "WONT BINARY after WILL: DONT"],
  ["fffd00fffe00", "fffc00", "DONT BINARY after DO: WONT"],
  ["fffe01", "", "DONT ECHO refuses our WILL"],
  ["fffc00", "", "WONT BINARY refuses our DO"],
  ["fffb18", "fffe18", "WILL TTYPE: DONT"],
  ["fffd18", "fffc18", "DO TTYPE: WONT"],
  ["fffb1ffffb1f", "fffe1ffffe1f", "WILL NAWS: DONT, each time"],
  ["fffc18fffe18", "", "WONT and DONT of what is off"],
  ["fffb2c", "fffe2c", "WILL COM-PORT without remctl"],
  ["fffd2c", "fffc2c", "DO COM-PORT without remctl"],
  ["fffbff", "fffeff", "option 255"],
];

t.test("each negotiation on a fresh connection is answered as specified", async t => {
  const { port } = await serveOnePort(t, { state: "telnet", options: "9600 max-connections=32" });
  for (const [request, answer, why] of REQUESTS) {
    const com = await ComPort.connect(t, port);
    t.equal(await com.answer(request), answer, `${request}: ${why}`);
    await com.client.close();
  }
});

/** The fixed answers of a peer to WILL, WONT, DO and DONT. */
const PEERS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "agrees to all": { fb: "fd", fc: "fe", fd: "fb", fe: "fc" },
  "refuses all": { fb: "fe", fc: "fe", fd: "fc", fe: "fc" },
  "says the same back": { fb: "fb", fc: "fc", fd: "fd", fe: "fe" },
  "contradicts all": { fb: "fe", fc: "fd", fd: "fc", fe: "fb" },
};

t.test("a peer that answers every negotiation comes to rest, whatever it answers", async t => {
  const options = "9600 remctl max-connections=200";
  const { port, device } = await serveOnePort(t, { state: "telnet", options });
  for (const [name, answers] of Object.entries(PEERS)) {
    let most = 0;
    for (const seed of ["", ...["00", "01", "03", "2c", "18"].flatMap(option => ["fb", "fd"].map(v => v + option))]) {
      if (name === "contradicts all" && seed !== "") continue; // it always goes as far as it is let
      const client = await Client.connect(t, port);
      let said = 0;
      for (let text = await client.expect(hexToText(OPENING)); text !== ""; ) {
        const replies = [...textToHex(text).matchAll(/ff(f[bcde])(..)/g)].map(([, verb = "", option = ""]) =>
          hexToText(`ff${answers[verb]}${option}`),
        );
        if (said === 0 && seed !== "") replies.push(hexToText(`ff${seed}`));
        said += replies.length;
        client.send(`${replies.join("")}.`);
        await device.expect("."); // all before it has been answered
        device.send("!");
        text = (await client.expect("!")).slice(0, -1).replace(/\xff\xfa.*?\xff\xf0/gs, "");
      }
      most = Math.max(most, said);
      await client.close();
    }
    t.ok(most <= (name === "contradicts all" ? 11_000 : 12), `${name}: at most ${most} answers`);
  }
});

t.test("each order of two negotiations about one option ends with one agreement", async t => {
  const { port } = await serveOnePort(t, { state: "telnet", options: "9600 remctl max-connections=200" });
  const verbs = ["fb", "fc", "fd", "fe"];
  for (const option of ["00", "01", "03", "2c"]) {
    for (const first of verbs) {
      for (const second of verbs) {
        const com = await ComPort.connect(t, port);
        const answers = await com.answer(`ff${first}${option} ff${second}${option}`);
        const count = answers.match(/ff[bcde]./g)?.length ?? 0;
        t.ok(count <= 2, `${first} ${second} ${option}: ${answers}`);
        t.equal(await com.answer(`ff${second}${option}`), "", `${second} ${option} again changes nothing`);
        await com.client.close();
      }
    }
  }
});

t.test("commands without meaning here are swallowed, and only they", async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet" });
  const com = await ComPort.connect(t, port);
  com.send("61 ffff 62 0d0a 0d00 63 fff9 64 fff1 65 ff41 66 fffa1f414243fff0 67");
  t.equal(textToHex(await device.expect("g")), "61ff620d0a0d6364656667");
  t.equal(await com.answer(""), "", "and unanswered");
});

t.test("device bytes of ff are doubled, nothing else is changed", async t => {
  const { port, device } = await serveOnePort(t, { state: "telnet" });
  const com = await ComPort.connect(t, port);
  com.client.send("x");
  await device.expect("x");
  device.send(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  device.send("\r\0end");
  const all = Buffer.from(Uint8Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
  t.equal(await com.client.expect("end"), `${all}\xff\r\0end`);
});
