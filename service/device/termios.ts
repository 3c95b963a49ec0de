/** Line settings as termios flags and back (termios(3); asm-generic values, as on x86-64, arm64 and armhf). */

import type { LineSettings, Parity } from "../line/settings.js";
import { termiosBits as T, type Termios } from "../native/serial.js";

const XON = 17;
const XOFF = 19;
const SIZE = { 5: T.CS5, 6: T.CS6, 7: T.CS7, 8: T.CS8 } as const;
const PARITY: Readonly<Record<Parity, number>> = {
  none: 0,
  even: T.PARENB,
  odd: T.PARENB | T.PARODD,
  space: T.PARENB | T.CMSPAR,
  mark: T.PARENB | T.PARODD | T.CMSPAR,
};

/** The complete setting, independent of what the device had before (docs/reference.md, "Line settings"). */
export function toTermios(line: LineSettings): Termios {
  const cc = new Uint8Array(19);
  cc[T.VMIN] = 1;
  // XON/XOFF has the real characters, also when RFC 2217 switches it on (the reference then uses NUL).
  if (line.xonxoffOut || line.xonxoffIn) {
    cc[T.VSTART] = XON;
    cc[T.VSTOP] = XOFF;
  }
  let iflag = T.IGNBRK;
  if (line.xonxoffOut) iflag |= line.xonAny ? T.IXON | T.IXANY : T.IXON;
  if (line.xonxoffIn) iflag |= T.IXOFF;
  let cflag = T.CREAD | SIZE[line.dataBits] | PARITY[line.parity];
  if (line.stopBits === 2) cflag |= T.CSTOPB;
  if (line.rtscts) cflag |= T.CRTSCTS;
  if (line.local) cflag |= T.CLOCAL;
  if (line.hangupWhenDone) cflag |= T.HUPCL;
  return { iflag, oflag: 0, cflag: cflag >>> 0, lflag: 0, inputSpeed: line.speed, outputSpeed: line.speed, cc };
}

/** What the hardware took. */
export function fromTermios(termios: Termios): LineSettings {
  const { cflag, iflag } = termios;
  const size = cflag & T.CSIZE;
  return {
    speed: termios.outputSpeed,
    dataBits: size === T.CS5 ? 5 : size === T.CS6 ? 6 : size === T.CS7 ? 7 : 8,
    parity: parityOf(cflag),
    stopBits: (cflag & T.CSTOPB) !== 0 ? 2 : 1,
    xonxoffOut: (iflag & T.IXON) !== 0,
    xonxoffIn: (iflag & T.IXOFF) !== 0,
    xonAny: (iflag & T.IXANY) !== 0,
    rtscts: (cflag & T.CRTSCTS) !== 0,
    local: (cflag & T.CLOCAL) !== 0,
    hangupWhenDone: (cflag & T.HUPCL) !== 0,
  };
}

function parityOf(cflag: number): Parity {
  if ((cflag & T.PARENB) === 0) return "none";
  const odd = (cflag & T.PARODD) !== 0;
  if ((cflag & T.CMSPAR) !== 0) return odd ? "mark" : "space";
  return odd ? "odd" : "even";
}
