/** A caller who is not let in is told why, and the link ends. */
import { type Link, LinkError } from "../net/link.js";
import { REFUSAL } from "./admission.js";

export function refuse(link: Link, text: string): void {
  tell(link, Buffer.from(text, "latin1"));
  link.close();
}

/** Somebody who is gone already needs no telling. */
export function tell(link: Link, bytes: Uint8Array): void {
  try {
    link.write(bytes);
  } catch (error) {
    if (!(error instanceof LinkError)) throw error;
  }
}

/** Takes a caller whom the TCP wrappers permit, at once unless they have to look something up. */
export function takePermitted(link: Link, permitted: boolean | Promise<boolean>, take: (link: Link) => void): void {
  const decide = (ok: boolean): void => (ok ? take(link) : refuse(link, REFUSAL.denied));
  if (typeof permitted === "boolean") decide(permitted);
  else void permitted.then(decide);
}
