/** The memory of the process: how V8 takes it, and what is not needed any more. */
import { addon } from "./addon.js";

/** Collects the heap twice and gives free pages back to the kernel; 10 to 50 ms on a PC, ten times that on a slow board. */
export const releaseMemory: () => void = addon.releaseMemory;
