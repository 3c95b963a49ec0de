/** The daemon as a program with the npm package dbus-next sees it: a client that is not of this project. */
import dbus, { type ClientInterface } from "dbus-next";
import t from "tap";
import { WELL_KNOWN_NAME } from "../../service/dbus/entry.js";
import { portPath } from "../../service/dbus/names.js";
import { getTermios } from "../../service/native/serial.js";
import { Client } from "../support/client.js";
import { serveOnePort } from "../support/one-port.js";
import { needs } from "../support/tools.js";
import { until } from "../support/wait.js";
import { PrivateBus } from "./private-bus.js";
import { PORT, ROOT, UP } from "./stage.js";

/** A method of an interface that dbus-next has made of our introspection data. */
async function call(of: ClientInterface, name: string, ...args: readonly unknown[]): Promise<unknown> {
  const method: unknown = Reflect.get(of, name);
  if (typeof method !== "function") throw new Error(`the introspection data has no method ${name}`);
  return await method.apply(of, args);
}

t.test("dbus-next introspects, reads, calls and hears the daemon", needs("dbus-daemon"), async t => {
  const bus = await PrivateBus.start(t);
  const args = ["--dbus", bus.address];
  const { daemon, device, name, port } = await serveOnePort(
    t,
    { options: "9600 EVEN LOCAL" },
    { foreground: "-d", args },
  );
  await daemon.running.errors.expect(UP);
  const client = dbus.sessionBus({ busAddress: bus.address });
  t.teardown(() => client.disconnect());

  const root = await client.getProxyObject(WELL_KNOWN_NAME, ROOT);
  const path = await call(root.getInterface(`${WELL_KNOWN_NAME}.Daemon`), "GetPort", name);
  t.equal(path, portPath(name));
  const managed = await call(root.getInterface("org.freedesktop.DBus.ObjectManager"), "GetManagedObjects");
  t.ok(Object.keys(managed as object).includes(String(path)), "the port is one of the objects");

  const object = await client.getProxyObject(WELL_KNOWN_NAME, portPath(name));
  const properties = object.getInterface("org.freedesktop.DBus.Properties");
  const changed: string[] = [];
  properties.on("PropertiesChanged", (of: string, values: object) => {
    if (of === PORT) changed.push(...Object.keys(values));
  });
  const phase = async () => (await call(properties, "Get", PORT, "Phase")) as { value: unknown };
  t.match(await phase(), { value: "idle" });
  const peer = await Client.connect(t, port);
  peer.send("x");
  await device.expect("x");
  t.match(await phase(), { value: "open" });
  await until("the change is told", () => changed.includes("Phase"));

  const served = object.getInterface(PORT);
  await call(served, "SetLine", "+115200");
  t.equal(getTermios(device.slave).inputSpeed, 115_200);
  t.match(await daemon.ask("showport"), "device config: 115200 LOCAL 1STOPBIT 8DATABITS EVEN");
  await t.rejects(call(served, "SetLine", "+nosuch"), { message: "Unknown config item: nosuch" });
  await call(served, "Disconnect");
  t.equal(await peer.untilEnd(), "");
});
