/** The daemon on the bus. */
import { type Diagnostic, messageOf } from "../config/diagnostic.js";
import { unmappedText } from "../line/address.js";
import { encodeUtf8 } from "../line/bytes.js";
import type { Activity } from "../port/drain.js";
import { BusError } from "./errors.js";
import { type Interface, method, property, type Types } from "./interface.js";
import { portPath, toBusString, WELL_KNOWN_NAME } from "./names.js";
import type { DbusServiceOptions } from "./service.js";

/** Connections and sessions that are listed. */
const MAX_ACTIVITIES = 1000;
/** Faults that are reported of one text. */
const MAX_DIAGNOSTICS = 1000;

type DaemonSubject = Pick<DbusServiceOptions, "daemon" | "drain" | "ports">;

const DIAGNOSTICS = [{ name: "diagnostics", type: "a(suuss)" }] as const;

export const DAEMON: Interface<DaemonSubject> = {
  name: `${WELL_KNOWN_NAME}.Daemon`,
  properties: [
    property("Version", "s", "const", ({ daemon }) => daemon.version),
    property("Board", "s", "const", ({ daemon }) => daemon.board ?? ""),
    property("UptimeSeconds", "t", "false", ({ daemon }) => BigInt(Math.floor(daemon.uptimeSeconds()))),
    property("Draining", "b", "true", ({ drain }) => drain.isDraining),
    property("Busy", "a(sssqt)", "false", ({ drain }) => drain.activities().slice(0, MAX_ACTIVITIES).map(activityRow)),
  ],
  methods: [
    method({
      name: "Reload",
      out: DIAGNOSTICS,
      changes: true,
      call: ({ daemon }) => [rows(daemon.reload())],
    }),
    method({
      name: "Check",
      in: [{ name: "text", type: "s" }],
      out: DIAGNOSTICS,
      // It changes nothing, but takes time: the bus policy allows it only to administrators.
      call: ({ daemon }, [text]) => [rows(daemon.check(text === "" ? null : encodeUtf8(text)))],
    }),
    method({
      name: "GetPort",
      in: [{ name: "name", type: "s" }],
      out: [{ name: "port", type: "o" }],
      call({ ports }, [name]) {
        if (ports.find(encodeUtf8(name)) === null) throw new BusError("NoSuchPort", `no port ${name}`);
        return [portPath(encodeUtf8(name))];
      },
    }),
    method({
      name: "Drain",
      changes: true,
      call({ drain }) {
        drain.begin();
        return [];
      },
    }),
    method({
      name: "Undrain",
      changes: true,
      call({ drain }) {
        drain.end();
        return [];
      },
    }),
  ],
  signals: [],
};

/** The time in microseconds, as ConnectedTimestamp of a connection. */
function activityRow({ kind, port, address, portNumber, since }: Activity): Types["a(sssqt)"][number] {
  return [kind, toBusString(port), toBusString(unmappedText(address)), portNumber, BigInt(since) * 1000n];
}

function rows(found: readonly Diagnostic[] | string): Types["a(suuss)"] {
  if (typeof found === "string") throw new BusError("ConfigurationUnreadable", toBusString(found));
  return found
    .slice(0, MAX_DIAGNOSTICS)
    .map(one => [
      toBusString(one.file ?? ""),
      one.line,
      one.column,
      toBusString(messageOf(one)),
      toBusString(one.expected ?? ""),
    ]);
}
