/** The LEDs of the kernel, each shared by its users. */
import type { LedConfig } from "../config/configuration.js";
import { backgroundClock } from "../line/clock.js";
import type { Led, SteadyLed, TtyLed } from "./led.js";
import { type LedSystem, SysfsLed } from "./sysfs-led.js";

interface User {
  readonly led: SysfsLed;
  close(): void;
}

/** No method throws: a LED that does not work stays dark, and `warn` is called once with the reason. */
export class Leds {
  readonly #warn: (text: string) => void;
  readonly #system: LedSystem;
  readonly #leds = new Map<string, SysfsLed>();

  constructor(warn: (text: string) => void, system: LedSystem = { root: "/sys/class/leds", clock: backgroundClock }) {
    this.#warn = warn;
    this.#system = system;
  }

  open({ name, device, durationMs, state }: LedConfig): Led {
    const { led, close } = this.#take(device);
    led.setUp(name, { by: "transient", durationMs, state });
    return { flash: () => led.flash(), close };
  }

  /** `device` is its directory below /sys/class/leds, `name` its name in the log. */
  openSteady(name: string, device: string): SteadyLed {
    const { led, close } = this.#take(device);
    led.setUp(name, { by: "hand" });
    return { show: light => led.show(light), close };
  }

  /** Null: the kernel has no tty trigger. */
  openTty(name: string, device: string, { rx, tx }: { readonly rx: boolean; readonly tx: boolean }): TtyLed | null {
    const { led, close } = this.#take(device);
    if (led.followsTty(name, rx, tx)) return { follow: tty => led.follow(tty), close };
    close();
    return null;
  }

  /** Blinks in place of its normal state until the returned function is called. Null: the LED is not open. */
  mark(device: string): (() => void) | null {
    return this.#leds.get(device)?.mark() ?? null;
  }

  /** Gives all of them back, synchronously: it is called at the end of the process too. */
  close(): void {
    for (const led of this.#leds.values()) led.release();
    this.#leds.clear();
  }

  #take(device: string): User {
    const led = this.#leds.get(device) ?? new SysfsLed(device, this.#warn, this.#system);
    this.#leds.set(device, led);
    led.users++;
    let open = true;
    const close = (): void => {
      if (open && --led.users === 0) {
        if (this.#leds.get(device) === led) this.#leds.delete(device);
        led.release();
      }
      open = false;
    };
    return { led, close };
  }
}
