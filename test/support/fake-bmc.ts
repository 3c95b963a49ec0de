/** A BMC for tests: RMCP+ with all suites, one SOL payload, faults on request. A UDP socket of this process. */
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { once } from "node:events";
import { BmcLogin, type LoginOptions, type Session, USERS } from "./bmc-login.js";
import { answerTo, type Keys, le16, le32, openSessionPacket, packet15, sessionPacket } from "./bmc-packets.js";
import { FakeSol, type SolFaults } from "./bmc-sol.js";

export interface BmcOptions extends LoginOptions {
  readonly mode: "upper" | "echo" | "sink";
  /** The payload sizes that the activation tells. */
  readonly size: number;
  readonly swapped: boolean;
  /** The port that the activation tells; 0: the BMC's own. */
  readonly solPort: number;
  /** Completion codes. */
  readonly setRate: number;
  readonly activation: number;
  readonly requiresEncryption: boolean;
  /** Completion codes of commands that are refused: `64b`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Get Payload Instance Info is not a command of this BMC. */
  readonly tellsOwner: boolean;
  readonly supports20: boolean;
  /** False: the packets of SOL are not kept, for tests with many. */
  readonly keeps: boolean;
}

export const USUAL_BMC: BmcOptions = {
  users: USERS,
  ...{ suites: [0, 1, 2, 3, 6, 7, 8, 15, 16, 17], bmcKey: "", sessions: 4, mode: "upper", size: 64, swapped: false },
  ...{ solPort: 0, short: false, setRate: 0, activation: 0, requiresEncryption: false, privilegeZero: false },
  ...{ refused: {}, tellsOwner: true, supports20: true, keeps: true },
};

type Reply = readonly [completionCode: number, data?: readonly number[]];

const WINDOW = 32;
/** Of a sequence number, from the highest one that came (IPMI 2.0, section 6.12.13). */
const AHEAD = 16;

export class FakeBmc {
  #options: BmcOptions;
  readonly faults: SolFaults = {
    ...{
      nack: false,
      unavailable: false,
      partial: -1,
      deaf: 0,
      loseRelease: false,
      acknowledgesEmpty: true,
      resendMs: 200,
    },
  };
  /** The commands that came, as network function and command in hexadecimal: `648`. */
  readonly commands: string[] = [];
  /** Other events: `open 3`, `refused 13 0d`, `ended closed`. */
  readonly events: string[] = [];
  sol: FakeSol | null = null;
  bitRate = 0;
  /** This command is carried out, and not answered. */
  unanswered: string | null = null;
  #owner: Session | null = null;
  #isSilent = false;
  /** The highest sequence number of each session and counter. */
  readonly #highest = new Map<string, number>();
  readonly #login: BmcLogin;
  readonly #socket: Socket;

  private constructor(socket: Socket, options: Partial<BmcOptions>) {
    this.#socket = socket;
    this.#options = { ...USUAL_BMC, ...options };
    this.#login = new BmcLogin(
      this.#options,
      (datagram, peer) => socket.send(datagram, peer.port, peer.address),
      event => this.events.push(event),
    );
    socket.on("message", (datagram, peer) => {
      if (!this.#isSilent) this.#receive(datagram, peer);
    });
  }

  static async start(options: Partial<BmcOptions> = {}, port = 0, address = "127.0.0.1"): Promise<FakeBmc> {
    const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
    socket.bind(port, address);
    await once(socket, "listening");
    return new FakeBmc(socket, options);
  }

  /** From now on. */
  set(options: Partial<BmcOptions>): void {
    this.#options = { ...this.#options, ...options };
    this.#login.options = this.#options;
  }

  get sessions(): ReadonlyMap<number, Session> {
    return this.#login.sessions;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  async stop(): Promise<void> {
    this.sol?.stop();
    this.#socket.close();
    await once(this.#socket, "close");
  }

  /** No power: nothing is answered. */
  silence(on: boolean): void {
    this.#isSilent = on;
  }

  /** Forgets all sessions. */
  forget(): void {
    this.#login.sessions.clear();
    this.takeAway();
  }

  /** Ends SOL without a word, and gives it to another session if asked to. */
  takeAway({ toAnother = false } = {}): void {
    this.sol?.stop();
    this.sol = null;
    const [one] = this.sessions.values();
    this.#owner = toAnother && one !== undefined ? { ...one, id: 0x7777 } : null;
  }

  /** Ends SOL and says so. */
  deactivate(): void {
    this.sol?.tell(0x10);
    this.takeAway();
  }

  /** A datagram of any bytes to the console that has SOL. */
  inject(bytes: Uint8Array): void {
    const peer = this.#owner?.peer;
    if (peer !== undefined) this.#socket.send(bytes, peer.port, peer.address);
  }

  #receive(datagram: Buffer, peer: RemoteInfo): void {
    if (datagram.length < 14 || datagram[0] !== 6 || datagram[3] !== 7) return;
    if (datagram[4] === 0) {
      const message = datagram.subarray(14);
      if (message[5] !== 0x38) return;
      const status = 0x06 | (this.#options.bmcKey === "" ? 0 : 0x20);
      const answer = answerTo(message, 0, [1, 0x97, status, this.#options.supports20 ? 3 : 1, 0, 0, 0, 0]);
      this.#socket.send(packet15(answer), peer.port, peer.address);
      return;
    }
    const id = datagram.readUInt32LE(6);
    if (id === 0) {
      this.#login.receive((datagram[5] ?? 0) & 63, datagram.subarray(16, 16 + datagram.readUInt16LE(14)), peer);
      return;
    }
    const session = this.sessions.get(id);
    if (session?.isUp !== true) return;
    const payload = openSessionPacket(datagram, session);
    if (typeof payload === "string") {
      this.events.push(payload);
      return;
    }
    const sequence = datagram.readUInt32LE(10) + ((datagram[5] ?? 0) & 0x40 ? 0 : 2 ** 32); // counted apart
    if (session.window.includes(sequence)) return;
    const counter = `${id}/${sequence < 2 ** 32}`;
    const highest = this.#highest.get(counter) ?? sequence;
    if (sequence > highest + AHEAD) return;
    this.#highest.set(counter, Math.max(highest, sequence));
    session.window.push(sequence);
    if (session.window.length > WINDOW) session.window.shift();
    session.peer = peer;
    if (((datagram[5] ?? 0) & 63) === 0) {
      this.#command(session, payload);
      return;
    }
    // A retransmission that was overtaken: its number alone makes it look new.
    if (sequence < session.lastSol) return;
    session.lastSol = sequence;
    if (this.#owner === session) this.sol?.receive(payload);
  }

  // ---- the session

  #command(session: Session, message: Buffer): void {
    const name = `${((message[1] ?? 0) >> 2).toString(16)}${(message[5] ?? 0).toString(16).padStart(2, "0")}`;
    this.commands.push(name);
    const [code, bytes = []] = this.#reply(session, name, message.subarray(6, -1));
    if (name !== this.unanswered) this.#send(session, 0, answerTo(message, code, bytes));
    if (name === "63c") this.#end(session, "closed");
  }

  #reply(session: Session, name: string, data: Buffer): Reply {
    const refused = this.#options.refused[name];
    if (refused !== undefined) return [refused];
    const level = (data[0] ?? 0) & 15;
    switch (name) {
      case "63b":
        if (level > session.limit) return [0x81];
        session.privilege = level;
        return [0, [level]];
      case "63c":
        return [0];
      case "64a":
        return [0, [1, this.#owner === null ? 0 : 1, 0]];
      case "64b":
        if (!this.#options.tellsOwner) return [0xc1];
        return [0, [...le32(this.#owner?.id ?? 0), 1, 0, 0, 0, 0, 0, 0, 0]];
      case "c21":
        if (this.#options.setRate !== 0) return [this.#options.setRate];
        if (session.privilege < 4) return [0xd4];
        this.bitRate = data[2] ?? 0;
        return [0];
      case "648":
        return this.#activate(session, data[2] ?? 0);
      case "649":
        if (this.#owner === null) return [0x80];
        if (this.#owner !== session) this.sol?.tell(0x10);
        this.takeAway();
        return [0];
      default:
        return [0xc1];
    }
  }

  #activate(session: Session, aux: number): Reply {
    const { activation, requiresEncryption, size, swapped, solPort, mode, keeps } = this.#options;
    if (activation !== 0) return [activation];
    if (this.#owner !== null) return [0x80];
    if (requiresEncryption && (aux & 0x80) === 0) return [0x84];
    this.#owner = session;
    const reply = (bytes: Buffer): Buffer | null =>
      mode === "sink" ? null : mode === "echo" ? bytes : Buffer.from(bytes.toString("latin1").toUpperCase(), "latin1");
    this.sol = new FakeSol(aux, this.faults, size - 4, reply, payload => this.#sendSol(session, payload), keeps);
    const told = swapped ? le16(size).reverse() : le16(size);
    return [0, [0, 0, 0, 0, ...told, ...told, ...le16(solPort === 0 ? this.port : solPort), 255, 255]];
  }

  #sendSol(session: Session, payload: Buffer): void {
    if (!this.#isSilent && this.#owner === session) this.#send(session, 1, payload);
  }

  #send(session: Session, type: number, payload: Buffer): void {
    const datagram = sessionPacket(type, payload, session.consoleId, ++session.sent, this.#keysFor(session, type));
    this.#socket.send(datagram, session.peer.port, session.peer.address);
  }

  /** SOL is protected as the activation says. */
  #keysFor(session: Session, type: number): Keys {
    if (type !== 1 || this.sol === null) return session;
    const { aux } = this.sol;
    return {
      ...session,
      integrity: aux & 0x40 ? session.integrity : 0,
      confidentiality: aux & 0x80 ? session.confidentiality : 0,
    };
  }

  #end(session: Session, why: string): void {
    this.events.push(`ended ${why}`);
    this.#login.sessions.delete(session.id);
    if (this.#owner === session) this.takeAway();
  }
}
