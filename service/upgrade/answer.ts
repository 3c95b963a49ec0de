/** How a daemon answers the command `--upgrade`: by one datagram to a name that follows from its process id. */
import { closeSync } from "node:fs";
import { decodeUtf8, encodeUtf8, toBytes, toText } from "../line/bytes.js";
import { sendUnix, unixDatagram } from "../native/sockets.js";

export interface Answer {
  readonly isDone: boolean;
  /** The result, or why the upgrade was refused. One line. */
  readonly text: string;
}

const [DONE, REFUSED] = ["done ", "refused "];

export function answerName(pid: number): string {
  return `@ser2net-upgrade-${pid}`;
}

/** Sends the answer. Has no effect when no command waits for it, as after a signal from another program. */
export function sendAnswer({ isDone, text }: Answer): void {
  let socket: number;
  try {
    socket = unixDatagram();
  } catch {
    return; // no descriptor is left: the log has the same text
  }
  sendUnix(socket, answerName(process.pid), toBytes(encodeUtf8(`${isDone ? DONE : REFUSED}${text}`)));
  closeSync(socket);
}

/** Null: it is not an answer. */
export function parseAnswer(datagram: Uint8Array): Answer | null {
  const text = decodeUtf8(toText(datagram));
  for (const word of [DONE, REFUSED]) {
    if (text.startsWith(word)) return { isDone: word === DONE, text: text.slice(word.length) };
  }
  return null;
}
