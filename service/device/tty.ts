/** A serial line behind a tty (or pseudo-terminal) node. */
import { fstatSync } from "node:fs";
import { type Clock, systemClock } from "../line/clock.js";
import {
  type InitialControl,
  type LineCounters,
  type ModemControl,
  type ModemState,
  modemBits,
} from "../line/modem.js";
import { bitsPerCharacter, type LineSettings } from "../line/settings.js";
import { isPseudoTerminal } from "../native/device-number.js";
import { reasonOf } from "../native/errors.js";
import {
  flush,
  getCounters,
  getModem,
  getTermios,
  MODEM,
  type PlayingLines,
  playLines,
  setModem,
  setTermios,
} from "../native/serial.js";
import { hasDescriptorStore, storedName } from "../native/stored-descriptors.js";
import { Break } from "./break.js";
import { type Device, DeviceError, type DeviceHandover, type LineDevice } from "./device.js";
import { DeviceStream } from "./stream.js";
import { fromTermios, toTermios } from "./termios.js";
import type { Lock } from "./uucp-lock.js";

interface TtyOptions {
  readonly settings: LineSettings;
  /** How modem lines were set when it was opened. */
  readonly control: InitialControl;
  /** Released when the descriptor is closed. */
  readonly lock: Lock | null;
  /** How the process before this one left it: the line stays as it is. Null: it was opened anew. */
  readonly before?: Omit<DeviceHandover, "name" | "kind"> | null;
  readonly clock?: Clock;
}

export class Tty implements Device, LineDevice {
  readonly path: string;
  readonly line: LineDevice;
  readonly #stream: DeviceStream;
  readonly #pseudo: boolean;
  #settings: LineSettings;
  readonly #break: Break;
  /** Waits for a break to be over. */
  #writable: (() => void) | null = null;
  /** Stands in for the modem lines of a device that has none, so that an RFC 2217 client can read back what it set. */
  #virtualControl: ModemControl | null = null;

  /** Takes an open, non-blocking descriptor; sets the line up. Throws DeviceError "setup-failed". */
  constructor(fd: number, path: string, options: TtyOptions) {
    const { settings, control, lock, before = null, clock = systemClock } = options;
    this.path = path;
    this.line = this;
    try {
      if (before === null) setTermios(fd, toTermios(settings));
      this.#pseudo = isPseudoTerminal(fstatSync(fd).rdev);
      this.#settings = this.#inForce(before?.line ?? settings, fd);
    } catch (error) {
      throw new DeviceError("setup-failed", path, reasonOf(error), { cause: error });
    }
    this.#stream = new DeviceStream(fd, path, lock, clock);
    this.#break = new Break(fd, () => this.#released(), clock, before?.break);
    if (this.#readModem() !== null) return;
    this.#virtualControl = before?.virtualControl ?? { dtr: control.dtr ?? true, rts: control.rts ?? true };
  }

  state(): DeviceHandover | null {
    const name = storedName(this.#stream.fd);
    if (name === null) return null;
    const [line, virtualControl] = [this.#settings, this.#virtualControl];
    return { name, kind: "tty", line, virtualControl, break: this.#break.state() };
  }

  read(into: Uint8Array): number {
    return this.#stream.read(into);
  }

  write(bytes: Uint8Array): number {
    return this.#break.holdsOutput ? 0 : this.#stream.write(bytes);
  }

  whenReadable(callback: () => void, atTick = false): void {
    this.#stream.whenReadable(callback, atTick);
  }

  ignoreReadable(): void {
    this.#stream.ignoreReadable();
  }

  whenWritable(callback: () => void): void {
    if (this.#break.holdsOutput) this.#writable = callback;
    else this.#stream.whenWritable(callback);
  }

  close(limitMs: number, atLineSpeed = false): Promise<void> {
    this.#break.stop();
    const byteMs = atLineSpeed ? (bitsPerCharacter(this.#settings) * 1000) / this.#settings.speed : 0;
    return this.#stream.close(limitMs, byteMs, () => {
      // Flow control off first: a stopped line would hold the close (docs/reference.md, "Closing the device").
      setTermios(this.#stream.fd, toTermios({ ...this.#settings, xonxoffOut: false, xonxoffIn: false, rtscts: false }));
      // HUPCL counts at the last close, and the service manager closes its copy a moment later.
      if (hasDescriptorStore() && this.#settings.hangupWhenDone) setModem(this.#stream.fd, 0, MODEM.DTR | MODEM.RTS);
    });
  }

  get settings(): LineSettings {
    return this.#settings;
  }

  set(settings: LineSettings): LineSettings {
    return this.#act(() => {
      setTermios(this.#stream.fd, toTermios(settings));
      this.#settings = this.#inForce(settings, this.#stream.fd);
      return this.#settings;
    });
  }

  get breakOn(): boolean {
    return this.#break.on;
  }

  setBreak(on: boolean): void {
    this.#break.set(on);
  }

  sendBreak(): void {
    this.#break.send();
  }

  #released(): void {
    const callback = this.#writable;
    this.#writable = null;
    if (callback !== null) this.#stream.whenWritable(callback);
  }

  drive(control: Partial<ModemControl>): void {
    if (this.#virtualControl !== null) {
      this.#virtualControl = { ...this.#virtualControl, ...control };
      return;
    }
    this.#act(() => setModem(this.#stream.fd, modemBits(control, true), modemBits(control, false)));
  }

  play(steps: Uint32Array): PlayingLines | null {
    return playLines(this.#stream.fd, steps);
  }

  get control(): ModemControl {
    const bits = this.#readModem();
    if (bits === null) return this.#virtualControl ?? { dtr: false, rts: false };
    return { dtr: (bits & MODEM.DTR) !== 0, rts: (bits & MODEM.RTS) !== 0 };
  }

  modemState(): ModemState | null {
    const bits = this.#readModem();
    if (bits === null) return null;
    return {
      cts: (bits & MODEM.CTS) !== 0,
      dsr: (bits & MODEM.DSR) !== 0,
      dcd: (bits & MODEM.DCD) !== 0,
      ri: (bits & MODEM.RI) !== 0,
    };
  }

  counters(): LineCounters | null {
    return this.#attempt(() => getCounters(this.#stream.fd)) ?? null;
  }

  purge(which: "input" | "output" | "both"): void {
    this.#act(() => flush(this.#stream.fd, which));
  }

  /** A pseudo-terminal has no wire: it shows 8N1 whatever it is set to, so what was asked for counts. */
  #inForce(asked: LineSettings, fd: number): LineSettings {
    return this.#pseudo ? asked : fromTermios(getTermios(fd));
  }

  #readModem(): number | null {
    return this.#attempt(() => getModem(this.#stream.fd)) ?? null;
  }

  /** For what a device may lack (modem lines, break, counters). */
  #attempt<T>(call: () => T): T | undefined {
    try {
      return call();
    } catch {
      return undefined;
    }
  }

  #act<T>(call: () => T): T {
    try {
      return call();
    } catch (error) {
      throw new DeviceError("lost", this.path, reasonOf(error), { cause: error });
    }
  }
}
