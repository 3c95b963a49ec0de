/** TLS lines: certificates and keys by name, for `tls=` on port lines and for the control port (docs/tls.md). */
import type { Definition } from "./definitions.js";
import type { TlsConfig } from "./tls-config.js";

const FORM =
  "expected TLS:<name>:cert=<file> key=<file> [ca=<file>] [verify=<none, optional or required>] [allow=<name>,...] [watch=<name>,...] [min=<1.2 or 1.3>] [ciphers=<list>], or psk=<file> in place of cert=, key= and ca=";
const KEYS = ["cert", "key", "ca", "verify", "allow", "watch", "min", "ciphers", "psk"];

/** The words behind `TLS:name:`. The files are not looked at. */
export function readTls(name: string, text: string, line: number, file: string | null): Definition<TlsConfig> {
  const wrong = ({ what, expected = FORM, at = 0 }: Problem): Definition<TlsConfig> => ({
    value: null,
    diagnostics: [{ message: `TLS ${name}: ${what} on line ${line}`, expected, at }],
  });
  if (!/^[^\s,:]+$/.test(name)) return wrong({ what: "invalid name", expected: "expected one word without a comma" });
  const words = new Map<string, string>();
  for (const { 0: word, index: at } of text.matchAll(/[^ \t\r]+/g)) {
    const [, key = "", value = ""] = /^([^=]+)=(.+)$/s.exec(word) ?? [];
    if (!KEYS.includes(key)) return wrong({ what: `not an option: ${word}`, at });
    if (words.has(key)) return wrong({ what: `${key}= is given twice`, at });
    words.set(key, value);
  }
  const settings = settingsOf(key => words.get(key) ?? null);
  return "what" in settings ? wrong(settings) : { value: { name, text, file, line, ...settings }, diagnostics: [] };
}

type Settings = Omit<TlsConfig, "name" | "text" | "file" | "line">;

interface Problem {
  readonly what: string;
  readonly expected?: string;
  readonly at?: number;
}

function settingsOf(word: (key: string) => string | null): Settings | Problem {
  const [cert, key, ca, psk] = [word("cert"), word("key"), word("ca"), word("psk")];
  const [min, verify] = [word("min") ?? "1.2", word("verify") ?? (ca === null ? "none" : "required")];
  if (min !== "1.2" && min !== "1.3") return { what: `invalid min=${min}`, expected: "expected 1.2 or 1.3" };
  if (verify !== "none" && verify !== "optional" && verify !== "required") {
    return { what: `invalid verify=${verify}`, expected: "expected none, optional or required" };
  }
  if (psk !== null && (cert ?? key ?? ca) !== null) return { what: "psk= takes the place of cert=, key= and ca=" };
  if (psk === null && (cert === null || key === null)) return { what: `${cert === null ? "cert" : "key"}= is missing` };
  if (verify !== "none" && ca === null) return { what: `verify=${verify} needs ca=` };
  const [allow, watch] = [listOf(word("allow")), listOf(word("watch"))];
  if ((allow ?? watch) !== null && verify === "none" && psk === null) {
    return { what: "allow= and watch= need verify=required or optional, or psk=" };
  }
  return { cert, key, ca, psk, verify, allow, watch, min, ciphers: word("ciphers") };
}

/** `a,b`; null: not given. */
function listOf(text: string | null): readonly string[] | null {
  return text === null ? null : text.split(",").filter(name => name !== "");
}
