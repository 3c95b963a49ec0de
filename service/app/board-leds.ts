/**
 * The bundle leds.cjs: the devices of a board, the LEDs of LED lines, and those of a board beside them: connections, faults,
 * the state of the box, and the traffic where the kernel itself can show it.
 */
import type { BoardLed, PortHardware, ProfileFacts } from "../board/profile.js";
import type { LedConfig, PortConfig } from "../config/configuration.js";
import type { DeviceNodeWatcher } from "../device/node-watcher.js";
import type { Led, SteadyLed, TtyLed } from "../led/led.js";
import { Leds } from "../led/sysfs.js";
import { backgroundClock, type Clock } from "../line/clock.js";
import type { ManagedPort, PortStatus } from "../port/status.js";

export { BoardDevices } from "./board-devices.js";

/** The longest time that a LED blinks for a person. */
const MAX_SECONDS = 3600;

/**
 * UARTs of the board itself. The kernel's trigger is not used for others: cdc_acm and gadgets count no bytes, and it keeps
 * the device of an unplugged adapter open.
 */
const ON_BOARD = /^\/dev\/(tty(?!USB|ACM|GS)[A-Za-z]+\d+)$/;

interface BoardLedsOptions {
  readonly leds: Leds;
  readonly nodeWatcher: Pick<DeviceNodeWatcher, "watch" | "isPresent">;
  readonly ports: { list(): readonly ManagedPort[] };
  readonly clock?: Clock;
}

/** LEDs of this machine. No method throws: the reason why a LED does not work is passed to `warn` once. */
export function createBoardLeds(warn: (text: string) => void, options: Omit<BoardLedsOptions, "leds">): BoardLeds {
  return new BoardLeds({ ...options, leds: new Leds(warn) });
}

export class BoardLeds {
  readonly #options: BoardLedsOptions;
  #board: ProfileFacts | null = null;
  #steadyLeds: readonly SteadyLedUse[] = [];
  #ttyLeds: readonly TtyLedUse[] = [];
  /** Takes back what `configure` took. */
  #undo: readonly (() => void)[] = [];
  /** By port name. */
  readonly #states = new Map<string, PortState>();
  /** Changed in this turn of the event loop. */
  readonly #pending = new Set<ManagedPort>();
  readonly #identifying = new Map<string, { readonly end: () => void }>();

  constructor(options: BoardLedsOptions) {
    this.#options = options;
  }

  /** Call before LED lines are opened: the kernel flashes some of them. */
  configure(board: ProfileFacts | null, ports: readonly PortConfig[]): void {
    const before = this.#undo;
    this.#board = board;
    this.#ttyLeds = board === null ? [] : this.#takeTtyLeds(board, ports);
    this.#steadyLeds = board === null ? [] : this.#takeSteadyLeds(board);
    this.#undo = [
      ...[...this.#ttyLeds, ...this.#steadyLeds].map(
        ({ led }) =>
          () =>
            led.close(),
      ),
      ...(board === null ? [] : this.#watchDevices(board)),
    ];
    for (const undo of before) undo();
    this.#states.clear();
    for (const port of this.#options.ports.list()) this.#note(port);
    this.#show();
  }

  /** The LED of a LED line. Null: the kernel itself flashes it. */
  open(config: LedConfig): Led | null {
    return this.#ttyLeds.some(line => line.device === config.device) ? null : this.#options.leds.open(config);
  }

  /** All changes of one turn of the event loop are shown together, since many may come at once. */
  portChanged(port: ManagedPort): void {
    if (this.#steadyLeds.length === 0 && this.#ttyLeds.length === 0) return;
    if (this.#pending.size === 0) setImmediate(() => this.#showPending());
    this.#pending.add(port);
  }

  /** Blinks a LED of the port, so that it can be found. False: it has none. 0 seconds: ends the blinking. */
  identify(portName: string, seconds: number): boolean {
    const leds = this.#board?.ports.get(portName)?.leds;
    const led = leds?.link ?? leds?.rx ?? leds?.tx ?? leds?.fault ?? null;
    const mark = led === null ? null : this.#options.leds.mark(led.sysfs);
    if (mark === null) return false;
    this.#identifying.get(portName)?.end();
    const end = (): void => {
      cancel();
      this.#identifying.delete(portName);
      mark();
    };
    const { clock = backgroundClock } = this.#options;
    const cancel = clock.after(Math.min(seconds, MAX_SECONDS) * 1000, end);
    this.#identifying.set(portName, { end });
    return true;
  }

  close(): void {
    for (const { end } of [...this.#identifying.values()]) end();
    for (const undo of this.#undo) undo();
    this.#undo = [];
    this.#steadyLeds = [];
    this.#ttyLeds = [];
    this.#options.leds.close();
  }

  // ---- traffic that the kernel shows

  /** LEDs that flash for one on-board UART, and for nothing else. */
  #takeTtyLeds(board: ProfileFacts, ports: readonly PortConfig[]): TtyLedUse[] {
    const flashing = new Map(board.hardware.flatMap(({ leds: { rx, tx } }) => [rx, tx]).flatMap(flashingLed));
    return [...flashing].flatMap(([device, name]) => {
      const users = ports.filter(({ options: { ledRx, ledTx } }) => [ledRx?.device, ledTx?.device].includes(device));
      const paths = new Set(users.map(port => port.device.path));
      const [path = ""] = paths;
      const tty = ON_BOARD.exec(path)?.[1];
      if (paths.size !== 1 || tty === undefined) return [];
      const led = this.#options.leds.openTty(name, device, {
        rx: users.some(port => port.options.ledRx?.device === device),
        tx: users.some(port => port.options.ledTx?.device === device),
      });
      return led === null ? [] : [{ led, device, path, tty }];
    });
  }

  // ---- lights that are switched

  #takeSteadyLeds(board: ProfileFacts): SteadyLedUse[] {
    const uses = new Map<string, { readonly led: BoardLed; readonly isOn: (() => boolean)[] }>();
    const add = (led: BoardLed | null, isOn: () => boolean): void => {
      if (led === null) return;
      const light = uses.get(led.sysfs) ?? { led, isOn: [] };
      light.isOn.push(isOn);
      uses.set(led.sysfs, light);
    };
    const required: (() => boolean)[] = [];
    for (const hardware of board.hardware) {
      const names = [...board.ports].flatMap(([name, one]) => (one === hardware ? [name] : []));
      const fails = () => this.#fails(hardware, names);
      add(hardware.leds.link, () => names.some(name => this.#states.get(name)?.isConnected));
      add(hardware.leds.fault, fails);
      if (hardware.required) required.push(fails);
    }
    const boxFails = () => required.some(fails => fails());
    for (const led of board.boxLeds) {
      if (led.function === "ok") add(led, () => !boxFails());
      if (led.function === "fault") add(led, boxFails);
    }
    return [...uses.values()].map(({ led, isOn }) => ({
      led: this.#options.leds.openSteady(led.id, led.sysfs),
      isOn: () => isOn.some(each => each()),
    }));
  }

  /** Its device is missing, or could not be opened for a connection. */
  #fails({ device }: PortHardware, names: readonly string[]): boolean {
    return !this.#options.nodeWatcher.isPresent(device) || names.some(name => this.#states.get(name)?.isFailing);
  }

  /** Watches every connector, also those that no port serves. */
  #watchDevices(board: ProfileFacts): (() => void)[] {
    return board.hardware.map(({ device }) => this.#options.nodeWatcher.watch(device, () => this.#show()));
  }

  #showPending(): void {
    for (const port of this.#pending) this.#note(port);
    this.#pending.clear();
    this.#show();
  }

  #note(port: ManagedPort): void {
    this.#states.set(port.name, stateOf(port.status()));
  }

  #show(): void {
    for (const { led, isOn } of this.#steadyLeds) led.show(isOn() ? "on" : "off");
    const open = new Set([...this.#states.values()].flatMap(state => state.openDevice ?? []));
    for (const { led, path, tty } of this.#ttyLeds) led.follow(open.has(path) ? tty : null);
  }
}

interface SteadyLedUse {
  readonly led: SteadyLed;
  readonly isOn: () => boolean;
}

interface TtyLedUse {
  readonly led: TtyLed;
  /** Of the LED. */
  readonly device: string;
  /** Of the line. */
  readonly path: string;
  readonly tty: string;
}

interface PortState {
  readonly isConnected: boolean;
  readonly isFailing: boolean;
  readonly openDevice: string | null;
}

function stateOf({ phase, slots, lastError, devicePath }: PortStatus): PortState {
  return {
    isConnected: slots.some(slot => slot !== null),
    isFailing: phase !== "disabled" && lastError !== null,
    openDevice: phase === "open" ? devicePath : null,
  };
}

/** [sysfs name, LED id] of a LED that flashes. LEDs with state 0 are left out: the tty trigger cannot invert. */
function flashingLed(led: BoardLed | null): [string, string][] {
  return led !== null && led.trigger === "transient" && led.state === 1 ? [[led.sysfs, led.id]] : [];
}
