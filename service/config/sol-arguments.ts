/** `sol.lan -U ADMIN -Pf /etc/ser2net/bmc7 bmc7`: a SOL device and its arguments (docs/sol.md). */
import { type Proposal, suiteNumber } from "../ipmi/suites.js";
import { toBytes } from "../line/bytes.js";
import type { LineDiagnostic, Span } from "./directive.js";
import type { ServiceLookup } from "./network-port.js";
import { SOL_OPTIONS, type SolDraft, startSolDraft } from "./sol-options.js";
import { SOL_PREFIX, type SolTarget } from "./sol-target.js";
import { HIDDEN, holdsSecret, publicForm, type SolWord, splitSolWords } from "./sol-words.js";
import { suggest } from "./suggest.js";

interface SolDevice {
  /** With `***` in place of each secret. */
  readonly path: string;
  readonly target: SolTarget;
  /** Warnings: values that were changed; the device is served all the same. */
  readonly warnings: readonly LineDiagnostic[];
}

/** Suite 3, which OpenIPMI proposes; then suite 17, for BMCs that refuse SHA1. */
const STANDARD_PROPOSALS: readonly Proposal[] = [
  { authentication: 1, integrity: 1, confidentiality: 1 },
  { authentication: 3, integrity: 4, confidentiality: 1 },
];
const SUITES_EXPECTED =
  "expected the algorithms of one cipher suite, all sha1, all md5 or all sha256: -Ra rakp_hmac_sha256 -Ri hmac_sha256";
const FORM = "expected sol.lan [<options>] <host>";
const COLON_HINT = "; the first colon ends a device on a port line: use a DEVICE line or -Pf";

/** No diagnostic shows a secret, wherever in the text it stands. @param device begins with `sol.` */
export function readSolDevice(device: Span, lookup: ServiceLookup): SolDevice | LineDiagnostic {
  const result = readDevice(device.text, lookup);
  const moved = (one: LineDiagnostic): LineDiagnostic => ({ ...one, offset: one.offset + device.offset });
  return "path" in result ? { ...result, warnings: result.warnings.map(moved) } : moved(result);
}

function readDevice(text: string, lookup: ServiceLookup): SolDevice | LineDiagnostic {
  const [head = "", type = "", blank = ""] = /^sol\.([^ \f\n\r\t\v]*)([ \f\n\r\t\v]?)/.exec(text) ?? [];
  if (type !== "lan" || blank !== " ") {
    const shown = /^\w{0,20}$/.test(type) ? type : HIDDEN;
    return { offset: SOL_PREFIX.length, message: `SOL config must start with 'lan ', it was ${shown}`, expected: FORM };
  }
  const words = splitSolWords(text, head.length);
  if (words === null) return invalid(text.length, `expected the end of a quoted text${COLON_HINT}`);
  const draft = startSolDraft();
  const read = takeOptions(words, draft, lookup);
  if ("problem" in read) return read.problem;
  const addresses = readHosts(read.hosts, draft, text);
  if ("message" in addresses) return addresses;
  const proposals = proposalsOf(draft);
  if (proposals === null) return invalid(head.length, SUITES_EXPECTED);
  const { family, password, bmcKey, userName, privilege, lookupByPrivilege, rakp3PrivilegeOnly, integrityBySik } =
    draft;
  const login = {
    ...{ userName: toBytes(userName), privilege, lookupByPrivilege, proposals },
    ...{ rakp3PrivilegeOnly, integrityBySik },
  };
  return {
    path: publicForm(text, draft.secrets),
    target: { addresses, family, login, password, bmcKey },
    warnings: draft.warnings,
  };
}

type Options = { readonly hosts: readonly SolWord[] } | { readonly problem: LineDiagnostic };

/** The first word without `-` ends the options. */
function takeOptions(words: readonly SolWord[], draft: SolDraft, lookup: ServiceLookup): Options {
  let index = 0;
  for (; words[index]?.text.startsWith("-"); index++) {
    const word = words[index];
    if (word === undefined) break;
    const option = SOL_OPTIONS.get(word.text);
    if (option === undefined) return { problem: unknownOption(word) };
    const value = option.hasValue ? words[++index] : word;
    const isMissing = value === undefined || (option.hasValue && !mayBeSecret(word) && SOL_OPTIONS.has(value.text));
    const expected = isMissing ? "expected a value" : option.take(draft, value, lookup);
    if (expected !== null) return { problem: invalid(value?.offset ?? word.end, `${word.text}: ${expected}`) };
  }
  return { hosts: words.slice(index) };
}

/** Options whose value may be any text. */
function mayBeSecret({ text }: SolWord): boolean {
  return text === "-P" || text === "-Rk";
}

/** The word is not shown: it may have a password glued to it. */
function unknownOption({ text, offset }: SolWord): LineDiagnostic {
  if (/^-(P|Rk)/.test(text)) return invalid(offset, `expected a blank behind ${text.startsWith("-P") ? "-P" : "-Rk"}`);
  const near = suggest(text, SOL_OPTIONS.keys());
  const known = [...SOL_OPTIONS.keys()].join(" ");
  return invalid(offset, `expected one of ${known}${near === null ? "" : `; nearest: ${near}`}`);
}

function readHosts(
  hosts: readonly SolWord[],
  { hostCount, ports, family }: SolDraft,
  text: string,
): SolTarget["addresses"] | LineDiagnostic {
  const secretive = holdsSecret(text);
  const missing = `expected ${hostCount === 1 ? "a host" : "two hosts behind -s"}${secretive ? COLON_HINT : ""}`;
  const [first, second] = hosts;
  if (first === undefined || (hostCount === 2 && second === undefined)) return invalid(text.length, missing);
  const surplus = hosts[hostCount];
  if (surplus !== undefined) {
    // It may be the second half of a password with a blank.
    const message = `Extra SOL arguments starting with '${secretive ? HIDDEN : surplus.text}'`;
    const expected =
      hostCount === 1 ? "expected one host, or -s before two; a password with blanks needs quotes" : FORM;
    return { offset: surplus.offset, message, expected };
  }
  for (const { text: host, offset } of hosts) {
    const problem = hostProblem(host, family);
    if (problem !== null) return invalid(offset, problem);
  }
  const address = { host: first.text, port: ports[0] };
  return second === undefined ? [address] : [address, { host: second.text, port: ports[1] }];
}

const IPV6 = /^(?=.*:.*:)[0-9A-Fa-f:.]+(%[0-9A-Za-z_.-]+)?$/;
const IPV4 = /^[0-9.]+$/;
const HOST_NAME = /^[0-9A-Za-z_]([0-9A-Za-z_.-]{0,253}[0-9A-Za-z_.])?$/;

function hostProblem(host: string, family: SolTarget["family"]): string | null {
  if (IPV6.test(host)) return family === 4 ? "expected an IPv4 address behind -4" : null;
  if (!HOST_NAME.test(host)) return "expected a host name or an address; its port is given with -p";
  return family === 6 && IPV4.test(host) ? "expected an IPv6 address behind -6" : null;
}

/** Null: the named algorithms are not those of a supported suite. */
function proposalsOf({ algorithms }: SolDraft): readonly Proposal[] | null {
  if (Object.keys(algorithms).length === 0) return STANDARD_PROPOSALS;
  const { authentication = 1, integrity = 1, confidentiality = 1 } = algorithms;
  const proposal = { authentication, integrity, confidentiality };
  if (authentication === null || integrity === null || confidentiality === null) return [proposal];
  return suiteNumber({ authentication, integrity, confidentiality }) === null ? null : [proposal];
}

function invalid(offset: number, expected: string): LineDiagnostic {
  return { offset, message: "Invalid SOL arguments", expected };
}
