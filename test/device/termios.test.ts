import t from "tap";
import { fromTermios, toTermios } from "../../service/device/termios.js";
import { type LineSettings, STANDARD_LINE } from "../../service/line/settings.js";
import { termiosBits as T } from "../../service/native/serial.js";

t.test("9600 8N1 is built from nothing, as the reference does", async t => {
  const { iflag, oflag, cflag, lflag, inputSpeed, outputSpeed, cc } = toTermios(STANDARD_LINE);
  t.same([iflag, oflag, lflag], [T.IGNBRK, 0, 0]);
  t.equal(cflag, T.CREAD | T.CS8);
  t.same([inputSpeed, outputSpeed], [9600, 9600]);
  t.same(
    [...cc].flatMap((value, index) => (value === 0 ? [] : [[index, value]])),
    [[T.VMIN, 1]],
  );
});

t.test("each setting has its flag", async t => {
  const cases: readonly [Partial<LineSettings>, flag: "iflag" | "cflag", bits: number][] = [
    [{ xonxoffOut: true, xonxoffIn: true, xonAny: true }, "iflag", T.IGNBRK | T.IXON | T.IXOFF | T.IXANY],
    [{ xonxoffOut: true, xonxoffIn: true }, "iflag", T.IGNBRK | T.IXON | T.IXOFF],
    [{ xonxoffOut: true }, "iflag", T.IGNBRK | T.IXON],
    [{ xonxoffIn: true }, "iflag", T.IGNBRK | T.IXOFF],
    [{ dataBits: 5 }, "cflag", T.CREAD | T.CS5],
    [{ dataBits: 6 }, "cflag", T.CREAD | T.CS6],
    [{ dataBits: 7 }, "cflag", T.CREAD | T.CS7],
    [{ parity: "even" }, "cflag", T.CREAD | T.CS8 | T.PARENB],
    [{ parity: "odd" }, "cflag", T.CREAD | T.CS8 | T.PARENB | T.PARODD],
    [{ parity: "space" }, "cflag", T.CREAD | T.CS8 | T.PARENB | T.CMSPAR],
    [{ parity: "mark" }, "cflag", T.CREAD | T.CS8 | T.PARENB | T.PARODD | T.CMSPAR],
    [{ stopBits: 2 }, "cflag", T.CREAD | T.CS8 | T.CSTOPB],
    [{ rtscts: true }, "cflag", T.CREAD | (T.CS8 + T.CRTSCTS)],
    [{ local: true }, "cflag", T.CREAD | T.CS8 | T.CLOCAL],
    [{ hangupWhenDone: true }, "cflag", T.CREAD | T.CS8 | T.HUPCL],
  ];
  for (const [change, flag, bits] of cases)
    t.equal(toTermios({ ...STANDARD_LINE, ...change })[flag], bits >>> 0, JSON.stringify(change));
});

t.test("XON/XOFF has its real characters", async t => {
  const { cc } = toTermios({ ...STANDARD_LINE, xonxoffIn: true });
  t.same([cc[T.VSTART], cc[T.VSTOP]], [17, 19]);
});

t.test("what is set reads back the same, every combination", async t => {
  for (const dataBits of [5, 6, 7, 8] as const)
    for (const parity of ["none", "even", "odd", "mark", "space"] as const)
      for (const stopBits of [1, 2] as const)
        for (const speed of [50, 9600, 250_000, 4_000_000])
          for (let flags = 0; flags < 64; flags++) {
            const line: LineSettings = {
              speed,
              dataBits,
              parity,
              stopBits,
              xonxoffOut: (flags & 1) !== 0,
              xonxoffIn: (flags & 2) !== 0,
              xonAny: (flags & 33) === 33, // nothing without XON/XOFF
              rtscts: (flags & 4) !== 0,
              local: (flags & 8) !== 0,
              hangupWhenDone: (flags & 16) !== 0,
            };
            const back = fromTermios(toTermios(line));
            if (JSON.stringify(back) !== JSON.stringify(line))
              t.fail(`${JSON.stringify(line)}: ${JSON.stringify(back)}`);
          }
  t.pass("all of them");
});
