/** Who listens on a network port, by /proc/net. */
import { type Finding, fault, note, ok } from "./finding.js";
import { describeProcess, type OpenFiles, readText } from "./processes.js";

const TCP_LISTEN = "0A";

/** @param name a network port as the daemon writes it: `localhost,2001`, `udp,2001` */
export function checkNetwork(name: string, daemons: readonly number[], files: OpenFiles): readonly Finding[] {
  const transport = /^(?:ipv[46],)?udp,/.test(name) ? "udp" : "tcp";
  const digits = /(?:^|,)(\d+)$/.exec(name)?.[1];
  if (digits === undefined) return [note("network", `${name}: a service by name is not looked at`)];
  const port = Number(digits);
  if (port === 0) return [ok("network", "standard input")];
  const inodes = listeners(transport, port);
  if (inodes.length === 0) {
    return [
      fault(
        "network",
        `nothing listens on ${transport} port ${port}`,
        "ser2net ports shows why; systemctl status ser2net@NAME",
      ),
    ];
  }
  const holders = [...new Set(inodes.flatMap(inode => files.holders(`socket:[${inode}]`)))];
  const others = holders.filter(pid => !daemons.includes(pid) && pid !== 1); // systemd holds sockets for the daemon
  const isOurs = holders.some(pid => daemons.includes(pid));
  if (isOurs) return [ok("network", `the daemon listens on ${transport} port ${port}`)];
  const [other] = others;
  if (other === undefined)
    return [note("network", `${transport} port ${port} is in use, by whom is not known`, "run the doctor as root")];
  const cure = `end that program (kill ${other}), or give the port another number`;
  return [fault("network", `${transport} port ${port} belongs to ${describeProcess(other)}`, cure)];
}

/** Inode numbers of the sockets that are bound to it. */
function listeners(transport: "tcp" | "udp", port: number): readonly string[] {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  return [transport, `${transport}6`].flatMap(table =>
    (readText(`/proc/net/${table}`) ?? "").split("\n").flatMap(line => {
      const [, local = "", remote = "", state, , , , , , inode] = line.trim().split(/\s+/);
      const isListening = transport === "tcp" ? state === TCP_LISTEN : remote.endsWith(":0000");
      return local.endsWith(`:${hex}`) && isListening && inode !== undefined ? [inode] : [];
    }),
  );
}
