/** Memory that the process has, and does not need any more. */
import { addon } from "./addon.js";

/** Collects the heap twice and gives free pages back to the kernel; 10 to 50 ms on a PC, ten times that on a slow board. */
export const releaseMemory: () => void = addon.releaseMemory;
