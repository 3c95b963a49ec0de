/** The exports of the bundle handover.cjs, which is loaded where a state is handed over. */
export { decodeRecord, decodeState, encodeRecord, encodeState } from "./codec.js";
export { JournalWriter, readJournal, SLOT_HEADER_BYTES } from "./journal.js";
export { PARTS } from "./state.js";
