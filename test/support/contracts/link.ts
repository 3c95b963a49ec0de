/** The contract of `Link` (service/net/link.ts), for the fake one and the real ones alike. */
import type { Test } from "tap";
import { type Link, LinkError } from "../../../service/net/link.js";
import { eventually, pass, type Settle } from "./eventually.js";

/** A link and its far end. */
export interface LinkUnderTest {
  readonly link: Link;
  /** All that the peer has received, one character a byte. */
  received(): string;
  /** The peer sends. */
  send(text: string): void;
  /** The peer is done; of a UDP peer that is known only when the listener closes. */
  finish(): void;
  /** The connection breaks; null: no connection that could. */
  readonly reset: (() => void) | null;
  /** While true the peer takes nothing; null: what it does not take is lost. */
  readonly stall: ((on: boolean) => void) | null;
  readonly settle?: Settle;
}

export function linkContract(t: Test, name: string, make: (t: Test) => Promise<LinkUnderTest>): void {
  const contract = (text: string, run: (t: Test, made: LinkUnderTest) => Promise<void>): void => {
    t.test(`${name}: ${text}`, async t => run(t, await make(t)));
  };

  contract("bytes pass both ways, and read gives 0 when none wait", async (t, { link, received, send, settle }) => {
    t.equal(link.read(new Uint8Array(10)), 0, "nothing yet");
    t.equal(link.write(new Uint8Array(0)), 0, "an empty write");
    t.equal(link.write(bytes("hi \xff")), 4);
    await eventually("the peer has it", settle, () => received() === "hi \xff");
    send("\xff\x00ab");
    let text = "";
    await eventually("all of it", settle, () => {
      text += take(link, 3);
      return text.length === 4;
    });
    t.equal(text, "\xff\x00ab");
    t.equal(link.read(new Uint8Array(10)), 0, "none left");
  });

  contract("a reader is called once, never from within the call", async (t, { link, send, settle }) => {
    let calls = 0;
    send("a");
    link.whenReadable(() => calls++);
    t.equal(calls, 0);
    await eventually("the call", settle, () => calls === 1);
    send("b");
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.equal(calls, 1, "it has to ask again");
    link.whenReadable(() => calls++);
    await eventually("the next call", settle, () => calls === 2);
  });

  contract("the last reader counts, and one that was taken back does not", async (t, { link, send, settle }) => {
    const called: string[] = [];
    link.whenReadable(() => called.push("first"));
    link.whenReadable(() => called.push("taken back"));
    link.ignoreReadable();
    send("a");
    await eventually("the byte", settle, () => take(link) === "a");
    link.whenReadable(() => called.push("replaced"));
    link.whenReadable(() => called.push("last"));
    send("b");
    await eventually("the call", settle, () => called.length > 0);
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.same(called, ["last"]);
  });

  contract("a reader may ask again from within its call", async (t, { link, send, settle }) => {
    let text = "";
    const read = (): void => {
      text += take(link, 1);
      link.whenReadable(read);
    };
    link.whenReadable(read);
    send("abc");
    await eventually("all of it", settle, () => text.length === 3);
    t.equal(text, "abc");
  });

  contract("a writer is called once, never from within the call, and the last one counts", async (t, made) => {
    const { link, settle } = made;
    const called: string[] = [];
    link.whenWritable(() => called.push("replaced"));
    link.whenWritable(() => called.push("last"));
    t.same(called, []);
    await eventually("the call", settle, () => called.length > 0);
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.same(called, ["last"]);
  });

  contract("the end is read after what came before it, again and again", async (t, made) => {
    const { link, settle } = made;
    made.send("last");
    await hasCome(made);
    made.finish();
    if (link.hasEnded !== undefined) await eventually("its end", settle, () => link.hasEnded?.() === true);
    t.equal(take(link), "last");
    let calls = 0;
    link.whenReadable(() => calls++);
    await eventually("the call for the end", settle, () => calls === 1);
    t.equal(take(link), "(end)");
    t.equal(take(link), "(end)");
    link.whenReadable(() => calls++);
    await eventually("a later callback is called too", settle, () => calls === 2);
  });

  contract("what was written before close arrives; closing twice is closing once", async (t, made) => {
    const { link, settle } = made;
    made.send("unread");
    await hasCome(made);
    link.write(bytes("last words"));
    link.close();
    link.close();
    await eventually("the last words", settle, () => made.received().length === "last words".length);
    t.equal(made.received(), "last words");
  });

  contract("a closed link is at its end, takes everything and calls nothing", async (t, made) => {
    const { link, settle } = made;
    const calls: string[] = [];
    made.send("unread");
    await hasCome(made);
    link.whenReadable(() => calls.push("readable"));
    link.whenWritable(() => calls.push("writable"));
    link.whenBroken?.(() => calls.push("broken"));
    link.close();
    link.whenReadable(() => calls.push("readable, asked later"));
    link.whenWritable(() => calls.push("writable, asked later"));
    link.whenBroken?.(() => calls.push("broken, asked later"));
    link.ignoreReadable();
    t.equal(take(link), "(end)");
    t.equal(link.write(bytes("xyz")), 3);
    t.notOk(link.hasEnded?.() ?? false);
    t.notOk(link.isGone?.(0) ?? false);
    t.doesNotThrow(() => link.local(), "the descriptor is not asked");
    t.doesNotThrow(() => link.keepUrgentInline?.());
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.same(calls, []);
    t.equal(made.received(), "");
  });

  contract("a link that is closed by one of its callbacks calls no other", async (t, made) => {
    const { link, settle } = made;
    const calls: string[] = [];
    const close = (who: string) => (): void => {
      calls.push(who);
      link.close();
    };
    link.whenReadable(close("reader"));
    link.whenWritable(close("writer"));
    made.send("a");
    await eventually("one of them", settle, () => calls.length > 0);
    for (let turn = 0; turn < 20; turn++) await pass(settle);
    t.equal(calls.length, 1);
  });

  contract("a live peer is neither ended nor gone, and only TCP tells of a broken one", async (t, { link }) => {
    t.same(
      [link.hasEnded?.() ?? false, link.isGone?.(0) ?? false, typeof link.hasEnded, typeof link.whenBroken],
      link.transport === "udp" ? [false, false, "function", "undefined"] : [false, false, "function", "function"],
    );
    link.keepUrgentInline?.();
  });

  stallContract(contract);
  resetContract(contract);
}

type Contract = (text: string, run: (t: Test, made: LinkUnderTest) => Promise<void>) => void;

function stallContract(contract: Contract): void {
  contract("a full link takes 0 bytes, and its writer is called when there is room", async (t, made) => {
    const { link, settle, stall, received } = made;
    if (stall === null) {
      t.equal(link.write(new Uint8Array(5000)), 5000, "one datagram, taken whole");
      return;
    }
    stall(true);
    let taken = 0;
    let calls = 0;
    await eventually("a full link", settle, () => {
      const count = link.write(new Uint8Array(65_536).fill(0x61));
      taken += count;
      return count === 0;
    });
    link.whenWritable(() => calls++);
    stall(false);
    await eventually("room", settle, () => calls === 1);
    await eventually("all that was taken", settle, () => received().length === taken);
    t.ok(link.write(bytes("x")) === 1);
  });
}

function resetContract(contract: Contract): void {
  contract("a reset calls the reader and is thrown, after what came before", async (t, made) => {
    const { link, settle, reset } = made;
    if (reset === null) return;
    made.send("data");
    await hasCome(made);
    reset();
    let broken = 0;
    link.whenBroken?.(() => broken++);
    await eventually("the news", settle, () => broken === 1);
    t.equal(take(link), "data");
    let calls = 0;
    link.whenReadable(() => calls++);
    await eventually("the call", settle, () => calls === 1);
    const thrown = faultOf(() => link.read(new Uint8Array(1)));
    t.match(thrown, { code: "reset", message: `${link.peer.address},${link.peer.port}: ${thrown.reason}` });
    t.equal(take(link), "(end)", "it is thrown once");
    t.equal(faultOf(() => link.write(bytes("x"))).code, "pipe");
    t.equal(faultOf(() => link.write(bytes("x"))).code, "pipe", "each time");
  });

  contract("a break is reported once to a reader that is not set, an orderly end is not", async (t, made) => {
    const { link, settle, reset } = made;
    let broken = 0;
    link.whenBroken?.(() => broken++);
    if (reset === null) made.finish();
    else reset();
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    if (reset !== null) await eventually("the break", settle, () => broken > 0);
    t.equal(broken, reset === null ? 0 : 1);
  });

  contract("an orderly end is not reported as a break", async (t, made) => {
    const { link, settle } = made;
    let broken = 0;
    link.whenBroken?.(() => broken++);
    made.finish();
    await eventually("the end", settle, () => take(link) === "(end)");
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.equal(broken, 0);
  });

  contract("a set reader is called instead of the callback for a break", async (t, made) => {
    const { link, settle, reset } = made;
    if (reset === null) return;
    const calls: string[] = [];
    link.whenBroken?.(() => calls.push("broken"));
    link.whenReadable(() => calls.push("readable"));
    reset();
    await eventually("the call", settle, () => calls.length > 0);
    for (let turn = 0; turn < 5; turn++) await pass(settle);
    t.same(calls, ["readable"]);
  });
}

/** Resolves when the bytes of the peer can be read. */
async function hasCome({ link, settle }: LinkUnderTest): Promise<void> {
  let come = false;
  link.whenReadable(() => {
    come = true;
  });
  await eventually("what was sent", settle, () => come);
}

/** The bytes that have arrived, at most `size` of them; `(end)` at the end. */
function take(link: Link, size = 100): string {
  const into = new Uint8Array(size);
  const count = link.read(into);
  return count < 0 ? "(end)" : Buffer.from(into.subarray(0, count)).toString("latin1");
}

function faultOf(act: () => void): LinkError {
  try {
    act();
  } catch (error) {
    if (error instanceof LinkError) return error;
    throw error;
  }
  throw new Error("it did not fail");
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "latin1");
}
