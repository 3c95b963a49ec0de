/** A folder that stands in for /sys/class/leds: plain files, so what was written last is what they hold. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Teardown } from "./client.js";

/** The triggers of a kernel that has all of them (Linux 6.8). */
const TRIGGERS = ["none", "timer", "transient", "tty"];
const FILES = {
  trigger: "[none] timer transient tty",
  max_brightness: "255\n",
  brightness: "0",
  duration: "",
  state: "",
  activate: "",
  ttyname: "",
  rx: "1",
  tx: "1",
};

export class FakeLeds {
  readonly root = mkdtempSync(join(tmpdir(), "leds-"));

  constructor(t: Teardown) {
    t.teardown(() => rmSync(this.root, { recursive: true, force: true }));
  }

  /** Text in place of a file's usual content; null: there is no such file. */
  add(name: string, files: Readonly<Record<string, string | null>> = {}): FakeLed {
    const led = new FakeLed(join(this.root, name));
    mkdirSync(join(this.root, name));
    for (const [file, text] of Object.entries({ ...FILES, ...files })) if (text !== null) led.put(file, text);
    return led;
  }
}

export class FakeLed {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  read(file: string): string {
    return readFileSync(join(this.path, file), "latin1");
  }

  put(file: string, text: string): void {
    writeFileSync(join(this.path, file), text);
  }

  has(file: string): boolean {
    return existsSync(join(this.path, file));
  }

  remove(file: string): void {
    rmSync(join(this.path, file));
  }

  /** The one that is set. */
  get trigger(): string {
    const text = this.read("trigger");
    return /\[(\S+)\]/.exec(text)?.[1] ?? text;
  }

  /** The kernel lists all triggers again, as it does at once. */
  settle(): void {
    this.put("trigger", TRIGGERS.map(name => (name === this.trigger ? `[${name}]` : name)).join(" "));
  }

  get isLit(): boolean {
    return this.read("brightness") !== "0";
  }
}
