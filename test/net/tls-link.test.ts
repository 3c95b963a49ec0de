import { once } from "node:events";
import { Socket } from "node:net";
import { type ConnectionOptions, connect, type TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import { Tls } from "../../service/app/tls.js";
import { createLog } from "../../service/log/levels.js";
import type { Link } from "../../service/net/link.js";
import { listenTcp } from "../../service/net/tcp.js";
import { readText } from "../config/read.js";
import { Authority } from "../support/certificates.js";
import { type LinkUnderTest, linkContract } from "../support/contracts/link.js";
import { portNumbers } from "../support/ports.js";
import { until } from "../support/wait.js";

const authority = new Authority(t);
const server = authority.issue("localhost", { names: "DNS:localhost" });

interface Connected {
  readonly link: Link;
  readonly peer: TLSSocket;
  /** Below it. */
  readonly socket: Socket;
}

async function connected(t: Test, options: ConnectionOptions = {}): Promise<Connected> {
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
  const peer = connect({ socket, rejectUnauthorized: false, ...options });
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

/** An application record that cannot be decrypted: OpenSSL answers with an alert. */
const BAD_RECORD = Buffer.from("\x17\x03\x03\x00\x20this is not encrypted, not at all", "latin1");

/** The peer has seen the end, in order or not. */
function closed(peer: TLSSocket): Promise<void> {
  const done = new Promise<void>(resolve => {
    for (const event of ["end", "error", "close"]) peer.once(event, () => resolve());
  });
  peer.resume();
  return done;
}

t.test("a bad record that comes while a full link closes does not end the process", async t => {
  const { link, peer, socket } = await connected(t);
  peer.pause();
  let isFull = false;
  const fill = (): void => {
    while (link.write(new Uint8Array(16_384)) > 0);
    isFull = true;
    link.whenWritable(() => {
      isFull = false;
      fill();
    });
  };
  fill();
  let stalls = 0;
  await until("no room comes any more", () => (isFull && link.write(new Uint8Array(1)) === 0 ? ++stalls > 5 : false));
  link.close();
  await new Promise(resolve => socket.write(BAD_RECORD, resolve));
  await closed(peer);
  t.pass("it has closed");
});

t.test("a record that closes the link may have a bad one behind it", async t => {
  const { link, peer, socket } = await connected(t);
  link.whenReadable(() => link.close());
  socket.cork();
  peer.write("exit", () => {});
  setImmediate(() => {
    socket.write(BAD_RECORD);
    socket.uncork();
  });
  await closed(peer);
  t.pass("it has closed");
});

t.test("a peer of TLS 1.2 that begins a new handshake is refused", async t => {
  for (const isAtOnce of [true, false]) {
    const { link, peer } = await connected(t, { maxVersion: "TLSv1.2" });
    const failed = new Promise<void>(resolve => {
      link.whenReadable(() => {
        t.throws(() => link.read(new Uint8Array(10)), { message: /renegotiation/ });
        if (isAtOnce) link.close();
        resolve();
      });
    });
    peer.renegotiate({}, () => {});
    await failed;
    link.close();
    await closed(peer);
  }
});
