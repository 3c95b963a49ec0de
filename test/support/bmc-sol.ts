/** The SOL payload of the fake BMC: a console that answers, and faults on request. */

export interface SolFaults {
  /** Refuses data while it is on. */
  nack: boolean;
  unavailable: boolean;
  /** Takes so many bytes of the next data packet; -1: all. */
  partial: number;
  /** Does not react to the next packets. */
  deaf: number;
  /** Says nothing when `nack` or `unavailable` ends. */
  loseRelease: boolean;
  /** Acknowledges packets without data. */
  acknowledgesEmpty: boolean;
  resendMs: number;
}

/** A packet as it came. */
export interface SolSeen {
  readonly sequence: number;
  readonly acknowledged: number;
  readonly count: number;
  readonly operation: number;
  readonly data: Buffer;
}

const MAX_SENDS = 50;

export class FakeSol {
  readonly aux: number;
  readonly faults: SolFaults;
  /** All packets, in order. */
  readonly seen: SolSeen[] = [];
  /** All bytes the console got. */
  readonly received: Buffer[] = [];
  /** How many times a packet came again. */
  repeated = 0;
  receivedBytes = 0;
  readonly #send: (payload: Buffer) => void;
  readonly #packetBytes: number;
  readonly #answer: (data: Buffer) => Buffer | null;
  readonly #keeps: boolean;
  #out: Buffer[] = [];
  #outBytes = 0;
  #sequence = 0;
  #sent: Buffer | null = null;
  #sends = 0;
  #lastSequence = 0;
  #lastCount = 0;
  #isRefused = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    aux: number,
    faults: SolFaults,
    packetBytes: number,
    answer: (data: Buffer) => Buffer | null,
    send: (payload: Buffer) => void,
    keeps = true,
  ) {
    this.aux = aux;
    this.faults = faults;
    this.#packetBytes = packetBytes;
    this.#answer = answer;
    this.#send = send;
    this.#keeps = keeps;
  }

  get unsent(): number {
    return this.#outBytes;
  }

  /** The client has refused the last packet and has not said that it has room. */
  get isRefused(): boolean {
    return this.#isRefused;
  }

  /** The serial line sends to the client. */
  print(bytes: Buffer): void {
    this.#out.push(bytes);
    this.#outBytes += bytes.length;
    this.#pump();
  }

  tell(status: number): void {
    this.#transmit(0, 0, 0, status);
  }

  set(fault: "nack" | "unavailable", on: boolean): void {
    this.faults[fault] = on;
    if (!on && this.faults.loseRelease) return;
    this.tell(0);
  }

  receive(payload: Buffer): void {
    const [sequence = 0, acknowledged = 0, count = 0, operation = 0] = payload;
    const data = Buffer.from(payload.subarray(4));
    if (this.#keeps) this.seen.push({ sequence, acknowledged, count, operation, data });
    if (this.faults.deaf > 0) {
      this.faults.deaf--;
      return;
    }
    this.#acknowledge(acknowledged, count, operation);
    if (sequence !== 0) this.#take(sequence, data);
    this.#pump();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#sent = null;
    this.#out = [];
    this.#outBytes = 0;
  }

  #acknowledge(acknowledged: number, count: number, operation: number): void {
    const isNack = (operation & 0x40) !== 0;
    if (acknowledged !== 0 && this.#sent !== null && acknowledged === this.#sequence) {
      clearTimeout(this.#timer);
      this.#drop(isNack ? count : count || this.#sent.length);
      this.#sent = null;
      this.#isRefused = isNack;
    } else if (acknowledged === 0 && !isNack) this.#isRefused = false;
  }

  #take(sequence: number, data: Buffer): void {
    const { faults } = this;
    if (sequence === this.#lastSequence) this.repeated++;
    else if (faults.nack || faults.unavailable) {
      this.#transmit(0, sequence, 0, 0x40);
      return;
    } else {
      const count = faults.partial >= 0 ? Math.min(faults.partial, data.length) : data.length;
      if (data.length > 0) faults.partial = -1;
      this.#lastSequence = sequence;
      this.#lastCount = count;
      this.#got(data.subarray(0, count));
    }
    if (data.length > 0 || faults.acknowledgesEmpty) this.#transmit(0, sequence, this.#lastCount, 0);
  }

  #got(data: Buffer): void {
    if (data.length === 0) return;
    this.receivedBytes += data.length;
    if (this.#keeps) this.received.push(data);
    const answer = this.#answer(data);
    if (answer === null) return;
    this.#out.push(answer);
    this.#outBytes += answer.length;
  }

  #pump(): void {
    if (this.#sent !== null || this.#outBytes === 0 || this.#isRefused) return;
    this.#sequence = (this.#sequence % 15) + 1;
    this.#sent = this.#first(this.#packetBytes);
    this.#sends = 0;
    this.#resend();
  }

  #resend(): void {
    if (this.#sent === null || this.#sends++ >= MAX_SENDS) return;
    this.#transmit(this.#sequence, 0, 0, 0, this.#sent);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#resend(), this.faults.resendMs);
  }

  #first(count: number): Buffer {
    const parts: Buffer[] = [];
    let left = count;
    for (const chunk of this.#out) {
      if (left <= 0) break;
      parts.push(chunk.subarray(0, left));
      left -= chunk.length;
    }
    return Buffer.concat(parts);
  }

  #drop(count: number): void {
    let left = count;
    while (left > 0) {
      const chunk = this.#out[0];
      if (chunk === undefined) break;
      if (chunk.length > left) this.#out[0] = chunk.subarray(left);
      else this.#out.shift();
      const dropped = Math.min(left, chunk.length);
      left -= dropped;
      this.#outBytes -= dropped;
    }
  }

  #transmit(
    sequence: number,
    acknowledged: number,
    count: number,
    status: number,
    data: Buffer = Buffer.alloc(0),
  ): void {
    const held = (this.faults.nack ? 0x40 : 0) | (this.faults.unavailable ? 0x60 : 0);
    this.#send(Buffer.concat([Buffer.from([sequence, acknowledged, count, status | held]), data]));
  }
}
