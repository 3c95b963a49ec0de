/** A rotator on fake listeners. */
import type { RotatorConfig } from "../../service/config/configuration.js";
import { Rotator } from "../../service/port/rotator.js";
import { readLines } from "../config/read.js";
import type { World } from "./fake-environment.js";

/** The rotator that a configuration line describes, started. */
export function rotate(world: World, line: string): Rotator {
  const [config] = readLines(line).rotators as readonly [RotatorConfig];
  const rotator = new Rotator(config, world.ports, world.environment);
  rotator.start();
  return rotator;
}
