/** The listening sockets of a port (or standard input), and the admission of new links: attached, refused, or pending. */
import type { PortConfig } from "../config/configuration.js";
import type { NetworkPort } from "../config/network-port.js";
import type { ConnectionState } from "../handover/state.js";
import { unmappedText } from "../line/address.js";
import { reasonOf } from "../native/errors.js";
import type { Link, Listener } from "../net/link.js";
import { logConnection } from "./connection-log.js";
import type { PortEnvironment } from "./environment.js";
import { isUndecided, undecidedConnection } from "./handover.js";
import type { PortLifecycle } from "./lifecycle.js";
import { acceptPermitted, decideAdmission, REFUSAL, refuse } from "./peers/admission.js";
import { FixedPeers } from "./peers/fixed-peers.js";
import type { UdpRefusals } from "./peers/udp-refusals.js";
import { inUseText } from "./peers/writers.js";

interface IncomingPeersOptions {
  readonly name: string;
  readonly environment: PortEnvironment;
  readonly lifecycle: PortLifecycle;
  /** The definition in force. */
  readonly config: () => PortConfig;
  /** Another port holds the device. */
  readonly deviceBusy: () => boolean;
  readonly changed: () => void;
}

export class IncomingPeers {
  readonly #options: IncomingPeersOptions;
  #listener: Listener | null = null;
  #error: string | null = null;
  /**
   * Links that wait until the port has closed: the one that caused kickolduser, and those whose access check finished
   * meanwhile.
   */
  readonly #pending: Link[] = [];
  /** Links whose access is being looked up. */
  #asked: readonly Link[] = [];
  /** Null: none so far. */
  #udpRefusals: UdpRefusals | null = null;
  /** Of a UDP port. */
  readonly #fixed: FixedPeers | null;

  constructor(options: IncomingPeersOptions) {
    this.#options = options;
    this.#fixed = options.config().networkPort.transport === "udp" ? this.#createFixed() : null;
  }

  #createFixed(): FixedPeers {
    const { environment, lifecycle, deviceBusy } = this.#options;
    return new FixedPeers({
      clock: environment.time,
      missing: () => (this.#isServing ? lifecycle.slots.missingFixedPeers() : []),
      addressesOf: remote => environment.numericAddresses(remote),
      connect: peer => this.#listener?.connect(peer) ?? null,
      attach: (link, slot) => lifecycle.attach(link, slot, true),
      deviceState: () => (!lifecycle.device.isPresent ? "missing" : deviceBusy() ? "busy" : "free"),
    });
  }

  /** Why no socket is open; null: one is, or none is wanted. */
  get error(): string | null {
    return this.#listener?.error ?? this.#error;
  }

  get isBroken(): boolean {
    return this.#listener?.isBroken === true;
  }

  /** A closing port takes no peer. */
  get #isServing(): boolean {
    return this.#listener !== null && this.#options.lifecycle.phase !== "closing";
  }

  // ---- sockets

  /**
   * False: not one socket could be opened, see `error`.
   * @param retry true: a network port that another program has is tried again until it is free
   */
  open(retry: boolean): boolean {
    const { environment, lifecycle } = this.#options;
    const spec = this.#options.config().networkPort;
    let input: Link | null = null;
    try {
      if (spec.port === 0) input = environment.standardInput();
      else this.#listener = this.#listen(spec, retry);
      this.#error = null;
    } catch (error) {
      this.#error = reasonOf(error);
      return false;
    }
    lifecycle.enable(true);
    this.adopt();
    this.accept(lifecycle.phase !== "closing");
    if (input !== null) this.#admit(input);
    this.#fixed?.attach();
    return true;
  }

  /** Takes over the connections of the process before this one, once; also those of a port that is off by now. */
  adopt(): void {
    const { environment, lifecycle, config } = this.#options;
    const { handover } = environment;
    const before = handover?.take(config()) ?? null;
    if (handover === null || before === null) return;
    lifecycle.enable(true);
    const [undecided, connections] = [
      before.connections.filter(isUndecided),
      before.connections.filter(one => !isUndecided(one)),
    ];
    lifecycle.adopt({ ...before, connections }, connection =>
      connection.transport === "udp" ? (this.#listener?.connect(connection.peer) ?? null) : handover.link(connection),
    );
    for (const link of undecided.map(one => handover.link(one))) if (link !== null) this.#onAccepted(link);
    if (this.#listener === null) lifecycle.enable(false);
  }

  /** Peers that are not attached yet, for the process after this one. */
  undecided(): readonly ConnectionState[] {
    const { name, environment } = this.#options;
    return [...this.#asked, ...this.#pending].flatMap(link => {
      link.store?.("c");
      return link.storedName == null ? [] : undecidedConnection(name, link.storedName, link.peer, environment.time);
    });
  }

  close(): void {
    this.#listener?.close();
    this.#listener = null;
    this.#fixed?.stop();
  }

  /** While false, peers wait in the kernel's backlog. */
  accept(on: boolean): void {
    if (this.#listener !== null) this.#listener.accepting = on;
  }

  logError(reason = this.#error): void {
    const { name, environment } = this.#options;
    environment.log.error(`Unable to create network socket for port ${name}: ${reason}`);
  }

  /** So that the names in remaddr are known when the first peer connects. */
  askForNames(): void {
    const { config, environment } = this.#options;
    for (const remote of config().options.remaddr ?? []) environment.numericAddresses(remote);
  }

  #listen(spec: NetworkPort, retryInUse: boolean): Listener {
    const { name, environment, changed } = this.#options;
    return environment.listen(spec, {
      accepted: link => this.#onAccepted(link),
      waiting: reason => this.logError(reason),
      opened: () => {
        environment.log.notice(`Port ${name} is served now`);
        changed();
      },
      retryInUse,
      failed: reason => environment.log.error(`Could not accept on port ${name}: ${reason}`),
    });
  }

  // ---- peers

  /** The device is free or present again: attaches fixed UDP peers. */
  attachFixed(): void {
    this.#fixed?.attach();
  }

  /**
   * The port is free: admits pending links.
   * @param opened false: the device could not be opened, and would fail again at once
   */
  admitPending(opened: boolean): void {
    this.accept(true);
    for (const link of this.#pending.splice(0)) this.#admit(link);
    if (opened) this.#fixed?.attach();
    else this.#fixed?.attachLater();
  }

  closePending(): void {
    for (const link of this.#pending.splice(0)) link.close();
  }

  /** A UDP peer has spoken already, and TCP wrappers are about connections. */
  #onAccepted(link: Link): void {
    if (link.transport === "udp") {
      this.#admit(link);
      return;
    }
    const permitted = this.#options.environment.permitted(link);
    if (typeof permitted !== "boolean") {
      this.#asked = [...this.#asked, link];
      void permitted.then(() => {
        this.#asked = this.#asked.filter(one => one !== link);
      });
    }
    acceptPermitted(
      link,
      permitted,
      accepted => this.#secure(accepted),
      (denied, text) => this.#refuse(denied, text),
    );
  }

  /** With `tls=`, peers that `remaddr` does not admit get no handshake. */
  #secure(link: Link): void {
    const { environment, config } = this.#options;
    const { remaddr, tls } = config().options;
    if (tls !== null && !environment.admits(remaddr, link.peer)) this.#refuse(link, REFUSAL.denied);
    else environment.secure(tls, link, secured => this.#admit(secured));
  }

  /** A control session; as any connection, but for its address. Null, or the reason why not. */
  attach(link: Link, force: boolean): string | null {
    const { lifecycle, environment, config } = this.#options;
    const refusal = lifecycle.phase === "disabled" ? "Port is off" : this.#take(link, force);
    if (refusal === null) return null;
    logConnection(environment, config(), "refuse", { link }, refusal);
    return this.#tellUser(refusal);
  }

  #admit(link: Link): void {
    if (this.#options.lifecycle.phase === "disabled") {
      link.close(); // switched off while its permission was looked up
      return;
    }
    const refusal = this.#take(link, false);
    if (refusal === null) return;
    const { state, options } = this.#options.config();
    const isTold = options.tellUser && state === "telnet" && link.transport !== "udp";
    this.#refuse(link, isTold ? this.#tellUser(refusal) : refusal);
  }

  /** Says by whom and for how long, where the port is in use. */
  #tellUser(refusal: string): string {
    const { lifecycle, environment } = this.#options;
    if (refusal !== REFUSAL.portInUse) return refusal;
    return inUseText(refusal, lifecycle.slots.live, environment.time.nowMs());
  }

  /** Null, or why the link is refused. @param force it may kick a user as with kickolduser */
  #take(link: Link, force: boolean): string | null {
    const { environment, lifecycle } = this.#options;
    const { phase, slots } = lifecycle;
    if (phase === "closing") {
      this.#pending.push(link);
      return null;
    }
    const { remaddr, kickolduser } = this.#options.config().options;
    const admission = decideAdmission({
      admittedByAddress: link.attached !== undefined || environment.admits(remaddr, link.peer),
      draining: environment.isDraining(),
      slots: slots.taken,
      fixed: slots.fixed,
      kickolduser: kickolduser || force,
      deviceBusy: phase === "idle" && this.#options.deviceBusy(),
    });
    if (admission.verdict === "refuse") return admission.text;
    if (admission.verdict === "attach") {
      lifecycle.attach(link, admission.slot, false);
      return null;
    }
    // If it was the only user, the port closes now and opens anew for this one.
    lifecycle.kick(admission.slot, link);
    return this.#take(link, force);
  }

  get #refusals(): UdpRefusals {
    this.#udpRefusals ??= this.#options.environment.udpRefusals();
    return this.#udpRefusals;
  }

  #refuse(link: Link, text: string): void {
    const { environment, config } = this.#options;
    if (link.transport !== "udp") {
      refuse(link, text);
    } else if (!this.#refusals.refuse(link, text)) {
      const { name } = this.#options;
      environment.log.warning(
        `Port ${name}: refused datagrams from ${unmappedText(link.peer.address)} are not answered`,
      );
      return;
    }
    logConnection(environment, config(), "refuse", { link }, text);
  }
}
