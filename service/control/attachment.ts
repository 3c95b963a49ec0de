/** The time in which a control session is a connection of a port, from `attach` until it leaves. */
import { toText } from "../line/bytes.js";
import type { Link } from "../net/link.js";
import type { AttachResult, ManagedPort } from "../port/status.js";
import { AttachedLink, type AttachStart, type DetachReason } from "./attached-link.js";
import type { Terminal } from "./terminal.js";

interface Detached {
  readonly reason: DetachReason;
  /** Output that must be sent before the next prompt. */
  readonly unsent: Uint8Array;
  /** Input behind the escape that left the port: for the session. */
  readonly rest: Uint8Array;
}

interface AttachmentOptions {
  readonly link: Link;
  readonly terminal: Terminal;
  readonly mayChange: boolean;
  /** Calls back in a later turn of the event loop. */
  soon(run: () => void): void;
  /** Called when the port has released the link. */
  ended(): void;
}

export class Attachment {
  readonly link: AttachedLink;
  readonly port: ManagedPort;
  /** Null: the port still has the link. */
  over: Detached | null = null;
  #isStarted = false;

  constructor({ link, terminal, mayChange, soon, ended }: AttachmentOptions, port: ManagedPort, state: AttachStart) {
    this.port = port;
    this.link = new AttachedLink(
      {
        ...{ link, terminal, mayChange, soon },
        sendBreak: () => void port.sendBreak(),
        takeOver: () => void port.people.takeOver(this.link),
        detached: (reason, unsent, rest) => {
          this.over = { reason, unsent, rest };
          if (this.#isStarted) soon(ended);
        },
      },
      state,
    );
  }

  /** Attaches the link to the port, or returns the refusal. @param force as the word `force` of `attach` */
  begin(force: boolean): AttachResult {
    const result = this.port.people.attach(this.link, force);
    if (this.over === null || "refusal" in result) return result;
    return { refusal: toText(this.over.unsent).trim() }; // the device could not be opened
  }

  /** Lets data through. Call when the session has sent its own output. @param typed input behind the command. Idempotent. */
  start(typed: Uint8Array): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    this.link.start(typed);
  }

  /** The line that the session sends after the output of the port; null: the session ends without one. */
  get farewell(): string | null {
    if (this.over?.reason === "gone" || this.link.isBinary) return null;
    return this.over?.reason === "left"
      ? `\r\n[left ${this.port.name}]\r\n`
      : `\r\n[${this.port.name} has ended the connection]\r\n`;
  }
}
