/** Expands the templates of banners, open and close strings and trace file names. */
import type { PortConfig } from "../config/configuration.js";
import type { ClockReading } from "../config/template.js";
import { toBytes } from "../line/bytes.js";
import type { PeerAddress } from "../net/link.js";
import type { PortEnvironment } from "./environment.js";

interface PortStringsOptions {
  config(): PortConfig;
  /** The peer for texts that are not for one peer: the first one. */
  firstPeer(): PeerAddress | null;
  readonly environment: Pick<PortEnvironment, "localTime" | "expandTemplate">;
}

export class PortStrings {
  readonly #options: PortStringsOptions;

  constructor(options: PortStringsOptions) {
    this.#options = options;
  }

  /** Empty without a template. */
  bytes(template: string | null, peer: PeerAddress | null = null): Uint8Array {
    return toBytes(this.#expand(template ?? "", "string", peer));
  }

  fileName(template: string, now: ClockReading): string {
    return this.#expand(template, "file", null, now);
  }

  #expand(template: string, mode: "string" | "file", peer: PeerAddress | null, now?: ClockReading): string {
    if (template === "") return "";
    const { config, environment } = this.#options;
    const { name, device, line } = config();
    return environment.expandTemplate(template, mode, {
      portName: name,
      devicePath: device.path,
      deviceWritten: device.written,
      line,
      remoteAddress: (peer ?? this.#options.firstPeer())?.address ?? null,
      now: now ?? environment.localTime(),
    });
  }
}
