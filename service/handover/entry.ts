/** What the bundle handover.cjs offers: states as bytes, loaded where one is handed over. */
export { decodeRecord, decodeState, encodeRecord, encodeState } from "./codec.js";
export { JournalWriter, readJournal, SLOT_HEADER_BYTES } from "./journal.js";
export { PARTS } from "./state.js";
