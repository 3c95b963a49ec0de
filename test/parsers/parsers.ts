/** Every parser of the product that reads what others wrote. */
import { CONFIGURATION_PARSERS } from "./configuration.js";
import type { Parser } from "./parser.js";

export const PARSERS: readonly Parser[] = [...CONFIGURATION_PARSERS];
