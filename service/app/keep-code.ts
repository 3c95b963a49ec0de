/** Has the program file keep what V8 has compiled so far, for the next start. */
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { launcher } from "../native/launched.js";

/** Nothing where there is no folder for it, or where it is there already. A folder that is read-only is no fault. */
export function keepCode(log: Log): void {
  launcher?.keepCode().catch(error => log.info(`Unable to keep compiled code: ${reasonOf(error)}`));
}
