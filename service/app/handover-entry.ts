/** The bundle handover.cjs: the form of a handed-over state, and what a process does with it at its start and meanwhile. */
export { definitionMark } from "../handover/definition.js";
export {
  decodeRecord,
  decodeState,
  encodeRecord,
  encodeState,
  JournalWriter,
  PARTS,
  readJournal,
  SLOT_HEADER_BYTES,
} from "../handover/entry.js";
export { Journal } from "./journal.js";
export { TakenOver } from "./taken-over.js";
