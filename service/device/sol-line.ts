/** The line of a SOL console, as far as a BMC supports it: break and flush. Modem lines are virtual. */
import type { SolConsoleState } from "../handover/sol-state.js";
import type { SolEvent, SolLink } from "../ipmi/sol-link.js";
import type { LineCounters, ModemControl, ModemState } from "../line/modem.js";
import type { LineSettings } from "../line/settings.js";
import type { LineDevice } from "./device.js";

type SolLineState = Pick<SolConsoleState, "control" | "breakOn" | "breaks" | "overruns">;

interface SolLineOptions {
  readonly settings: LineSettings;
  /** Of the process before this one; null: the session is new. */
  readonly before: SolLineState | null;
  /** Calls back where there is a session. Throws DeviceError "lost". */
  readonly operate: (operation: (link: SolLink, nowMs: number) => void) => void;
  readonly warn: (text: string) => void;
}

export class SolLine implements LineDevice {
  /** The bit rate was set at the activation; SOL has no other settings. */
  readonly settings: LineSettings;
  breakOn: boolean;
  control: ModemControl;
  readonly #options: SolLineOptions;
  #breaks: number;
  #overruns: number;

  constructor(options: SolLineOptions) {
    const { settings, before } = options;
    this.#options = options;
    this.settings = settings;
    this.control = before?.control ?? { dtr: true, rts: true };
    this.breakOn = before?.breakOn ?? false;
    this.#breaks = before?.breaks ?? 0;
    this.#overruns = before?.overruns ?? 0;
  }

  state(): SolLineState {
    return { control: this.control, breakOn: this.breakOn, breaks: this.#breaks, overruns: this.#overruns };
  }

  set(): LineSettings {
    this.#options.operate(() => {});
    return this.settings;
  }

  sendBreak(): void {
    this.#options.operate((link, nowMs) => link.sendBreak(nowMs));
  }

  /** A break of the length that the BMC gives it; that it ends by itself does not show. */
  setBreak(on: boolean): void {
    if (on && !this.breakOn) this.sendBreak();
    this.breakOn = on;
  }

  /** Virtual: a peer reads back what it set. */
  drive(control: Partial<ModemControl>): void {
    this.#options.operate(() => {
      this.control = { ...this.control, ...control };
    });
  }

  /** SOL does not tell the state of modem lines. */
  modemState(): ModemState | null {
    return null;
  }

  /** The events that the BMC has reported since the activation. */
  counters(): LineCounters {
    const none = { cts: 0, dsr: 0, ri: 0, dcd: 0, frame: 0, parity: 0, bufferOverrun: 0 };
    return { ...none, break: this.#breaks, overrun: this.#overruns };
  }

  purge(which: "input" | "output" | "both"): void {
    this.#options.operate((link, nowMs) => link.flush(which, nowMs));
  }

  /** The BMC has reported something. */
  happened(what: SolEvent): void {
    const { warn } = this.#options;
    if (what === "break") this.#breaks++;
    else if (what === "stuck") warn("the BMC sends nothing more after it was told to wait");
    else if (++this.#overruns === 1) warn("the BMC lost characters of the server (overrun)");
  }
}
