/** The options of a matched rule, hosts_options(5). An error in one denies (docs/reference.md, "Access options"). */
import { type LookupGenerator, type Subject, sameWord, UNKNOWN } from "./request.js";

interface Outcome {
  /** `stands`: the table's own verdict; `unmatched`: as if the rule had not matched, and no later one either. */
  readonly verdict: "stands" | "unmatched" | "granted" | "denied";
  /** The text of `banners` for the client, in latin1. */
  readonly banner: string;
}

export function* applyOptions(text: string, subject: Subject): LookupGenerator<Outcome> {
  const fields = splitFields(text);
  let verdict: Outcome["verdict"] = "stands";
  let banner = "";
  for (const [at, field] of fields.entries()) {
    const effect = yield* applyOption(parseOption(field), at === fields.length - 1, subject);
    if (effect.do === "banner") banner += effect.text;
    else if (effect.do === "match") verdict = effect.matched ? "stands" : "unmatched";
    else if (effect.do === "decide") return { verdict: effect.verdict, banner };
  }
  return { verdict, banner };
}

type Effect =
  | { readonly do: "nothing" }
  | { readonly do: "banner"; readonly text: string }
  | { readonly do: "match"; readonly matched: boolean }
  | { readonly do: "decide"; readonly verdict: "granted" | "denied" };

interface Option {
  readonly name: string;
  readonly value: string;
}

interface Kind {
  readonly value: "none" | "needed" | "optional";
  readonly last?: boolean;
  readonly expanded?: boolean;
}

const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ["user", { value: "needed" }],
  ["group", { value: "needed" }],
  ["umask", { value: "needed" }],
  ["linger", { value: "needed" }],
  ["keepalive", { value: "none" }],
  ["spawn", { value: "needed", expanded: true }],
  ["twist", { value: "needed", expanded: true, last: true }],
  ["rfc931", { value: "optional" }],
  ["setenv", { value: "needed", expanded: true }],
  ["nice", { value: "optional" }],
  ["severity", { value: "needed" }],
  ["allow", { value: "none", last: true }],
  ["deny", { value: "none", last: true }],
  ["banners", { value: "needed" }],
  ["aclexec", { value: "needed", expanded: true }],
]);

const FACILITIES = ["kern", "user", "mail", "daemon", "auth", "lpr", "news", "uucp", "cron"];
const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

const BLANKS = " \t\r\n";
/** A command or a banner line, expanded; the library's buffer. */
const EXPANSION_LIMIT = 8191;
/** All banner text of one rule. */
const BANNER_LIMIT = 65536;

/** Fields are split at every colon but `\:`; brackets mean nothing here. */
function splitFields(text: string): string[] {
  return text.split(/(?<!\\):/).map(field => withoutBlanks(field.replaceAll("\\:", ":")));
}

/** Without those at its ends. A pattern that ends in blanks would look at them anew from each one on. */
function withoutBlanks(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && BLANKS.includes(text.charAt(start))) start++;
  while (start < end && BLANKS.includes(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** `name value`, `name=value`, `name = value`. */
function parseOption(field: string): Option {
  const [, name = "", value = ""] = /^([^= \t\r\n]*)[ \t\r\n]*=?[ \t\r\n]*(.*)$/s.exec(field) ?? [];
  return { name, value };
}

function* applyOption(option: Option, last: boolean, subject: Subject): LookupGenerator<Effect> {
  const kind = KINDS.get(option.name.toLowerCase());
  if (option.name === "") return fault(subject, "missing option name");
  if (kind === undefined) return fault(subject, `bad option name: "${option.name}"`);
  if (kind.value === "needed" && option.value === "") {
    return fault(subject, `option "${option.name}" requires value`);
  }
  if (kind.value === "none" && option.value !== "") {
    return fault(subject, `option "${option.name}" requires no value`);
  }
  if (kind.last === true && !last) return fault(subject, `option "${option.name}" must be at end`);
  if (kind.expanded !== true) return yield* perform(option, subject);
  const value = yield* expand(option.value, subject);
  if (value === null) return fault(subject, `percent_x: expansion too long: ${option.value.slice(0, 30)}...`);
  return yield* perform({ name: option.name, value }, subject);
}

/** umask, nice, user, group and setenv would act on the whole daemon: they are checked, and that is all. */
function* perform({ name, value }: Option, subject: Subject): LookupGenerator<Effect> {
  switch (name.toLowerCase()) {
    case "allow":
      return { do: "decide", verdict: "granted" };
    case "deny":
      return { do: "decide", verdict: "denied" };
    case "aclexec":
      return yield* performAclexec(value, subject);
    case "spawn":
      yield { kind: "command", command: value };
      return { do: "nothing" };
    case "twist":
      return fault(subject, "twist option in resident process");
    case "banners":
      return yield* readBanner(value, subject);
    case "rfc931": {
      if (!/^([+]?0*[1-9]\d*)?$/.test(value)) return fault(subject, `bad rfc931 timeout: "${value}"`);
      yield* subject.user(value === "" ? undefined : Number(value));
      return { do: "nothing" };
    }
    case "umask":
      return acceptIf(/^\+?0*[0-7]{1,3}$/.test(value), subject, `bad umask value: "${value}"`);
    case "nice":
      return acceptIf(/^([+-]?\d+)?$/.test(value), subject, `bad nice value: "${value}"`);
    case "linger":
      return acceptIf(/^\+?\d+$/.test(value), subject, `bad linger value: "${value}"`);
    case "severity":
      return checkSeverity(value, subject);
    case "user":
      return yield* checkUser(value, subject);
    case "group":
      return yield* checkAccount("group", value, subject);
    case "setenv":
      return acceptIf(!/^[^ \t\r\n]*=/.test(value), subject, `bad setenv value: "${value}"`);
    default:
      return { do: "nothing" }; // keepalive: every connection has it
  }
}

function fault(subject: Subject, text: string): Effect {
  subject.fault(text);
  return { do: "decide", verdict: "denied" };
}

function acceptIf(valid: boolean, subject: Subject, text: string): Effect {
  return valid ? { do: "nothing" } : fault(subject, text);
}

/** A command without a known exit status denies: in hosts.deny, "not matched" would admit the client. */
function* performAclexec(command: string, subject: Subject): LookupGenerator<Effect> {
  const status = yield { kind: "command", command };
  if (status === null) return fault(subject, `aclexec did not end: ${command}`);
  if (status !== "0") subject.warnings.push("aclexec returned 1");
  return { do: "match", matched: status === "0" };
}

function checkSeverity(value: string, subject: Subject): Effect {
  const [first = "", ...rest] = value.split(".");
  const [facility, level] = rest.length === 0 ? [null, first] : [first, rest.join(".")];
  const isFacility = (text: string): boolean =>
    /^local[0-7]$/i.test(text) || FACILITIES.some(known => sameWord(known, text));
  const bad =
    facility !== null && !isFacility(facility) ? facility : LEVELS.some(known => sameWord(known, level)) ? null : level;
  return acceptIf(bad === null, subject, `bad syslog facility or severity: "${bad}"`);
}

/** `user` or `user.group`. */
function* checkUser(value: string, subject: Subject): LookupGenerator<Effect> {
  const [user = "", ...rest] = value.split(".");
  const group = rest.length === 0 ? { do: "nothing" as const } : yield* checkAccount("group", rest.join("."), subject);
  return group.do === "nothing" ? yield* checkAccount("user", user, subject) : group;
}

function* checkAccount(of: "user" | "group", name: string, subject: Subject): LookupGenerator<Effect> {
  const found = (yield { kind: "account", of, name }) !== null;
  return acceptIf(found, subject, `unknown ${of}: "${name}"`);
}

function* readBanner(directory: string, subject: Subject): LookupGenerator<Effect> {
  const text = yield { kind: "file", path: `${directory}/${subject.daemon}` };
  if (text === null) {
    const why = yield { kind: "stat", path: directory };
    if (why !== null) subject.warn(`${directory}: ${why}`);
    return { do: "nothing" };
  }
  let banner = "";
  for (const line of text.split(/(?<=\n)/)) {
    const expanded = yield* expand(line.replace("\n", "\r\n"), subject);
    if (expanded === null || banner.length + expanded.length > BANNER_LIMIT) break;
    banner += expanded;
  }
  return { do: "banner", text: banner };
}

/** `%` expansions. What comes from outside is reduced to harmless characters. Null when it grows too long. */
function* expand(text: string, subject: Subject): LookupGenerator<string | null> {
  let result = "";
  for (const part of text.split(/(%.)/s)) {
    const isExpansion = part.length === 2 && part.startsWith("%");
    result += isExpansion
      ? (yield* expansionOf(part.charAt(1), subject)).replace(/[^A-Za-z0-9!@%\-_=+:,./]/g, "_")
      : part;
    if (result.length > EXPANSION_LIMIT) return null;
  }
  return result;
}

function* expansionOf(letter: string, subject: Subject): LookupGenerator<string> {
  const { client, server, daemon } = subject;
  switch (letter) {
    case "a":
      return client.address;
    case "A":
      return server.address;
    case "c":
      return yield* userAtClient(subject);
    case "d":
      return daemon;
    case "h":
      return yield* client.nameOrAddress();
    case "H":
      return yield* server.nameOrAddress();
    case "n":
      return yield* client.name();
    case "N":
      return yield* server.name();
    case "p":
      return (yield { kind: "pid" }) ?? "";
    case "r":
      return String(client.port);
    case "R":
      return String(server.port);
    case "s":
      return yield* daemonAtServer(subject);
    case "u":
      return yield* subject.user();
    case "%":
      return "%";
    default:
      subject.warn(`unrecognized %${letter}`);
      return "";
  }
}

function* userAtClient({ client, userSoFar }: Subject): LookupGenerator<string> {
  const host = yield* client.nameOrAddress();
  return userSoFar === null || sameWord(userSoFar, UNKNOWN) ? host : `${userSoFar}@${host}`;
}

function* daemonAtServer({ daemon, server }: Subject): LookupGenerator<string> {
  const host = yield* server.nameOrAddress();
  return sameWord(host, UNKNOWN) ? daemon : `${daemon}@${host}`;
}
