/** SOL packets: the payload of type 1 (IPMI 2.0, section 15.9). */

/** To the BMC. */
export const OPERATION = {
  nack: 0x40,
  ring: 0x20,
  break: 0x10,
  ctsPause: 0x08,
  dropDcdDsr: 0x04,
  /** Console to BMC. */
  flushInbound: 0x02,
  /** BMC to console. */
  flushOutbound: 0x01,
} as const;

/** From the BMC. */
export const STATUS = { nack: 0x40, unavailable: 0x20, deactivated: 0x10, overrun: 0x08, break: 0x04 } as const;

export const SOL_HEADER_BYTES = 4;
/** The count of accepted characters is one byte. */
export const MAX_DATA_BYTES = 255;
/** Sequence numbers are 1 to 15; 0: the packet carries no data and is not acknowledged. */
export const MAX_SEQUENCE = 15;

export interface SolPacket {
  readonly sequence: number;
  /** Which packet of the receiver is acknowledged (or, with the NACK bit, refused); 0: none. */
  readonly acknowledged: number;
  /** How many characters of that packet were accepted. */
  readonly acceptedCount: number;
  /** OPERATION bits to the BMC, STATUS bits from it. */
  readonly flags: number;
  readonly data: Uint8Array;
}

export function encodeSol({ sequence, acknowledged, acceptedCount, flags, data }: SolPacket): Uint8Array {
  const payload = new Uint8Array(SOL_HEADER_BYTES + data.length);
  payload.set([sequence, acknowledged, acceptedCount, flags]);
  payload.set(data, SOL_HEADER_BYTES);
  return payload;
}

/** Null: too short, or longer than a packet can be. */
export function decodeSol(payload: Uint8Array): SolPacket | null {
  const [sequence = 0, acknowledged = 0, acceptedCount = 0, flags] = payload;
  if (flags === undefined || payload.length > SOL_HEADER_BYTES + MAX_DATA_BYTES) return null;
  const data = payload.subarray(SOL_HEADER_BYTES);
  return { sequence: sequence & 0x0f, acknowledged: acknowledged & 0x0f, acceptedCount, flags, data };
}
