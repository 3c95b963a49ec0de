import { once } from "node:events";
import { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import { Tls } from "../../service/app/tls.js";
import { createLog } from "../../service/log/levels.js";
import type { Link } from "../../service/net/link.js";
import { listenTcp } from "../../service/net/tcp.js";
import { readText } from "../config/read.js";
import { Authority } from "../support/certificates.js";
import { type LinkUnderTest, linkContract } from "../support/contracts/link.js";
import { portNumbers } from "../support/ports.js";

const authority = new Authority(t);
const server = authority.issue("localhost", { names: "DNS:localhost" });

interface Connected {
  readonly link: Link;
  readonly peer: TLSSocket;
  /** Below it. */
  readonly socket: Socket;
}

async function connected(t: Test): Promise<Connected> {
  const port = await (await portNumbers(t))();
  const logged: string[] = [];
  const tls = new Tls(createLog((level, text) => logged.push(`${level} ${text}`)));
  tls.configure(readText(`TLS:a:cert=${server.cert} key=${server.key}\n`));
  const arrived = new Promise<Link>(resolve => {
    const accepted = (link: Link): void => tls.secure("a", link, resolve);
    const spec = { family: "any", transport: "tcp", host: "127.0.0.1", port } as const;
    const listener = listenTcp(spec, [{ address: "127.0.0.1", v6only: false }], { accepted, failed: () => {} });
    t.teardown(() => listener.close());
  });
  const socket = new Socket({ allowHalfOpen: true }).connect(port, "127.0.0.1");
  const peer = connect({ socket, rejectUnauthorized: false });
  peer.on("error", () => {});
  t.teardown(() => peer.destroy());
  await once(peer, "secureConnect");
  const link = await arrived;
  t.teardown(() => link.close());
  return { link, peer, socket };
}

linkContract(t, "TLS", async (t): Promise<LinkUnderTest> => {
  const { link, peer, socket } = await connected(t);
  let text = "";
  peer.on("data", chunk => {
    text += chunk.toString("latin1");
  });
  return {
    link,
    received: () => text,
    send: sent => void peer.write(Buffer.from(sent, "latin1")),
    finish: () => void peer.end(),
    reset: () => void socket.resetAndDestroy(),
    stall: on => void (on ? peer.pause() : peer.resume()),
  };
});
