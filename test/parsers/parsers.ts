/** Every parser of the product that reads what others wrote. */
import { ACCESS_PARSERS } from "./access.js";
import { BOARD_PARSERS } from "./board.js";
import { BYTE_PARSERS } from "./bytes.js";
import { CONFIGURATION_PARSERS } from "./configuration.js";
import { HANDOVER_PARSERS } from "./handover.js";
import { IPMI_PARSERS } from "./ipmi.js";
import { MIGRATION_PARSERS } from "./migration.js";
import { OPERATOR_PARSERS } from "./operators.js";
import type { Parser } from "./parser.js";

export const PARSERS: readonly Parser[] = [
  ...CONFIGURATION_PARSERS,
  ...BOARD_PARSERS,
  ...ACCESS_PARSERS,
  ...OPERATOR_PARSERS,
  ...BYTE_PARSERS,
  ...IPMI_PARSERS,
  ...HANDOVER_PARSERS,
  ...MIGRATION_PARSERS,
];
