/** What a D-Bus client must not be able to do: end the service, delay it, or make it grow. */
import t from "tap";
import { ERROR, REPLY, type Received, SIGNAL } from "../../service/dbus/codec.js";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { ERRORS } from "../../service/dbus/errors.js";
import { Variant } from "../../service/dbus/marshal.js";
import { MAX_RECEIVED } from "../../service/dbus/transport.js";
import { busyStatus, connectionStatus } from "../support/fake-managed-port.js";
import { needs } from "../support/tools.js";
import { RawClient } from "./raw-client.js";
import { CONNECTION, DAEMON, PORT, ROOT, stage } from "./stage.js";

const tools = needs("dbus-daemon", "busctl");
const PORT_PATH = `${ROOT}/port/_32001`;
const PROPERTIES = "org.freedesktop.DBus.Properties";
const MANAGER = "org.freedesktop.DBus.ObjectManager";
const ping = { destination: WELL_KNOWN_NAME, path: ROOT, interface: "org.freedesktop.DBus.Peer", member: "Ping" };

t.test("a body that names a descriptor that was not sent is an error, not an end", tools, async t => {
  const { bus } = await stage(t, [busyStatus({ name: "2001" })]);
  const client = await RawClient.connect(t, bus);
  const asDescriptor = (bytes: Buffer) => {
    bytes[bytes.lastIndexOf("\x01u\0") + 1] = "h".charCodeAt(0);
  };
  const plain = await client.ask({ ...ping, signature: "u", body: [0] }, asDescriptor);
  t.same(plain.body(), ["Ping takes (), not (h)"]);
  const set = { destination: WELL_KNOWN_NAME, path: PORT_PATH, interface: PROPERTIES, member: "Set" };
  const variant = await client.ask(
    { ...set, signature: "ssv", body: [PORT, "State", new Variant("u", 0)] },
    asDescriptor,
  );
  t.equal(variant.errorName, ERRORS.InvalidArgs);
  t.same(variant.body(), ["the arguments cannot be read"]);
  t.equal((await client.ask(ping)).type, REPLY, "the service is still there");
});

t.test("a call without an interface finds its method", tools, async t => {
  const { bus, ports } = await stage(t, [busyStatus({ name: "2001" })]);
  const client = await RawClient.connect(t, bus);
  const call = { destination: WELL_KNOWN_NAME, path: PORT_PATH, member: "Disconnect" };
  t.equal((await client.ask(call)).type, REPLY);
  t.same(ports.get("2001")?.calls, ["disconnect"]);
  const get = { destination: WELL_KNOWN_NAME, path: PORT_PATH, member: "Get", signature: "ss", body: ["", "Phase"] };
  t.match((await client.ask(get)).body(), [{ signature: "s", value: "open" }], "an empty interface of a property too");
});

t.test("a call without a wanted reply gets none, not even an error", tools, async t => {
  const { bus, ports } = await stage(t, [busyStatus({ name: "2001" })]);
  const client = await RawClient.connect(t, bus);
  const noReply = (bytes: Buffer) => {
    bytes[2] = 1;
  };
  const call = { destination: WELL_KNOWN_NAME, path: PORT_PATH, interface: PORT };
  const unwanted = [
    client.send({ ...call, member: "SendBreak" }, noReply),
    client.send({ ...call, member: "Nothing" }, noReply),
    client.send({ ...call, path: ROOT, interface: MANAGER, member: "GetManagedObjects" }, noReply),
  ];
  await client.ask({ ...call, path: ROOT, interface: MANAGER, member: "GetManagedObjects" });
  t.same(ports.get("2001")?.calls, ["sendBreak"]);
  t.notOk(client.received.some(one => unwanted.includes(one.replySerial)));
});

t.test("a text that is too long is refused, whatever comes behind it is not", tools, async t => {
  const checked: number[] = [];
  const check = (text: string | null) => {
    checked.push(text?.length ?? -1);
    return [];
  };
  const daemon = { version: "1", board: null, uptimeSeconds: () => 0, reload: () => [], check };
  const { bus } = await stage(t, [], { daemon });
  const client = await RawClient.connect(t, bus);
  const call = { destination: WELL_KNOWN_NAME, path: ROOT, interface: DAEMON, member: "Check", signature: "s" };
  const tooLong = client.send({ ...call, body: ["x".repeat(MAX_RECEIVED)] });
  const fits = client.send({ ...call, body: ["x".repeat(MAX_RECEIVED - 1000)] });
  const refusal = await client.answer(tooLong);
  t.same([refusal.errorName, refusal.body()], [ERRORS.LimitsExceeded, ["the message is too long"]]);
  t.equal((await client.answer(fits)).type, REPLY);
  t.same(checked, [MAX_RECEIVED - 1000]);
});

t.test("of a crowd that wants all objects at once a few are served at a time", tools, async t => {
  const { bus } = await stage(
    t,
    Array.from({ length: 200 }, (_, i) => busyStatus({ name: `${2000 + i}` })),
  );
  const client = await RawClient.connect(t, bus);
  const call = { destination: WELL_KNOWN_NAME, path: ROOT, interface: MANAGER, member: "GetManagedObjects" };
  const serials = Array.from({ length: 50 }, () => client.send(call));
  const answers: Received[] = [];
  for (const serial of serials) answers.push(await client.answer(serial));
  const [served, refused] = [
    answers.filter(({ type }) => type === REPLY),
    answers.filter(({ type }) => type === ERROR),
  ];
  t.ok(served.length >= 8 && refused.length > 0, `${served.length} served, ${refused.length} refused`);
  t.same(new Set(refused.map(({ errorName }) => errorName)), new Set([ERRORS.LimitsExceeded]));
  t.equal((await client.ask(call)).type, REPLY, "and the next one is served again");
});

t.test("of very many connections the first are shown, and all are counted", tools, async t => {
  const slots = Array.from({ length: 3000 }, (_, i) => connectionStatus({ id: i + 1, port: i + 1 }));
  const { get, busctl } = await stage(t, [busyStatus({ name: "2001", slots })]);
  t.equal(await get(PORT_PATH, PORT, "ConnectionCount"), "u 3000");
  t.match(await get(PORT_PATH, PORT, "Peers"), /^a\(sq\) 64 /);
  t.match(await get(PORT_PATH, PORT, "Connections"), /^ao 64 /);
  t.equal(await get(`${ROOT}/connection/_364`, CONNECTION, "PortNumber"), "q 64");
  const { output } = await busctl("tree", "--list", WELL_KNOWN_NAME);
  t.equal(output.split("\n").filter(path => path.startsWith(`${ROOT}/connection/`)).length, 64);
});

t.test("signals and replies that were not asked for are ignored", tools, async t => {
  const { bus } = await stage(t, [busyStatus({ name: "2001" })]);
  const client = await RawClient.connect(t, bus);
  const destination = WELL_KNOWN_NAME;
  for (let serial = 1; serial <= 20; serial++) {
    const forged = { destination, replySerial: serial, signature: "s", body: ["forged"] } as const;
    client.tell({ type: REPLY, ...forged });
    client.tell({ type: ERROR, errorName: "a.b", ...forged });
  }
  client.tell({ type: SIGNAL, path: ROOT, interface: MANAGER, member: "InterfacesAdded", signature: "", body: [] });
  t.equal((await client.ask(ping)).type, REPLY);
});
