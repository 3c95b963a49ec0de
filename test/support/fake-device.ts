/** A device whose far end is the test: nothing happens until `settle`, which plays the turns of the event loop. */
import { type Device, DeviceError, type LineDevice } from "../../service/device/device.js";
import { type Clock, pause, systemClock } from "../../service/line/clock.js";
import type { LineCounters, ModemControl, ModemState } from "../../service/line/modem.js";
import { formatLine, type LineSettings } from "../../service/line/settings.js";

export interface FakeDevice extends Device {
  readonly line: FakeLine | null;
  /** All it was sent, one character a byte. */
  readonly written: string;
  readonly closed: boolean;
  /** The limit that `close` was called with; null: not closed. */
  readonly closeLimitMs: number | null;
  /** Bytes it takes before it is full. */
  room: number;
  /** The output never leaves: `close` takes its whole limit. */
  stuck: boolean;
  /** Bytes it has sent that have not been read. */
  readonly unread: number;
  /** Whether a callback waits to read it. */
  readonly awaited: boolean;
  send(bytes: string | Uint8Array): void;
  /** It is gone, after what it sent. */
  hangUp(): void;
  /** From now on these calls throw; the reason is `lost here`. */
  breakWith(call: "read" | "write" | "line"): void;
  /** The moment at which those are read that may wait for it. */
  tick(): void;
  /** Calls back until no callback waits for anything that has come. Returns the number of calls. */
  settle(): number;
}

export interface FakeLine extends LineDevice {
  settings: LineSettings;
  breakOn: boolean;
  control: ModemControl;
  /** The calls: `set 9600 N81`, `drive {"dtr":true}`, `break`, `break on`, `purge input`. */
  readonly calls: string[];
  /** The settings in force after these were asked for. */
  takes: (asked: LineSettings) => LineSettings;
  modem: ModemState | null;
  counts: LineCounters | null;
}

/** More turns than any test needs: reaching it is an endless loop. */
const MAX_ROUNDS = 100_000;

/** `settings` null: a printer. */
export function createFakeDevice(path: string, settings: LineSettings | null, clock: Clock = systemClock): FakeDevice {
  const broken = new Set<string>();
  let input = new Uint8Array(0);
  let gone = false;
  const written: string[] = [];
  let closed: Promise<void> | null = null;
  let closeLimitMs: number | null = null;
  let readable: (() => void) | null = null;
  let waitsForTick = false;
  let writable: (() => void) | null = null;

  const check = (call: string): void => {
    if (closed !== null) throw new Error(`${call} of a closed device`);
    if (broken.has(call) || (gone && call !== "read")) throw new DeviceError("lost", path, "lost here");
  };

  const device: FakeDevice = {
    path,
    line: settings === null ? null : createFakeLine(settings, () => check("line")),
    room: Number.POSITIVE_INFINITY,
    stuck: false,
    get written() {
      return written.join("");
    },
    get closed() {
      return closed !== null;
    },
    get closeLimitMs() {
      return closeLimitMs;
    },
    get unread() {
      return input.length;
    },
    get awaited() {
      return readable !== null;
    },
    read(into) {
      check("read");
      if (input.length === 0) return gone ? -1 : 0;
      const part = input.subarray(0, into.length);
      into.set(part);
      input = input.slice(part.length);
      return part.length;
    },
    write(bytes) {
      check("write");
      const part = bytes.subarray(0, Math.min(bytes.length, device.room));
      device.room -= part.length;
      written.push(Buffer.from(part).toString("latin1"));
      return part.length;
    },
    whenReadable(callback, atTick = false) {
      if (closed !== null) throw new Error("waits for a closed device");
      readable = callback;
      waitsForTick = atTick;
    },
    ignoreReadable() {
      readable = null;
    },
    whenWritable(callback) {
      if (closed !== null) throw new Error("waits for a closed device");
      writable = callback;
    },
    close(limitMs) {
      closeLimitMs ??= limitMs;
      closed ??= device.stuck && limitMs > 0 ? pause(limitMs, clock) : Promise.resolve();
      return closed;
    },
    send(bytes) {
      const more = typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes;
      input = Buffer.concat([input, more]);
    },
    hangUp() {
      gone = true;
    },
    breakWith(call) {
      broken.add(call);
    },
    tick() {
      waitsForTick = false;
    },
    settle() {
      for (let rounds = 0; rounds < MAX_ROUNDS; rounds++) {
        const callback = due();
        if (callback === null) return rounds;
        callback();
      }
      throw new Error("it never comes to rest");
    },
  };

  /** One-shot: after a call the callback must be set again. */
  function due(): (() => void) | null {
    let callback: (() => void) | null = null;
    if (closed !== null) return null;
    if (writable !== null && (device.room > 0 || gone || broken.has("write"))) {
      callback = writable;
      writable = null;
    } else if (readable !== null && !waitsForTick && (input.length > 0 || gone || broken.has("read"))) {
      callback = readable;
      readable = null;
    }
    return callback;
  }

  return device;
}

function createFakeLine(settings: LineSettings, check: () => void): FakeLine {
  const line: FakeLine = {
    settings,
    breakOn: false,
    control: { dtr: true, rts: true },
    calls: [],
    takes: asked => asked,
    modem: null,
    counts: null,
    set(asked) {
      check();
      line.calls.push(`set ${formatLine(asked)}`);
      line.settings = line.takes(asked);
      return line.settings;
    },
    sendBreak() {
      check();
      line.calls.push("break");
    },
    setBreak(on) {
      check();
      line.calls.push(`break ${on ? "on" : "off"}`);
      line.breakOn = on;
    },
    drive(control) {
      check();
      line.calls.push(`drive ${JSON.stringify(control)}`);
      line.control = { ...line.control, ...control };
    },
    modemState: () => line.modem,
    counters: () => line.counts,
    purge(which) {
      check();
      line.calls.push(`purge ${which}`);
    },
  };
  return line;
}
