/** Expands the templates of banners, open and close strings and trace file names. */
import type { PortConfig } from "../config/configuration.js";
import type { ClockReading } from "../config/template.js";
import { toBytes } from "../line/bytes.js";
import type { PeerAddress } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";

type StringsEnvironment = Pick<PortEnvironment, "localTime" | "expandTemplate">;

export class PortStrings {
  readonly #config: PortConfig;
  readonly #firstPeer: PeerAddress | null;
  readonly #environment: StringsEnvironment;

  /** @param firstPeer for texts that are not for one peer */
  constructor(config: PortConfig, firstPeer: PeerAddress | null, environment: StringsEnvironment) {
    this.#config = config;
    this.#firstPeer = firstPeer;
    this.#environment = environment;
  }

  /** Empty without a template. */
  bytes(template: string | null, peer = this.#firstPeer): Uint8Array {
    return toBytes(this.#expand(template ?? "", "string", peer));
  }

  fileName(template: string, now: ClockReading): string {
    return this.#expand(template, "file", this.#firstPeer, now);
  }

  #expand(template: string, mode: "string" | "file", peer: PeerAddress | null, now?: ClockReading): string {
    if (template === "") return "";
    const { name, device, line } = this.#config;
    return this.#environment.expandTemplate(template, mode, {
      portName: name,
      devicePath: device.path,
      deviceWritten: device.written,
      line,
      remoteAddress: peer?.address ?? null,
      now: now ?? this.#environment.localTime(),
    });
  }
}
