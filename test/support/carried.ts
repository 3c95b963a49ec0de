/** Parts of a state as the next process gets them: encoded and decoded. */
import { decodeRecord, encodeRecord } from "../../service/handover/codec.js";
import type { Field } from "../../service/handover/fields.js";
import { SOL_SESSION, type SolSessionState } from "../../service/handover/sol-state.js";
import {
  type ConnectionState,
  type ControlSessionState,
  PARTS,
  type TelnetState,
} from "../../service/handover/state.js";
import { CONNECTION } from "./handed-over-state.js";

export function carriedConnection(connection: ConnectionState): ConnectionState {
  return carried(PARTS.connection, connection);
}

export function carriedTelnet(telnet: TelnetState): TelnetState {
  return carriedConnection({ ...CONNECTION, telnet }).telnet ?? telnet;
}

export function carriedSession(session: ControlSessionState): ControlSessionState {
  return carried(PARTS.controlSession, session);
}

export function carriedSol(session: SolSessionState): SolSessionState {
  return carried(SOL_SESSION, session);
}

function carried<T>(kind: Field<T>, part: T): T {
  const { value, problems } = decodeRecord(kind, encodeRecord(kind, part));
  if (value === null || problems.length > 0) throw new Error(problems.join(", "));
  return value;
}
