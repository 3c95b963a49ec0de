/** A SOL session on a UDP socket of its own, for tests of the protocol without the daemon. */
import { randomBytes } from "node:crypto";
import { createSocket, type Socket } from "node:dgram";
import type { RandomSource } from "../../service/ipmi/login.js";
import { SessionError } from "../../service/ipmi/session-error.js";
import { type LoginSettings, padSecret, type SolSettings } from "../../service/ipmi/settings.js";
import { SolSession } from "../../service/ipmi/sol-session.js";
import { carriedSol } from "../support/carried.js";
import { cipherSuite } from "../support/cipher-suite.js";
import { until } from "../support/wait.js";

export const USUAL_SOL: SolSettings = {
  ...{ speed: 115200, authenticated: true, encrypted: true, sharedSerialAlert: "fail", deassertOnConnect: false },
  ...{ ackTimeoutUs: 1_000_000, ackRetries: 10 },
};

export interface ConsoleOptions {
  readonly user?: string;
  readonly password?: string;
  readonly bmcKey?: string;
  readonly suites?: readonly number[];
  readonly privilege?: LoginSettings["privilege"];
  readonly login?: Partial<LoginSettings>;
  readonly sol?: Partial<SolSettings>;
  readonly random?: RandomSource;
}

export function loginSettings({ user, suites = [3], privilege, login }: ConsoleOptions): LoginSettings {
  return {
    userName: Buffer.from(user ?? "ipmiusr"),
    privilege: privilege ?? "admin",
    lookupByPrivilege: false,
    proposals: suites.map(cipherSuite),
    rakp3PrivilegeOnly: false,
    integrityBySik: false,
    ...login,
  };
}

export class TestConsole {
  session: SolSession;
  readonly warnings: string[] = [];
  readonly happened: string[] = [];
  received = Buffer.alloc(0);
  isConnected = false;
  /** Null: ended as asked. Undefined: it goes on. */
  error: SessionError | null | undefined = undefined;
  /** False: what came stays in the session. */
  isReading = true;
  readonly #socket: Socket;
  readonly #make: () => SolSession;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  #unwritten: Buffer = Buffer.alloc(0);

  constructor(port: number, options: ConsoleOptions = {}) {
    const { password = "test", bmcKey, sol, random = randomBytes } = options;
    this.#socket = createSocket("udp4");
    this.#make = () =>
      new SolSession(
        {
          login: loginSettings(options),
          secrets: {
            password: padSecret(Buffer.from(password)),
            bmcKey: bmcKey === undefined ? null : padSecret(Buffer.from(bmcKey)),
          },
          sol: { ...USUAL_SOL, ...sol },
          udpPort: port,
          random,
        },
        {
          send: datagram => this.#socket.send(datagram, port, "127.0.0.1"),
          connected: () => {
            this.isConnected = true;
          },
          readable: () => this.read(),
          writable: () => this.#write(),
          happened: what => this.happened.push(what),
          warn: text => this.warnings.push(text),
          ended: error => {
            this.error = error;
          },
        },
      );
    this.session = this.#make();
    this.#socket.on("message", datagram => this.act(now => this.session.receive(datagram, now)));
    this.act(now => this.session.start(now));
  }

  /** Any call of the session, which may change its deadline. */
  act(call: (nowMs: number) => void): void {
    call(performance.now());
    clearTimeout(this.#timer);
    const left = this.session.deadlineMs - performance.now();
    if (Number.isFinite(left)) {
      this.#timer = setTimeout(() => this.act(now => this.session.expire(now)), Math.max(0, Math.ceil(left)));
    }
  }

  /** Another process goes on with the session, on the same socket. */
  restart(): void {
    const before = this.session.state(performance.now());
    if (before === null) throw new Error("there is no session");
    this.session = this.#make();
    this.act(now => {
      if (!this.session.resume(carriedSol(before), now)) throw new Error("the session is not resumed");
    });
    this.act(() => {
      this.read();
      this.#write(); // what the session before did not take; nothing else tells that this one takes it
    });
  }

  write(bytes: string | Buffer): void {
    this.#unwritten = Buffer.concat([this.#unwritten, Buffer.from(bytes)]);
    this.act(() => this.#write());
  }

  read(): void {
    const into = Buffer.alloc(4096);
    while (this.isReading) {
      const count = this.session.link?.read(into, performance.now()) ?? 0;
      if (count === 0) return;
      this.received = Buffer.concat([this.received, into.subarray(0, count)]);
    }
  }

  async connected(): Promise<this> {
    await until("the session is connected", () => this.isConnected || this.error !== undefined);
    if (this.error !== undefined) throw this.error ?? new Error("closed");
    return this;
  }

  /** Waits for so many bytes, and gives them. */
  async text(length: number): Promise<string> {
    await until(`${length} bytes from the BMC`, () => this.received.length >= length);
    return this.received.toString("latin1");
  }

  /** The error that ended the session. */
  async failure(): Promise<SessionError> {
    await until("the end of the session", () => this.error !== undefined);
    if (!(this.error instanceof SessionError)) throw new Error("the session ended as asked");
    return this.error;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.act(now => this.session.close(now));
    await until("the session is closed", () => this.error !== undefined);
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #write(): void {
    const count = this.session.link?.write(this.#unwritten, performance.now()) ?? 0;
    this.#unwritten = this.#unwritten.subarray(count);
  }
}
