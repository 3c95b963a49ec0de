/** A telnet peer of a port, with COM-PORT-OPTION agreed, and what it sends and gets (RFC 2217). */
import type { LineCounters, ModemState } from "../../service/line/modem.js";
import type { FakeLine } from "./fake-device.js";
import { World } from "./fake-environment.js";
import type { FakeLink } from "./fake-link.js";
export const WILL = "\xff\xfb\x2c";
export const NO_LINES: ModemState = { cts: false, dsr: false, dcd: false, ri: false };
export const NO_ERRORS: LineCounters = {
  cts: 0,
  dsr: 0,
  ri: 0,
  dcd: 0,
  frame: 0,
  overrun: 0,
  parity: 0,
  break: 0,
  bufferOverrun: 0,
};

export interface Trial {
  readonly world: World;
  readonly link: FakeLink;
  readonly line: FakeLine;
  /** Requests in one chunk; the answers, as hexadecimal bodies of COM-PORT suboptions. */
  ask(...requests: readonly number[][]): Promise<string>;
  /** The bytes that arrived since. */
  news(): string;
}

export interface Setting {
  readonly options?: string;
  readonly modem?: ModemState | null;
  readonly counts?: LineCounters | null;
  readonly before?: readonly string[];
}

/** A client that has agreed on COM-PORT-OPTION, all told. */
export async function agree({ options = "", modem = null, counts = null, before = [] }: Setting = {}): Promise<Trial> {
  const world = new World();
  world.open = config => {
    const device = world.makeDevice(config);
    if (device.line !== null) Object.assign(device.line, { modem, counts });
    return device;
  };
  world.port(...before, `7000:telnet:0:/dev/ttyA:9600 remctl max-connections=2 -chardelay ${options}`.trimEnd());
  const link = await world.call("7000", WILL);
  link.take();
  const { line } = world.device;
  if (line === null) throw new Error("no line");
  const news = (): string => bodies(link.take());
  return {
    world,
    link,
    line,
    news,
    async ask(...requests) {
      link.send(Buffer.from(requests.map(suboption).join(""), "latin1"));
      await world.settle();
      return news();
    },
  };
}

export function suboption(body: readonly number[]): string {
  return `\xff\xfa\x2c${Buffer.from(body).toString("latin1").replaceAll("\xff", "\xff\xff")}\xff\xf0`;
}

/** `65 00 00 25 80, 66 08` */
export function bodies(received: string): string {
  const found = [...received.matchAll(/\xff\xfa\x2c((?:[^\xff]|\xff\xff)*)\xff\xf0/g)].map(([, body = ""]) =>
    hex(body.replaceAll("\xff\xff", "\xff")),
  );
  return found.join(", ");
}

export function hex(text: string): string {
  return [...Buffer.from(text, "latin1")].map(byte => byte.toString(16).padStart(2, "0")).join(" ");
}
