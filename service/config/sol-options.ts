/** The options of a SOL device, by their letters: the grammar of OpenIPMI, and `-Pf`, `-Pc` and SHA256 (docs/sol.md). */
import { PRIVILEGES, type Privilege, SECRET_BYTES, USER_NAME_BYTES } from "../ipmi/settings.js";
import type { Algorithms } from "../ipmi/suites.js";
import type { LineDiagnostic } from "./directive.js";
import type { ServiceLookup } from "./network-port.js";
import type { SolSecret, SolTarget } from "./sol-target.js";
import { HIDDEN, type SolWord } from "./sol-words.js";
import { suggest } from "./suggest.js";

/** The values of the options read so far. */
export interface SolDraft {
  family: SolTarget["family"];
  userName: string;
  privilege: Privilege;
  lookupByPrivilege: boolean;
  rakp3PrivilegeOnly: boolean;
  integrityBySik: boolean;
  /** Only those that were named; null leaves the choice to the BMC. */
  readonly algorithms: { -readonly [Key in keyof Algorithms]?: number | null };
  /** UDP, of the first and of the second host. */
  readonly ports: [number, number];
  hostCount: 1 | 2;
  password: SolSecret;
  bmcKey: SolSecret;
  /** The words with a secret, in the order of the text. */
  readonly secrets: SolWord[];
  readonly warnings: LineDiagnostic[];
}

interface SolOption {
  readonly hasValue: boolean;
  /**
   * What was expected, or null for a valid value. The text never contains the value. For an option without a value,
   * `value` is the option.
   */
  readonly take: (draft: SolDraft, value: SolWord, lookup: ServiceLookup) => string | null;
}

export function startSolDraft(): SolDraft {
  return {
    ...{ family: 0, userName: "", privilege: "admin", lookupByPrivilege: false },
    ...{ rakp3PrivilegeOnly: false, integrityBySik: false, algorithms: {}, ports: [RMCP_PORT, RMCP_PORT] },
    ...{ hostCount: 1, password: { kind: "none" }, bmcKey: { kind: "none" }, secrets: [], warnings: [] },
  };
}

const RMCP_PORT = 623;
/** The limit of OpenIPMI. This program sends one request at a time. */
const MOST_OUTSTANDING = 63;

type Choices<T> = ReadonlyMap<string, T>;

const AUTHENTICATION: Choices<number | null> = new Map([
  ["bmcpick", null],
  ["rakp_none", 0],
  ["rakp_hmac_sha1", 1],
  ["rakp_hmac_md5", 2],
  ["rakp_hmac_sha256", 3], // our own
]);
const INTEGRITY: Choices<number | null> = new Map([
  ["bmcpick", null],
  ["none", 0],
  ["hmac_sha1", 1],
  ["hmac_md5", 2],
  ["hmac_sha256", 4], // our own
]);
const CONFIDENTIALITY: Choices<number | null> = new Map([
  ["bmcpick", null],
  ["none", 0],
  ["aes_cbc_128", 1],
]);
const HACKS: Choices<"rakp3PrivilegeOnly" | "integrityBySik"> = new Map([
  ["intelplus", "rakp3PrivilegeOnly"],
  ["rakp3_wrong_rolem", "rakp3PrivilegeOnly"],
  ["rmcpp_integ_sik", "integrityBySik"],
]);
const PRIVILEGE_NAMES: Choices<Privilege> = new Map(Object.keys(PRIVILEGES).map(name => [name, name as Privilege]));

export const SOL_OPTIONS: ReadonlyMap<string, SolOption> = new Map<string, SolOption>([
  ["-U", withValue(takeUserName)],
  ["-P", withValue((draft, word) => takeText(draft, "password", word))],
  ["-Pf", withValue(takePasswordFile)],
  ["-Pc", withValue(takeCredential)],
  ["-Rk", withValue((draft, word) => takeText(draft, "bmcKey", word))],
  ["-p", withValue((draft, { text }, lookup) => takePort(draft, 0, text, lookup))],
  ["-p2", withValue((draft, { text }, lookup) => takePort(draft, 1, text, lookup))],
  ["-A", withValue((_, { text }) => (text === "rmcp+" ? null : "expected rmcp+, which SOL needs"))],
  ["-L", chosen(PRIVILEGE_NAMES, (draft, privilege) => Object.assign(draft, { privilege }))],
  ["-Ra", chosen(AUTHENTICATION, ({ algorithms }, authentication) => Object.assign(algorithms, { authentication }))],
  ["-Ri", chosen(INTEGRITY, ({ algorithms }, integrity) => Object.assign(algorithms, { integrity }))],
  ["-Rc", chosen(CONFIDENTIALITY, ({ algorithms }, confidentiality) => Object.assign(algorithms, { confidentiality }))],
  ["-H", chosen(HACKS, (draft, hack) => Object.assign(draft, { [hack]: true }))],
  ["-M", withValue((_, { text }) => (isOutstanding(text) ? null : `expected a number from 1 to ${MOST_OUTSTANDING}`))],
  ["-Rl", flag({ lookupByPrivilege: true })],
  ["-s", flag({ hostCount: 2 })],
  ["-4", flag({ family: 4 })],
  ["-6", flag({ family: 6 })],
]);

function withValue(take: SolOption["take"]): SolOption {
  return { hasValue: true, take };
}

function flag(set: Partial<SolDraft>): SolOption {
  const take: SolOption["take"] = draft => {
    Object.assign(draft, set);
    return null;
  };
  return { hasValue: false, take };
}

/** A word that is not one of them is never shown: it may be a secret in the wrong place. */
function chosen<T>(choices: Choices<T>, set: (draft: SolDraft, value: T) => void): SolOption {
  return withValue((draft, { text }) => {
    const choice = choices.get(text);
    if (choice === undefined) {
      const near = suggest(text, choices.keys());
      return `expected one of ${[...choices.keys()].join(", ")}${near === null ? "" : `; nearest: ${near}`}`;
    }
    set(draft, choice);
    return null;
  });
}

function takeUserName(draft: SolDraft, word: SolWord): null {
  draft.userName = cut(draft, word, USER_NAME_BYTES, "user name");
  return null;
}

function takeText(draft: SolDraft, what: "password" | "bmcKey", word: SolWord): string | null {
  draft.secrets.push(word);
  if (word.text === HIDDEN) return `expected the secret itself: ${HIDDEN} is what --print-config shows in its place`;
  const value = cut(draft, word, SECRET_BYTES, what === "password" ? "password" : "BMC key");
  if (what === "password") return takePassword(draft, { kind: "text", value });
  draft.bmcKey = { kind: "text", value };
  return null;
}

function takePasswordFile(draft: SolDraft, { text: path }: SolWord): string | null {
  return path.startsWith("/") ? takePassword(draft, { kind: "file", path }) : "expected the absolute path of a file";
}

function takeCredential(draft: SolDraft, { text: name }: SolWord): string | null {
  const isName = /^(?!\.\.?$)[A-Za-z0-9_.:@-]{1,255}$/.test(name);
  return isName ? takePassword(draft, { kind: "credential", name }) : "expected the name of a credential of systemd";
}

function takePassword(draft: SolDraft, secret: SolSecret): string | null {
  const { kind } = draft.password;
  if (kind !== "none" && kind !== secret.kind) return "expected only one of -P, -Pf and -Pc";
  draft.password = secret;
  return null;
}

/** Cuts a text to its longest length, with a warning, as OpenIPMI does. */
function cut({ warnings }: SolDraft, { text, offset }: SolWord, bytes: number, what: string): string {
  if (text.length > bytes) {
    const expected = `IPMI carries ${bytes} bytes of it; the rest is left out`;
    warnings.push({ offset, message: `SOL ${what} is too long`, expected });
  }
  return text.slice(0, bytes);
}

function takePort({ ports }: SolDraft, index: 0 | 1, text: string, lookup: ServiceLookup): string | null {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : lookup(text, "udp");
  if (port === null || port < 1 || port > 65_535) return "expected a UDP port from 1 to 65535 or the name of a service";
  ports[index] = port;
  return null;
}

function isOutstanding(text: string): boolean {
  return /^[0-9]{1,2}$/.test(text) && Number(text) >= 1 && Number(text) <= MOST_OUTSTANDING;
}
