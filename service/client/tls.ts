/** Connections to a control port with TLS (docs/tls.md). The certificate of the board is always verified. */
import { isIP, type Socket } from "node:net";
import { DaemonError } from "../drain/running-daemon.js";
import { reasonOf } from "../native/errors.js";
import { loadModule } from "../native/load-module.js";
import type { TlsFiles } from "./arguments.js";
import { readGiven } from "./given-file.js";

interface TlsAddress {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

/** Throws DaemonError where a file cannot be used. What fails later is an error of the socket. */
export function connectTls({ name, host, port }: TlsAddress, files: TlsFiles): Socket {
  const { connect, createSecureContext } = loadModule("node:tls");
  const read = (file: string | null): Buffer | undefined => (file === null ? undefined : readGiven(file));
  const own = { cert: read(files.cert), key: read(files.key) };
  const ca = read(files.ca);
  try {
    const secureContext = createSecureContext({ ...own, ...(ca === undefined ? {} : { ca }) });
    return connect({ host, port, secureContext, ...(isIP(host) === 0 ? { servername: host } : {}) });
  } catch (error) {
    throw new DaemonError("failed", `${name}: ${reasonOf(error)}`);
  }
}
