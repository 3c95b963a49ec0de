/** Messages as they were seen on the wire: of ipmi_sim 2.0.33, suite 3, console session a0a1a2a3. */
import t from "tap";
import { decodeActivation, decodePayloadStatus } from "../../service/ipmi/commands.js";
import { type Command, decodeAnswer, encodeCommand, NETFN } from "../../service/ipmi/message.js";
import { decodePacket, encodeMessage15 } from "../../service/ipmi/packet.js";
import { decodeOpenSession } from "../../service/ipmi/rakp.js";
import { decodeSol } from "../../service/ipmi/sol-packet.js";

const CAPABILITIES: Command = { netFn: NETFN.app, command: 0x38, data: Uint8Array.of(0x8e, 4) };

t.test("Get Channel Authentication Capabilities, the whole datagram and its answer", async t => {
  const datagram = encodeMessage15(encodeCommand(CAPABILITIES, 0));
  t.equal(hex(datagram), "0600ff07000000000000000000092018c88100388e04b5");
  t.match({ ...decodePacket(datagram, { integrity: null, confidentialityKey: null }) }, { type: 0, sessionId: 0 });
  const answer = Buffer.from("811c63200038000197060300000000", "hex");
  const sum = -answer.subarray(3).reduce((all, byte) => all + byte, 0) & 0xff;
  const read = decodeAnswer(Buffer.concat([answer, Buffer.of(sum)]), CAPABILITIES, 0);
  t.equal(read?.completionCode, 0);
  t.equal(hex(read?.data), "0197060300000000");
});

t.test("from the open session response to the first acknowledgement", async t => {
  const open = "01000400a3a2a1a002100000000000080100000001000008010000000200000801000000";
  const { bmcSessionId, algorithms } = decodeOpenSession(Buffer.from(open, "hex"));
  t.equal(hex(bmcSessionId), "02100000");
  t.same(algorithms, { authentication: 1, integrity: 1, confidentiality: 1 });

  t.same(answered("811c6320043b00049d", NETFN.app, 0x3b, 1), [0, "04"], "Set Session Privilege Level");
  t.same(answered("811c6320084a000100008d", NETFN.app, 0x4a, 2), [0, "010000"], "Get Payload Activation Status");
  t.same(decodePayloadStatus(Buffer.from("010000", "hex")), { capacity: 1, active: 0 });
  t.same(answered("81344b200c2100b3", NETFN.transport, 0x21, 3), [0, ""], "Set SOL Configuration Parameters");
  const activation = answered("811c632014480000000000200000406f02ffffb5", NETFN.app, 0x48, 5);
  t.same(activation, [0, "00000000200000406f02ffff"], "Activate Payload");
  t.same(decodeActivation(Buffer.from(String(activation[1]), "hex")), {
    packetBytes: 28,
    receivedBytes: 60,
    udpPort: 623,
  });
  t.match(
    { ...decodeSol(Buffer.from("00010300", "hex")) },
    { sequence: 0, acknowledged: 1, acceptedCount: 3, flags: 0 },
  );
});

t.test("a presence ping (ASF) is not a packet of a session", async t => {
  for (const ping of ["0600ff06000011be80000000", "0600ff06000011be40000010000011be00000000810000000000000000"]) {
    t.equal(decodePacket(Buffer.from(ping, "hex"), { integrity: null, confidentialityKey: null }), null);
  }
});

/** The completion code and the data of an answer. */
function answered(
  message: string,
  netFn: number,
  command: number,
  sequence: number,
): readonly [number | undefined, string] {
  const answer = decodeAnswer(Buffer.from(message, "hex"), { netFn, command, data: new Uint8Array(0) }, sequence);
  return [answer?.completionCode, hex(answer?.data)];
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString("hex");
}
