/** Carries out what a reload comes to: old and new configuration compared (docs/reference.md, "Reload"). */
import type { Configuration, LedConfig, PortConfig, RotatorConfig } from "../config/configuration.js";
import { type PortStep, planReload, type RotatorStep } from "../config/plan.js";
import type { Registry } from "../port/registry.js";

/** The parts of the daemon that a reload changes. */
export interface ReloadTarget {
  readonly ports: Registry;
  createPort(config: PortConfig): void;
  openRotator(config: RotatorConfig): void;
  /** Its sockets stay open. */
  changeRotator(config: RotatorConfig): void;
  closeRotator(name: string): void;
  /** False for one whose sockets could not be opened. */
  hasRotator(name: string): boolean;
  changeLeds(release: readonly LedConfig[], configure: readonly LedConfig[]): void;
}

/** What is in force afterwards. */
export function applyReload(daemon: ReloadTarget, old: Configuration, next: Configuration): Configuration {
  const plan = planReload(old, next, name => daemon.ports.find(name)?.isFree === false);
  daemon.changeLeds(plan.leds.release, plan.leds.configure);
  // What goes, goes first: what comes may want its number, maybe spelt otherwise.
  for (const step of plan.rotators) rotatorStep(daemon, step);
  for (const step of plan.ports) if (isRemoval(step)) portStep(daemon, step);
  for (const step of plan.ports) if (!isRemoval(step)) portStep(daemon, step);
  // New ones, and those that could not be opened before.
  for (const config of plan.inForce.rotators) if (!daemon.hasRotator(config.name)) daemon.openRotator(config);
  return plan.inForce;
}

function isRemoval(step: PortStep): boolean {
  return step.do === "remove-now" || step.do === "remove-when-free";
}

function portStep(daemon: ReloadTarget, step: PortStep): void {
  switch (step.do) {
    case "keep":
      return;
    case "create":
    case "replace-now":
    case "replace-when-free": {
      const port = daemon.ports.find(step.config.name);
      // A port whose sockets could not be opened at start is not there yet.
      if (port === null) daemon.createPort(step.config);
      else port.reconfigure(step.config, step.do === "replace-now" ? step.disconnectReason : null);
      return;
    }
    case "remove-now":
      daemon.ports.find(step.name)?.removeWhenFree(step.disconnectReason);
      return;
    case "remove-when-free":
      daemon.ports.find(step.name)?.removeWhenFree(null);
      return;
    default:
      step satisfies never;
  }
}

function rotatorStep(daemon: ReloadTarget, step: RotatorStep): void {
  if (step.do === "close") daemon.closeRotator(step.name);
  if (step.do === "change") daemon.changeRotator(step.config);
}
