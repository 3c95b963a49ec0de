/** Host access control: /etc/hosts.allow and /etc/hosts.deny, looked at for every connection, so that edits act at once. */
import { type Stats, statSync } from "node:fs";
import { toBytes } from "../line/bytes.js";
import { type Clock, systemClock } from "../line/clock.js";
import { reasonOf } from "../native/errors.js";
import type { AccessRequest, Answer, LookupGenerator } from "./request.js";
import { evaluateRules, readRules, type Table, type Verdict } from "./rules.js";
import { lookUpInSystem, readText, type SystemLookup } from "./system-lookups.js";

export type { AccessRequest, Endpoint } from "./request.js";
export type { Verdict } from "./rules.js";

export interface HostsAccess {
  /** The verdict itself, unless a rule asks for a name, a user or a command: then a promise. Neither throws nor rejects. */
  check(request: AccessRequest): Verdict | Promise<Verdict>;
}

export interface HostsFiles {
  readonly allow: string;
  readonly deny: string;
}

/** Connections whose look-ups are under way: a peer can start one with every connection. More are turned away. */
const CHECKS_LIMIT = 64;

export function createHostsAccess(
  files: HostsFiles = { allow: "/etc/hosts.allow", deny: "/etc/hosts.deny" },
  system: SystemLookup = lookUpInSystem,
  clock: Clock = systemClock,
): HostsAccess {
  let underWay = 0;
  const [allow, deny] = [new TableFile(files.allow, clock), new TableFile(files.deny, clock)];
  return {
    check(request) {
      const asking = evaluateRules(allow.read(), deny.read(), request);
      const first = answerAtOnce(asking, system, null);
      if ("verdict" in first) return first.verdict;
      if (underWay >= CHECKS_LIMIT) return refuse("too many access checks at once");
      underWay++;
      return answerLater(asking, system, first.answer)
        .catch(error => refuse(`access check failed: ${reasonOf(error)}`))
        .finally(() => underWay--);
    },
  };
}

/** Times of files may be as coarse as 2 s: a file that was changed later than that may change again without a trace. */
const COARSE_MS = 3000;

/** Its rules are kept while the file is the same, so that a connection costs one stat(2) and no read. */
class TableFile {
  readonly #file: string;
  readonly #path: Buffer;
  readonly #clock: Clock;
  /** Null: to be read at the next look. */
  #kept: { readonly table: Table; readonly mark: string } | null = null;

  constructor(file: string, clock: Clock) {
    this.#file = file;
    this.#path = toBytes(file);
    this.#clock = clock;
  }

  read(): Table {
    const stat = this.#look();
    const mark = stat === null ? null : `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    if (this.#kept !== null && this.#kept.mark === mark) return this.#kept.table;
    const table = readTable(this.#file);
    const isOld = stat !== null && this.#clock.date().getTime() - stat.ctimeMs > COARSE_MS;
    this.#kept = mark !== null && isOld && table.state === "read" ? { table, mark } : null;
    return table;
  }

  #look(): Stats | null {
    try {
      return statSync(this.#path, { throwIfNoEntry: false }) ?? null;
    } catch {
      return null; // reading it will tell why
    }
  }
}

function readTable(file: string): Table {
  const { text, failed } = readText(file);
  if (text !== null) return { file, state: "read", rules: readRules(text) };
  const missing = failed instanceof Error && "code" in failed && failed.code === "ENOENT";
  return missing ? { file, state: "missing" } : { file, state: "unreadable", reason: reasonOf(failed) };
}

/** Goes as far as it gets without waiting. */
function answerAtOnce(
  asking: LookupGenerator<Verdict>,
  system: SystemLookup,
  answer: Answer,
): { verdict: Verdict } | { answer: Promise<Answer> } {
  for (let step = asking.next(answer); ; ) {
    if (step.done) return { verdict: step.value };
    const next = system(step.value);
    if (next instanceof Promise) return { answer: next };
    step = asking.next(next);
  }
}

async function answerLater(
  asking: LookupGenerator<Verdict>,
  system: SystemLookup,
  answer: Promise<Answer>,
): Promise<Verdict> {
  for (let pending = answer; ; ) {
    const next = answerAtOnce(asking, system, await pending);
    if ("verdict" in next) return next.verdict;
    pending = next.answer;
  }
}

/** Refuses a connection whose rules cannot be evaluated. */
function refuse(why: string): Verdict {
  return { granted: false, matched: null, warnings: [`error: ${why}`], banner: null };
}
