/** The contract of `Device` (service/device/device.ts), for the fake one and the real ones alike. */
import type { Test } from "tap";
import { type Device, DeviceError, type LineDevice } from "../../../service/device/device.js";
import { eventually, pass, type Settle } from "./eventually.js";

/** A device with a line, and its far end. */
export interface DeviceUnderTest {
  readonly device: Device;
  /** All that the far end has received, one character a byte. */
  received(): string;
  /** The far end sends. */
  send(text: string): void;
  /** While true the far end takes nothing. */
  stall(on: boolean): void;
  /** The device goes. */
  lose(): unknown;
  readonly settle?: Settle;
}

type Contract = (text: string, run: (t: Test, made: DeviceUnderTest) => Promise<void>) => void;

export function deviceContract(t: Test, name: string, make: (t: Test) => Promise<DeviceUnderTest>): void {
  const contract: Contract = (text, run) => {
    t.test(`${name}: ${text}`, async t => run(t, await make(t)));
  };

  contract("bytes pass both ways, and read gives 0 when none wait", async (t, made) => {
    const { device, settle } = made;
    t.equal(device.read(new Uint8Array(10)), 0, "nothing yet");
    t.equal(device.write(bytes("hi \xff")), 4);
    await eventually("the far end has it", settle, () => made.received().length === 4);
    t.equal(made.received(), "hi \xff");
    made.send("\xff\x00ab");
    let text = "";
    await eventually("all of it", settle, () => {
      text += take(device, 3);
      return text.length === 4;
    });
    t.equal(text, "\xff\x00ab");
    t.equal(device.read(new Uint8Array(10)), 0, "none left");
  });

  contract("a reader is called once, never from within the call", async (t, { device, send, settle }) => {
    let calls = 0;
    send("a");
    device.whenReadable(() => calls++);
    t.equal(calls, 0);
    await eventually("the call", settle, () => calls === 1);
    device.whenReadable(() => calls++);
    t.equal(calls, 1, "not for what waits either");
    await eventually("the next call", settle, () => calls === 2);
    send("b");
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.equal(calls, 2, "it has to ask again");
  });

  contract("the last reader counts, and one that was taken back does not", async (t, { device, send, settle }) => {
    const called: string[] = [];
    device.whenReadable(() => called.push("first"));
    device.whenReadable(() => called.push("taken back"));
    device.ignoreReadable();
    send("a");
    await eventually("the byte", settle, () => take(device) === "a");
    device.whenReadable(() => called.push("replaced"));
    device.whenReadable(() => called.push("last"));
    send("b");
    await eventually("the call", settle, () => called.length > 0);
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.same(called, ["last"]);
  });

  contract("a full device takes 0 bytes, and its last writer is called when there is room", async (t, made) => {
    const { device, settle } = made;
    let taken = await fill(made);
    const called: string[] = [];
    device.whenWritable(() => called.push("replaced"));
    device.whenWritable(() => called.push("last"));
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.same(called, []);
    made.stall(false);
    await eventually("room", settle, () => called.length > 0);
    taken += device.write(bytes("x"));
    await eventually("all that was taken", settle, () => made.received().length === taken);
    t.same(called, ["last"]);
  });

  closeContract(contract);
  lossContract(contract);
  lineContract(contract);
}

function closeContract(contract: Contract): void {
  contract("what was written before close arrives; closing twice is closing once", async (t, made) => {
    const { device, settle } = made;
    device.write(bytes("last words"));
    const [first, second] = [device.close(5000), device.close(0, true)];
    await Promise.all([first, second]);
    await eventually("the last words", settle, () => made.received().length === "last words".length);
    t.equal(made.received(), "last words");
    t.equal(await device.close(5000), undefined);
  });

  contract("a device that is full is closed after the limit", async (t, made) => {
    await fill(made);
    t.equal(await made.device.close(20), undefined);
  });

  contract("one that waits is not called once close was called", async (t, made) => {
    const { device, settle } = made;
    const calls: string[] = [];
    device.whenReadable(() => calls.push("readable"));
    device.whenWritable(() => calls.push("writable"));
    const closed = device.close(1000);
    t.same(calls, []);
    made.send("too late");
    await closed;
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.same(calls, []);
  });
}

function lossContract(contract: Contract): void {
  contract("a loss calls the waiting callbacks, is read as -1 or thrown, and thrown by write", async (t, made) => {
    const { device, settle } = made;
    await fill(made);
    const calls: string[] = [];
    device.whenReadable(() => calls.push("readable"));
    device.whenWritable(() => calls.push("writable"));
    await made.lose();
    await eventually("both calls", settle, () => calls.length >= 2);
    t.same(calls.sort(), ["readable", "writable"]);
    for (const time of ["first", "second"]) {
      t.ok(endOf(device), `${time} read`);
      const { code, message, reason } = faultOf(() => device.write(bytes("x")));
      t.same({ code, message }, { code: "lost", message: `${device.path}: ${reason}` }, `${time} write`);
    }
    device.whenReadable(() => calls.push("again"));
    await eventually("a later callback is called too", settle, () => calls.includes("again"));
    t.equal(await device.close(1000), undefined);
  });

  contract("calls to the line of a lost device throw", async (t, made) => {
    const { device, settle } = made;
    const line = lineOf(device);
    const { settings } = line;
    await made.lose();
    await eventually("the end", settle, () => endOf(device));
    t.equal(faultOf(() => line.set(settings)).code, "lost");
    t.equal(faultOf(() => line.purge("both")).code, "lost");
    t.equal(line.modemState(), null, "what is only looked at does not");
    t.ok(line.control);
    t.same(line.settings, settings);
    t.equal(await device.close(0), undefined);
  });
}

function lineContract(contract: Contract): void {
  contract("what a line took is in force, and what was driven is read back", async (t, { device }) => {
    const line = lineOf(device);
    const asked = { ...line.settings, xonxoffOut: !line.settings.xonxoffOut };
    t.same(line.set(asked), line.settings);
    line.drive({ dtr: false });
    t.same(line.control, { dtr: false, rts: true });
    line.drive({ rts: false, dtr: true });
    t.same(line.control, { dtr: true, rts: false });
    t.equal(line.breakOn, false);
    line.setBreak(true);
    t.equal(line.breakOn, true);
    line.setBreak(false);
    t.equal(line.breakOn, false);
    line.purge("input");
    t.equal(await device.close(0), undefined);
  });
}

/** Writes until nothing is taken; the number of bytes that were. */
async function fill(made: DeviceUnderTest): Promise<number> {
  const { device, settle } = made;
  device.write(bytes("x"));
  await eventually("a byte", settle, () => made.received() === "x");
  made.stall(true);
  let taken = 1;
  let idle = 0;
  await eventually("a full device", settle, () => {
    const count = device.write(new Uint8Array(4096).fill(0x61));
    taken += count;
    idle = count === 0 ? idle + 1 : 0;
    return idle > 5;
  });
  return taken;
}

function lineOf({ line }: Device): LineDevice {
  if (line === null) throw new Error("it has no line");
  return line;
}

/** The bytes that have arrived, at most `size` of them. */
function take(device: Device, size = 100): string {
  const into = new Uint8Array(size);
  return Buffer.from(into.subarray(0, device.read(into))).toString("latin1");
}

function endOf(device: Device): boolean {
  try {
    return device.read(new Uint8Array(100)) < 0;
  } catch (error) {
    if (error instanceof DeviceError && error.code === "lost") return true;
    throw error;
  }
}

function faultOf(act: () => void): DeviceError {
  try {
    act();
  } catch (error) {
    if (error instanceof DeviceError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
