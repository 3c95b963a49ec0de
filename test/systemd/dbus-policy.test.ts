import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import dbus, { type Message, type MessageBus } from "dbus-next";
import t, { type Test } from "tap";
import { runProgram, temporaryFolder } from "../support/daemon.js";
import { needs } from "../support/tools.js";

const NAME = "org.ser2net.Ser2net1";
const DBUS = needs("dbus-daemon");
const ME = userInfo().username;
const MY_GROUP = execFileSync("id", ["-gn"], { encoding: "utf8" }).trim();

/** As on every system bus: no name and no call without a policy that allows it. */
const SYSTEM_DEFAULTS = `<policy context="default">
  <allow user="*"/>
  <deny own="*"/>
  <deny send_type="method_call"/>
  <allow send_type="signal"/>
  <allow send_requested_reply="true" send_type="method_return"/>
  <allow send_requested_reply="true" send_type="error"/>
  <allow receive_type="method_call"/>
  <allow receive_type="method_return"/>
  <allow receive_type="error"/>
  <allow receive_type="signal"/>
  <allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus"/>
</policy>`;

type Cast = Readonly<Record<"ser2net" | "root" | "ser2net-admin", string>>;

/** A system bus with our policy, on which the user of this test stands in for some of those it names. */
async function startBus(t: Test, as: Cast): Promise<() => MessageBus> {
  const folder = temporaryFolder(t);
  const policy = readFileSync("units/dbus/org.ser2net.Ser2net1.conf", "utf8").replace(
    /(policy \w+)="(ser2net|root|ser2net-admin)"/g,
    (_, kind, name: keyof Cast) => `${kind}="${as[name]}"`,
  );
  writeFileSync(join(folder, "policy.conf"), policy);
  const address = `unix:path=${join(folder, "bus")}`;
  const parts = [
    `<listen>${address}</listen>`,
    "<auth>EXTERNAL</auth>",
    SYSTEM_DEFAULTS,
    "<include>policy.conf</include>",
  ];
  writeFileSync(join(folder, "bus.conf"), `<busconfig><type>system</type>${parts.join("")}</busconfig>`);
  const config = `--config-file=${join(folder, "bus.conf")}`;
  await runProgram(t, "dbus-daemon", [config, "--nofork", "--print-address"]).output.expect("\n");
  return () => {
    const bus = dbus.sessionBus({ busAddress: address } as object);
    t.teardown(() => bus.disconnect());
    return bus;
  };
}

/** The daemon of one board: answers every call that the bus lets through. */
async function startInstance(connect: () => MessageBus, board: string): Promise<void> {
  const bus = connect();
  for (const name of [`${NAME}.${board}`, NAME]) await bus.requestName(name, 0);
  bus.addMethodHandler((message: Message) => {
    if (message.path !== "/org/ser2net/Ser2net1") return false;
    bus.send(dbus.Message.newMethodReturn(message, "s", [board]));
    return true;
  });
}

/** The answer, or the name of the error. */
async function call(bus: MessageBus, destination: string, called: string): Promise<string> {
  const [, ofInterface = "", member = ""] = /^(.*)\.(\w+)$/.exec(called) ?? [];
  const message = new dbus.Message({ destination, path: "/org/ser2net/Ser2net1", interface: ofInterface, member });
  return bus.call(message).then(
    reply => String(reply?.body[0]),
    (error: { type?: string }) => error.type ?? String(error),
  );
}

const DENIED = "org.freedesktop.DBus.Error.AccessDenied";
const LOOKING = [
  "org.freedesktop.DBus.Introspectable.Introspect",
  "org.freedesktop.DBus.Properties.Get",
  "org.freedesktop.DBus.Properties.GetAll",
  "org.freedesktop.DBus.ObjectManager.GetManagedObjects",
];
const CHANGING = ["org.freedesktop.DBus.Properties.Set", `${NAME}.Manager.Reload`, `${NAME}.Port.Disconnect`];

t.test("every user may read from every instance, and change none", DBUS, async t => {
  const connect = await startBus(t, { ser2net: ME, root: "nobody", "ser2net-admin": "nogroup" });
  for (const board of ["board_a", "board_b"]) await startInstance(connect, board);
  const visitor = connect();
  for (const board of ["board_a", "board_b"]) {
    for (const called of LOOKING) t.equal(await call(visitor, `${NAME}.${board}`, called), board, called);
    for (const called of CHANGING) t.equal(await call(visitor, `${NAME}.${board}`, called), DENIED, called);
  }
  t.equal(await call(visitor, NAME, LOOKING[0] ?? ""), "board_a", "the first one has the name without a board");
});

for (const [who, as] of [
  ["root", { ser2net: ME, root: ME, "ser2net-admin": "nogroup" }],
  ["members of ser2net-admin", { ser2net: ME, root: "nobody", "ser2net-admin": MY_GROUP }],
] as const)
  t.test(`${who} may change things`, DBUS, async t => {
    const connect = await startBus(t, as);
    await startInstance(connect, "board_a");
    await startInstance(connect, "board_b");
    for (const called of [...LOOKING, ...CHANGING]) {
      t.equal(await call(connect(), `${NAME}.board_b`, called), "board_b", called);
    }
  });

t.test("no other user takes the daemon's names", DBUS, async t => {
  const connect = await startBus(t, { ser2net: "nobody", root: "nobody", "ser2net-admin": MY_GROUP });
  for (const name of [NAME, `${NAME}.board_a`]) {
    const refusal = connect().requestName(name, 0);
    t.equal(await refusal.then(String, (error: { type: string }) => error.type), DENIED, name);
  }
});
