/** Peers that send garbage, by fixed seeds: they cost only their own connection. */
import t, { type Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort, hexToText } from "../support/com-port.js";
import { Daemon } from "../support/daemon.js";
import { portNumbers } from "../support/ports.js";
import { PtyDevice } from "../support/pty.js";
import { randomNumbers } from "../support/random.js";
import { UdpPeer } from "../support/udp-peer.js";
import { until } from "../support/wait.js";

const IAC = "\xff";
const [SE, SB] = ["\xf0", "\xfa"];

/** A port that is fuzzed, beside one whose user must notice nothing. */
async function serveTwo(t: Test, prefix: string, options: string) {
  const next = await portNumbers(t);
  const [controlPort, port, quiet] = [await next(), await next(), await next()];
  const [device, echo] = [PtyDevice.open(t), PtyDevice.echo(t)];
  const name = `${prefix}127.0.0.1,${port}`;
  const config = [`${name}:telnet:0:${device.path}:4000000 ${options}`, `127.0.0.1,${quiet}:raw:0:${echo.path}:115200`];
  const daemon = await Daemon.start(t, { controlPort, config });
  const user = await Client.connect(t, quiet);
  const check = async (what: string) => {
    user.send(what);
    await user.expect(what);
  };
  return { daemon, name, port, device, check };
}

/** A stream of a telnet peer out of its mind, and the data a device must get of it. */
function telnetGarbage(random: () => number): { readonly stream: string; readonly data: string } {
  const byte = (below = 256) => String.fromCharCode(Math.floor(random() * below));
  const some = (most: number, make: () => string) => Array.from({ length: Math.floor(random() * most) }, make).join("");
  const plain = () => byte(255); // anything but IAC
  let [stream, data] = ["", ""];
  for (let item = 0; item < 60; item++) {
    const roll = random();
    if (roll < 0.3) {
      const text = some(80, plain);
      stream += text;
      data += text;
    } else if (roll < 0.4) {
      stream += IAC + IAC;
      data += IAC;
    } else if (roll < 0.5) {
      // Every command but BRK, DM (a break takes its time) and those that more belongs to.
      stream +=
        IAC + String.fromCharCode(random() < 0.5 ? 0xf4 + Math.floor(random() * 6) : Math.floor(random() * 0xf2));
    } else if (roll < 0.7) {
      stream += IAC + String.fromCharCode(0xfb + Math.floor(random() * 4)) + byte();
    } else {
      // COM-PORT with any command but suspend and purge, which keep bytes back; now and then another option.
      const command = byte(random() < 0.8 ? 14 : 256).replace(/[\x08\x0c]/, "\x09");
      const body = some(random() < 0.05 ? 3000 : 12, () => byte().replace(IAC, IAC + IAC));
      stream += IAC + SB + (random() < 0.9 ? "\x2c" : plain()) + command.replace(IAC, IAC + IAC) + body + IAC + SE;
    }
  }
  return { stream, data };
}

t.test("RFC 2217 and telnet garbage: the data comes through, the port goes on", async t => {
  const { daemon, port, device, check } = await serveTwo(t, "", "remctl max-connections=4");
  for (let seed = 1; seed <= 60; seed++) {
    const random = randomNumbers(seed);
    const { stream, data } = telnetGarbage(random);
    const client = await Client.connect(t, port);
    client.send(hexToText("fffb2c"));
    for (let at = 0; at < stream.length; ) {
      const end = at + 1 + Math.floor(random() * 200);
      client.send(stream.slice(at, end));
      at = end;
    }
    const end = `<end of ${seed}>`;
    client.send(`${hexToText("fffd63")}${end}`);
    const got = await device.expect(end);
    if (got !== data + end) t.fail(`seed ${seed}: the device got something else`);
    await client.expect(hexToText("fffc63")); // it is still heard and answered
    await client.close();
    await check(`after seed ${seed}`);
  }
  await until("all are gone", async () => (await daemon.ask("showport")).includes("tcp to device state: unconnected"));
  const { com } = await ComPort.agree(t, port);
  t.equal(await com.ask("01 00 00 25 80"), "6500002580", "a sane client finds the port in order");
});

t.test("bytes without any sense: whatever they were, the next client is served", async t => {
  const { daemon, port, device, check } = await serveTwo(t, "", "remctl");
  for (let seed = 1; seed <= 40; seed++) {
    const random = randomNumbers(seed * 7919);
    const client = await Client.connect(t, port);
    const heavy = random(); // how much of it is IAC
    const bytes = Uint8Array.from({ length: 4000 }, () => (random() < heavy ? 255 : Math.floor(random() * 256)));
    client.send(bytes);
    if (random() < 0.5) client.finish();
    else client.socket.resetAndDestroy();
    await check(`after seed ${seed}`);
    await until("it is gone", async () => (await daemon.ask("showport")).includes("tcp to device state: unconnected"));
  }
  device.text = "";
  const { com } = await ComPort.agree(t, port);
  com.client.send("sane");
  t.match(await device.expect("sane"), /sane$/);
});

t.test("a client that asks and never reads its answers is closed, and no other", async t => {
  const { daemon, port, check } = await serveTwo(t, "", "remctl max-connections=2");
  const { com } = await ComPort.agree(t, port);
  com.client.socket.pause();
  const requests = hexToText("fffa2c00fff0").repeat(1000); // 6 bytes each ask for 13
  await until("it is closed", async () => {
    if (!com.client.socket.destroyed && com.client.socket.writableLength < 1_000_000) com.client.send(requests);
    await check(".");
    return (await daemon.ask("showport")).includes("tcp to device state: unconnected");
  });
  const { com: next } = await ComPort.agree(t, port);
  t.equal(await next.ask("02 00"), "6608");
});

t.test("UDP garbage from many peers: the session of one goes on, others are refused", async t => {
  const { daemon, name, port, device, check } = await serveTwo(t, "udp,", "remctl");
  const random = randomNumbers(2217);
  const owner = await UdpPeer.open(t, port);
  owner.send("mine");
  await device.expect("mine");
  const strangers = [];
  while (strangers.length < 5) strangers.push(await UdpPeer.open(t, port));
  for (let round = 0; round < 60; round++) {
    for (const peer of strangers) {
      const size = random() < 0.2 ? 0 : Math.floor(random() ** 4 * 20_000);
      peer.send(Uint8Array.from({ length: size }, () => Math.floor(random() * 256)));
    }
    await check(`round ${round}`);
    owner.send(`round ${round}.`);
    t.equal(await device.expect("."), `round ${round}.`, "only the owner's bytes reach the device");
  }
  const refusals = strangers.flatMap(peer => peer.datagrams);
  t.same([...new Set(refusals)], ["Port already in use\r\n"]);
  t.equal(await daemon.ask(`disconnect ${name}`), "");
});

t.test("UDP garbage of the session's own peer: the next session is sound", async t => {
  const { daemon, name, port, device, check } = await serveTwo(t, "udp,", "remctl");
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomNumbers(seed * 31);
    const peer = await UdpPeer.open(t, port);
    const { stream, data } = telnetGarbage(random);
    peer.send(`${hexToText("fffb2c")}${stream}<end of ${seed}>`);
    const got = await device.expect(`<end of ${seed}>`);
    if (got !== `${data}<end of ${seed}>`) t.fail(`seed ${seed}: the device got something else`);
    await check(`after seed ${seed}`);
    t.equal(await daemon.ask(`disconnect ${name}`), "");
    await until("it is over", async () =>
      (await daemon.ask(`showport ${name}`)).includes("tcp to device state: unconn"),
    );
  }
});
