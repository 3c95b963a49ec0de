/** Host access control: /etc/hosts.allow and /etc/hosts.deny, read anew for every connection, so that edits act at once. */
import { reasonOf } from "../native/errors.js";
import type { AccessRequest, Answer, LookupGenerator } from "./request.js";
import { evaluateRules, type Table, type Verdict } from "./rules.js";
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
): HostsAccess {
  let underWay = 0;
  return {
    check(request) {
      const asking = evaluateRules(readTable(files.allow), readTable(files.deny), request);
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

function readTable(file: string): Table {
  const { text, failed } = readText(file);
  if (text !== null) return { file, state: "read", text };
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
