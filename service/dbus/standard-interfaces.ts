/** The standard interfaces of the D-Bus specification, which each object has beside its own. */
import { toText } from "../line/bytes.js";
import { readRegularFile } from "../native/read-file.js";
import { BusError } from "./errors.js";
import { type BoundInterface, bindInterface, type Interface, method, type Values } from "./interface.js";
import { introspect } from "./introspect.js";

const PREFIX = "org.freedesktop.DBus";

export interface BusObject {
  readonly path: string;
  /** Its own interfaces, without the standard ones. */
  readonly own: readonly BoundInterface[];
  /** Names of the objects right below it. */
  children(): readonly string[];
}

/** @param managed the objects below it, for an object that has the interface ObjectManager */
export function standardInterfaces(
  object: BusObject,
  managed: (() => Iterable<BusObject>) | null,
): readonly BoundInterface[] {
  return [
    bindInterface(INTROSPECTABLE, { object, managed }),
    bindInterface(PEER, null),
    ...(object.own.length > 0 ? [bindInterface(PROPERTIES, object)] : []),
    ...(managed === null ? [] : [bindInterface(OBJECT_MANAGER, managed)]),
  ];
}

/** The interfaces and properties of an object, for GetManagedObjects and InterfacesAdded. */
export function describeObject({ own }: BusObject): Readonly<Record<string, Values>> {
  return Object.fromEntries(own.map(bound => [bound.shape.name, bound.values()]));
}

const PEER: Interface<null> = {
  name: `${PREFIX}.Peer`,
  properties: [],
  methods: [
    method({ name: "Ping", call: () => [] }),
    method({
      name: "GetMachineId",
      out: [{ name: "machine_uuid", type: "s" }],
      call: () => [machineId()],
    }),
  ],
  signals: [],
};

const INTROSPECTABLE: Interface<{ object: BusObject; managed: (() => Iterable<BusObject>) | null }> = {
  name: `${PREFIX}.Introspectable`,
  properties: [],
  methods: [
    method({
      name: "Introspect",
      out: [{ name: "xml_data", type: "s" }],
      call: ({ object, managed }) => {
        const interfaces = [...object.own, ...standardInterfaces(object, managed)].map(bound => bound.shape);
        return [introspect(interfaces, object.children())];
      },
    }),
  ],
  signals: [],
};

export const PROPERTIES: Interface<BusObject> = {
  name: `${PREFIX}.Properties`,
  properties: [],
  methods: [
    method({
      name: "Get",
      in: [
        { name: "interface_name", type: "s" },
        { name: "property_name", type: "s" },
      ],
      out: [{ name: "value", type: "v" }],
      call: (object, [bound, name]) => [findValue(object, bound, name)],
    }),
    method({
      name: "GetAll",
      in: [{ name: "interface_name", type: "s" }],
      out: [{ name: "props", type: "a{sv}" }],
      call: (object, [name]) => {
        const all = interfacesNamed(object, name).map(bound => bound.values());
        return [Object.assign({}, ...all)];
      },
    }),
    method({
      name: "Set",
      in: [
        { name: "interface_name", type: "s" },
        { name: "property_name", type: "s" },
        { name: "value", type: "v" },
      ],
      call: (object, [bound, name]) => {
        findValue(object, bound, name);
        throw new BusError("PropertyReadOnly", `${name} is read-only: methods change things`);
      },
    }),
  ],
  signals: [
    {
      name: "PropertiesChanged",
      args: [
        { name: "interface_name", type: "s" },
        { name: "changed_properties", type: "a{sv}" },
        { name: "invalidated_properties", type: "as" },
      ],
    },
  ],
};

export const OBJECT_MANAGER: Interface<() => Iterable<BusObject>> = {
  name: `${PREFIX}.ObjectManager`,
  properties: [],
  methods: [
    {
      name: "GetManagedObjects",
      in: [],
      out: [{ name: "object_paths_interfaces_and_properties", type: "a{oa{sa{sv}}}" }],
      mutates: false,
      call: objects => ({ kind: "entries", type: "{oa{sa{sv}}}", entries: describeObjects(objects()) }),
    },
  ],
  signals: [
    {
      name: "InterfacesAdded",
      args: [
        { name: "object_path", type: "o" },
        { name: "interfaces_and_properties", type: "a{sa{sv}}" },
      ],
    },
    {
      name: "InterfacesRemoved",
      args: [
        { name: "object_path", type: "o" },
        { name: "interfaces", type: "as" },
      ],
    },
  ],
};

function* describeObjects(objects: Iterable<BusObject>): Generator<readonly [string, unknown]> {
  for (const object of objects) yield [object.path, describeObject(object)];
}

/** An empty name stands for all interfaces ("org.freedesktop.DBus.Properties"). */
function interfacesNamed(object: BusObject, name: string): readonly BoundInterface[] {
  const all = [...object.own, ...standardInterfaces(object, null)];
  const interfaces = all.filter(bound => name === "" || bound.shape.name === name);
  if (interfaces.length === 0) throw new BusError("UnknownInterface", `no interface ${name} at ${object.path}`);
  return interfaces;
}

function findValue(object: BusObject, bound: string, name: string) {
  for (const one of interfacesNamed(object, bound)) {
    const value = one.value(name);
    if (value !== null) return value;
  }
  throw new BusError("UnknownProperty", `no property ${name} at ${object.path}`);
}

/** machine-id(5); the second file is that of systems without systemd. */
function machineId(): string {
  for (const file of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return toText(readRegularFile(file)).trim();
    } catch {
      // The other one, then.
    }
  }
  throw new BusError("NotSupported", "this machine has no id");
}
