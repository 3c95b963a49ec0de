/** Vectors made with code that worked with ipmitool, FreeIPMI, OpenIPMI and ipmi_sim. */
import t from "tap";
import { type KeyExchange, rakp2Code, rakp3Code, rakp4Code, sessionKeys } from "../../service/ipmi/keys.js";
import { decodePacket, encodePacket, PAYLOAD, type Protection } from "../../service/ipmi/packet.js";
import { padSecret } from "../../service/ipmi/settings.js";
import { authenticationOf, integrityOf, supportedSuite } from "../../service/ipmi/suites.js";
import { cipherSuite } from "../support/cipher-suite.js";

const PASSWORD = padSecret(Buffer.from("test"));
const IV = Buffer.from("000102030405060708090a0b0c0d0e0f", "hex");
const SOL = Buffer.from("010000006869", "hex");

interface Vector {
  readonly rakp2: string;
  readonly rakp3: string;
  readonly sik: string;
  readonly rakp4: string;
  readonly k1: string;
  readonly k2: string;
  readonly datagram?: string;
}

const VECTORS: readonly (readonly [title: string, suite: number, bmcKey: string | null, vector: Vector])[] = [
  [
    "suite 3",
    3,
    null,
    {
      rakp2: "437f25f48ba0d777beea34d7f9d0d29b2e215826",
      rakp3: "00e6da4508d83607d857a64825c4177e46131b4c",
      sik: "ee09d1d5fc30e55009f616817aade66d8be8180d",
      rakp4: "96bfcfe1ff1ef12986dba8e9",
      k1: "a37378fccd1789c311b167ecbe990f68146a4074",
      k2: "441f3e0281432b8c904efd79a3ba391188b5e4bb",
      datagram:
        "0600ff0706c144332211070000002000000102030405060708090a0b0c0d0e0f5a2db1a66212ec0ba81e96b777a7b8baffff0207b1783da5f5dc1e2880dc3047",
    },
  ],
  [
    "suite 3 with a BMC key",
    3,
    "bmckey",
    {
      rakp2: "437f25f48ba0d777beea34d7f9d0d29b2e215826",
      rakp3: "00e6da4508d83607d857a64825c4177e46131b4c",
      sik: "4690e6e81de16a35c3809427bdc387fa3a4bfad7",
      rakp4: "db1b1ffaf9cecbcd36f68ac1",
      k1: "1d6b30c220df11832b243edcb7dea20ffe8f8748",
      k2: "a197d4e89fab661cf8afa3500e9e87a2c04cd8f9",
    },
  ],
  [
    "suite 17",
    17,
    null,
    {
      rakp2: "e6341fe198c9a6381bc65c61b717ab5133e61453911da32651b88daf6e73a9ec",
      rakp3: "53a65bf68f36cebce44c2c30153e5c03a458bbaf5888c3101b744d7de64ce7e1",
      sik: "b91b4f0cbc20da0082466e9146d17d98c47903dfabb727013de5846875455daf",
      rakp4: "0dbfa1c6ab76a649ab1ac573d37cd01f",
      k1: "5b849968bda2a1962bbc682f9d88c16aab8a97305f9145775dd04b978420c199",
      k2: "d3f00a1b2712773c43955a4d091e6dad251053495ac5f11b501a855c3be9ec8b",
      datagram:
        "0600ff0706c144332211070000002000000102030405060708090a0b0c0d0e0ffc7b38c29140a7e88df77edb4c796a18ffff02077a1719c9216d76e650c269462e3067bc",
    },
  ],
  [
    "suite 8",
    8,
    null,
    {
      rakp2: "3245284bacb49a739da1b277f995912a",
      rakp3: "e21bbdd9f3b87e68bd4709b1ac124fd8",
      sik: "a1c88b919114546deaa420daf4141611",
      rakp4: "d3d41e3baef7f9d3cf45e852053225d3",
      k1: "ece22f8dbd0df59c161400ccfcc12c2a",
      k2: "fd5a645e456452c519a65947230d8af0",
    },
  ],
];

for (const [title, suite, bmcKey, vector] of VECTORS) {
  t.test(`${title}: codes, keys and a datagram are those of the vector`, async t => {
    const algorithms = cipherSuite(suite);
    const authentication = authenticationOf(algorithms);
    const integrity = integrityOf(algorithms);
    if (authentication === null || integrity === null) throw new Error("a suite without keys");
    const exchange: KeyExchange = {
      authentication,
      consoleSessionId: Buffer.from("a3a2a1a0", "hex"),
      bmcSessionId: Buffer.from("44332211", "hex"),
      consoleRandom: Buffer.from("000102030405060708090a0b0c0d0e0f", "hex"),
      bmcRandom: Buffer.from("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "hex"),
      bmcGuid: Buffer.from("a123456789abcdefa123456789abcdef", "hex"),
      role: 0x14,
      userName: Buffer.from("ipmiusr"),
    };
    const keys = sessionKeys(exchange, bmcKey === null ? PASSWORD : padSecret(Buffer.from(bmcKey)));
    const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
    t.equal(hex(rakp2Code(exchange, PASSWORD)), vector.rakp2, "RAKP 2");
    t.equal(hex(rakp3Code(exchange, PASSWORD)), vector.rakp3, "RAKP 3");
    t.equal(hex(keys.sik), vector.sik, "SIK");
    t.equal(hex(rakp4Code(exchange, keys)), vector.rakp4, "RAKP 4");
    t.equal(hex(keys.k1), vector.k1, "K1");
    t.equal(hex(keys.k2), vector.k2, "K2");
    if (vector.datagram === undefined) return;
    const protection: Protection = {
      integrity: { ...integrity, key: keys.k1 },
      confidentialityKey: keys.k2.subarray(0, 16),
    };
    const packet = { type: PAYLOAD.sol, sessionId: 0x11223344, sequence: 7, payload: SOL };
    t.equal(hex(encodePacket(packet, protection, IV)), vector.datagram, "datagram");
    const datagram = Buffer.from(vector.datagram, "hex");
    const decoded = { ...decodePacket(datagram, protection) };
    t.match(decoded, { type: PAYLOAD.sol, sessionId: 0x11223344, sequence: 7, isAuthenticated: true });
    t.equal(hex(decoded.payload ?? IV), hex(SOL), "it is decoded to what was encoded");
    for (let at = 4; at < datagram.length; at++) {
      const damaged = Buffer.from(datagram);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      const read = decodePacket(damaged, protection);
      t.ok(read === null || !read.isAuthenticated, `damage at byte ${at} is noticed`);
    }
    for (let end = 0; end < datagram.length; end++) {
      t.equal(decodePacket(datagram.subarray(0, end), protection), null, `cut at ${end} it is refused`);
    }
  });
}

t.test("only the ten suites are known", async t => {
  for (const number of [0, 1, 2, 3, 6, 7, 8, 15, 16, 17]) t.ok(supportedSuite(number), `suite ${number}`);
  for (const number of [4, 5, 9, 11, 12, 14, 18]) t.equal(supportedSuite(number), null, `suite ${number}`);
});
