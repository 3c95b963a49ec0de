/** The standard interfaces of the D-Bus specification, on top of what an object tells of itself. */
import { readRegularFile } from "../kernel/read-file.js";
import { BusError } from "./errors.js";
import { introspect } from "./introspect.js";
import { type Face, faceOf, type Interface, method, type Values } from "./table.js";

const PREFIX = "org.freedesktop.DBus";

export interface BusObject {
  readonly path: string;
  /** Its own interfaces, without the standard ones. */
  readonly own: readonly Face[];
  /** Names of the objects right below it. */
  children(): readonly string[];
}

/** All faces of an object. `managed` is given for the one that answers for the objects below it. */
export function facesOf(object: BusObject, managed: (() => Iterable<BusObject>) | null): readonly Face[] {
  return [
    ...object.own,
    faceOf(INTROSPECTABLE, { object, managed }),
    faceOf(PEER, null),
    ...(object.own.length > 0 ? [faceOf(PROPERTIES, object)] : []),
    ...(managed === null ? [] : [faceOf(OBJECT_MANAGER, managed)]),
  ];
}

/** What GetManagedObjects and InterfacesAdded tell of an object. */
export function describeObject({ own }: BusObject): Readonly<Record<string, Values>> {
  return Object.fromEntries(own.map(face => [face.shape.name, face.values()]));
}

const PEER: Interface<null> = {
  name: `${PREFIX}.Peer`,
  properties: [],
  methods: [
    method({ name: "Ping", call: () => [] }),
    method({
      name: "GetMachineId",
      gives: [{ name: "machine_uuid", type: "s" }],
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
      gives: [{ name: "xml_data", type: "s" }],
      call: ({ object, managed }) => {
        const faces = facesOf(object, managed).map(face => face.shape);
        return [introspect(faces, object.children())];
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
      takes: [
        { name: "interface_name", type: "s" },
        { name: "property_name", type: "s" },
      ],
      gives: [{ name: "value", type: "v" }],
      call: (object, [face, name]) => [findValue(object, face, name)],
    }),
    method({
      name: "GetAll",
      takes: [{ name: "interface_name", type: "s" }],
      gives: [{ name: "props", type: "a{sv}" }],
      call: (object, [name]) => {
        const all = facesNamed(object, name).map(face => face.values());
        return [Object.assign({}, ...all)];
      },
    }),
    method({
      name: "Set",
      takes: [
        { name: "interface_name", type: "s" },
        { name: "property_name", type: "s" },
        { name: "value", type: "v" },
      ],
      call: (object, [face, name]) => {
        findValue(object, face, name);
        throw new BusError("PropertyReadOnly", `${name} is read-only: methods change things`);
      },
    }),
  ],
  signals: [
    {
      name: "PropertiesChanged",
      carries: [
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
      takes: [],
      gives: [{ name: "object_paths_interfaces_and_properties", type: "a{oa{sa{sv}}}" }],
      changes: false,
      call: objects => ({ kind: "entries", type: "{oa{sa{sv}}}", entries: describeObjects(objects()) }),
    },
  ],
  signals: [
    {
      name: "InterfacesAdded",
      carries: [
        { name: "object_path", type: "o" },
        { name: "interfaces_and_properties", type: "a{sa{sv}}" },
      ],
    },
    {
      name: "InterfacesRemoved",
      carries: [
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
function facesNamed(object: BusObject, name: string): readonly Face[] {
  const faces = facesOf(object, null).filter(face => name === "" || face.shape.name === name);
  if (faces.length === 0) throw new BusError("UnknownInterface", `no interface ${name} at ${object.path}`);
  return faces;
}

function findValue(object: BusObject, face: string, name: string) {
  for (const one of facesNamed(object, face)) {
    const value = one.value(name);
    if (value !== null) return value;
  }
  throw new BusError("UnknownProperty", `no property ${name} at ${object.path}`);
}

/** machine-id(5); the second file is that of systems without systemd. */
function machineId(): string {
  for (const file of ["/etc/machine-id", "/var/lib/dbus/machine-id"]) {
    try {
      return readRegularFile(file).toString("latin1").trim();
    } catch {
      // The other one, then.
    }
  }
  throw new BusError("NotSupported", "this machine has no id");
}
