/** CONTROLSOCKET: where the local socket of the control port is, and who may use it (docs/control-socket.md). */
import type { ControlSocket } from "./configuration.js";
import type { Definition } from "./definitions.js";

const FORM = "expected CONTROLSOCKET:<path, or off>[:mode=<octal> group=<name> admin=<name>]";
/** sun_path, unix(7), without its NUL. */
const LONGEST_PATH = 107;

/** `PATH[:words]`; words of a later line do not add to those of an earlier one. */
export function readControlSocket(text: string, lineNumber: number): Definition<ControlSocket> {
  const [, path = "", words = ""] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  const wrong = (what: string): Definition<ControlSocket> => ({
    value: null,
    diagnostics: [{ message: `${what} on line ${lineNumber}`, expected: FORM }],
  });
  if (path !== "off" && (!/^\/.*[^/]$/s.test(path) || path.length > LONGEST_PATH)) {
    return wrong(`Invalid control socket: ${path}`);
  }
  const socket = { path: path === "off" ? null : path, mode: 0o666, group: "ser2net", admin: "ser2net-admin" };
  for (const word of words.match(/[^ \t\r]+/g) ?? []) {
    const [, key, value = ""] = /^(mode|group|admin)=(.+)$/s.exec(word) ?? [];
    if (key === "group" || key === "admin") socket[key] = value;
    else if (key === "mode" && /^0?[0-7]{3}$/.test(value)) socket.mode = Number.parseInt(value, 8);
    else return wrong(`Invalid control socket option: ${word}`);
  }
  return { value: socket, diagnostics: [] };
}
