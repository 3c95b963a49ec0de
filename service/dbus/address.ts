import { decodeUtf8 } from "../line/bytes.js";

/** Addresses of a bus (D-Bus specification, "Server Addresses"), as far as they are local sockets. */

const SYSTEM_BUS = "unix:path=/run/dbus/system_bus_socket";

/** `system`, `session`, or an address. */
export function busAddress(choice: string, env: Readonly<Record<string, string | undefined>>): string {
  if (choice === "system") return env.DBUS_SYSTEM_BUS_ADDRESS || SYSTEM_BUS;
  if (choice !== "session") return choice;
  return env.DBUS_SESSION_BUS_ADDRESS || `unix:path=${env.XDG_RUNTIME_DIR ?? ""}/bus`;
}

/** The sockets to try, in order, as node:net takes their paths. */
export function socketPaths(address: string): readonly string[] {
  return address.split(";").flatMap(one => {
    const [transport, ...rest] = one.split(":");
    if (transport !== "unix") return [];
    const keys = new Map(
      rest
        .join(":")
        .split(",")
        .map(pair => [pair.slice(0, pair.indexOf("=")), withoutEscapes(pair.slice(pair.indexOf("=") + 1))]),
    );
    const [path, abstract] = [keys.get("path"), keys.get("abstract")];
    if (path) return [path];
    return abstract ? [`\0${abstract}`] : [];
  });
}

/** `%3d` stands for the byte 0x3d; file names need not be UTF-8, but those that are not cannot be reached. */
function withoutEscapes(value: string): string {
  const bytes = value.replace(/%([0-9A-Fa-f]{2})/g, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
  return decodeUtf8(bytes);
}
