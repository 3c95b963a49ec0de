/** IPMI messages between a remote console and a BMC (IPMI 2.0, section 13.8). */

export const NETFN = { app: 0x06, transport: 0x0c } as const;

const BMC = 0x20;
const CONSOLE = 0x81;
/** Two addresses, network function, checksum, sequence, command. */
const HEADER_BYTES = 6;

export interface Command {
  readonly netFn: number;
  readonly command: number;
  readonly data: Uint8Array;
}

export interface Answer {
  readonly completionCode: number;
  /** After the completion code. */
  readonly data: Uint8Array;
}

/** @param sequence 0 to 63; the answer bears the same */
export function encodeCommand({ netFn, command, data }: Command, sequence: number): Uint8Array {
  const message = new Uint8Array(HEADER_BYTES + data.length + 1);
  message.set([BMC, netFn << 2, 0, CONSOLE, sequence << 2, command]);
  message[2] = checksum(message.subarray(0, 2));
  message.set(data, HEADER_BYTES);
  message[message.length - 1] = checksum(message.subarray(3, -1));
  return message;
}

/** The answer to that command, or null for any other message and for a damaged one. */
export function decodeAnswer(message: Uint8Array, { netFn, command }: Command, sequence: number): Answer | null {
  const [to, function_, , from, number, answered, completionCode] = message;
  if (completionCode === undefined || message.length < HEADER_BYTES + 2) return null;
  if (checksum(message.subarray(0, 3)) !== 0 || checksum(message.subarray(3)) !== 0) return null;
  const isAnswer = to === CONSOLE && from === BMC && function_ === (netFn + 1) << 2;
  if (!isAnswer || number === undefined || number >> 2 !== sequence || answered !== command) return null;
  return { completionCode, data: message.subarray(HEADER_BYTES + 1, -1) };
}

/** The byte that makes the sum of all 0; itself 0 for bytes that end in theirs. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return -sum & 0xff;
}
