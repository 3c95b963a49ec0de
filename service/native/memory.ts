/** The memory of the process: how V8 takes it, and what is not needed any more. */
import { addon } from "./addon.js";

/** Collects the heap twice and gives free pages back to the kernel; 10 to 50 ms on a PC, ten times that on a slow board. */
export const releaseMemory: () => void = addon.releaseMemory;

/** For what is allocated and compiled from now on. Flags that this V8 does not know are reported by it on standard error. */
export const setV8Flags: (flags: string) => void = addon.setV8Flags;
