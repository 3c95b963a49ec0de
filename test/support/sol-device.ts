/** SOL devices without a daemon: opened as a port opens them, read and written as a port does. */
import type { Test } from "tap";
import type { Device } from "../../service/device/device.js";
import { SolDevices, type SolRequest } from "../../service/device/open-sol.js";
import { createSession } from "../../service/ipmi/entry.js";
import { padSecret } from "../../service/ipmi/settings.js";
import { loginSettings, USUAL_SOL } from "../ipmi/console.js";
import { type BmcOptions, FakeBmc } from "./fake-bmc.js";
import { until } from "./wait.js";

const devices = new SolDevices(createSession);

export async function startBmc(t: Test, options: Partial<BmcOptions> = {}, address = "127.0.0.1"): Promise<FakeBmc> {
  const started = await FakeBmc.start(options, 0, address);
  t.teardown(() => started.stop());
  return started;
}

interface Wish {
  readonly hosts?: readonly (readonly [host: string, port: number])[];
  readonly family?: 0 | 4 | 6;
  readonly password?: string;
  readonly suites?: readonly number[];
  readonly sol?: Partial<SolRequest["sol"]>;
  readonly signal?: AbortSignal;
  readonly warn?: (text: string) => void;
}

export function openSol(to: { readonly port: number }, wish: Wish = {}): Promise<Device> {
  const [first = ["127.0.0.1", to.port] as const, ...others] = wish.hosts ?? [];
  const address = ([host, port]: readonly [string, number]) => ({ host, port });
  return devices.open({
    path: "sol.lan -P *** bmc",
    identity: String(to.port),
    target: {
      addresses: [address(first), ...others.map(address)],
      family: wish.family ?? 0,
      login: loginSettings(wish),
    },
    sol: { ...USUAL_SOL, ...wish.sol },
    readSecrets: () => ({ password: padSecret(Buffer.from(wish.password ?? "test")), bmcKey: null }),
    warn: wish.warn ?? (() => {}),
    signal: wish.signal ?? new AbortController().signal,
  });
}

/** Reads as a port does. */
export class Reader {
  count = 0;
  lost: unknown = null;
  readonly #device: Device;
  readonly #chunks: Buffer[] = [];

  constructor(device: Device) {
    this.#device = device;
    device.whenReadable(() => this.#read());
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  #read(): void {
    const into = Buffer.alloc(4096);
    try {
      for (let count = this.#device.read(into); count > 0; count = this.#device.read(into)) {
        this.#chunks.push(Buffer.from(into.subarray(0, count)));
        this.count += count;
      }
    } catch (error) {
      this.lost = error;
      return;
    }
    this.#device.whenReadable(() => this.#read());
  }

  async text(length: number): Promise<string> {
    await until(`${length} bytes`, () => this.count >= length || this.lost !== null);
    return this.received.toString("latin1");
  }
}

/** Writes all of it as the device takes it. */
export async function writeAll(device: Device, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0; ) {
    rest = rest.subarray(device.write(rest));
    if (rest.length > 0) await new Promise<void>(resolve => device.whenWritable(resolve));
  }
}

/** Bytes in which a lost, doubled or moved piece shows. */
export function pattern(length: number): Buffer {
  return Buffer.from(Uint8Array.from({ length }, (_, index) => (index * 7 + (index >> 8) * 13 + (index >> 16)) & 0xff));
}
