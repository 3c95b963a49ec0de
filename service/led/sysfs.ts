/** The LEDs of the kernel, and who uses them. */
import type { LedConfig } from "../config/configuration.js";
import { backgroundClock } from "../line/clock.js";
import type { Led, SteadyLed, TtyLed } from "./led.js";
import { type LedSystem, SysfsLed } from "./sysfs-led.js";

/** None of these throws: a LED that does not work stays dark, and `warn` hears of it once. */
export interface Leds {
  open(config: LedConfig): Led;
  /** `device` is its directory below /sys/class/leds; by `name` the log calls it. */
  openSteady(name: string, device: string): SteadyLed;
  /** Null: the kernel cannot do that. */
  openTty(name: string, device: string, shows: { readonly rx: boolean; readonly tx: boolean }): TtyLed | null;
  /** Blinks, until the returned function is called, in place of what it shows else. Null: it is not open. */
  mark(device: string): (() => void) | null;
  /** Gives all of them back, at once: for the end of the process too. */
  close(): void;
}

export function createLeds(
  warn: (text: string) => void,
  system: LedSystem = { root: "/sys/class/leds", clock: backgroundClock },
): Leds {
  const leds = new Map<string, SysfsLed>();

  const take = (device: string): { readonly led: SysfsLed; readonly close: () => void } => {
    const led = leds.get(device) ?? new SysfsLed(device, warn, system);
    leds.set(device, led);
    led.users++;
    let open = true;
    const close = (): void => {
      if (open && --led.users === 0) {
        if (leds.get(device) === led) leds.delete(device);
        led.release();
      }
      open = false;
    };
    return { led, close };
  };

  return {
    open({ name, device, durationMs, state }) {
      const { led, close } = take(device);
      led.setUp(name, { by: "transient", durationMs, state });
      return { flash: () => led.flash(), close };
    },
    openSteady(name, device) {
      const { led, close } = take(device);
      led.setUp(name, { by: "hand" });
      return { show: light => led.show(light), close };
    },
    openTty(name, device, { rx, tx }) {
      const { led, close } = take(device);
      if (led.followsTty(name, rx, tx)) return { follow: tty => led.follow(tty), close };
      close();
      return null;
    },
    mark: device => leds.get(device)?.mark() ?? null,
    close() {
      for (const led of leds.values()) led.release();
      leds.clear();
    },
  };
}
