/**
 * Makes the manual pages: from man/NAME.SECTION.md, and from the tables of the program where these have `@table NAME`.
 * build.mjs writes them to dist/man. A page is a small part of Markdown: headings, paragraphs, code blocks, and terms with
 * their text in the next line behind `: `.
 */

import { PROFILE } from "../service/board/profile.js";
import type { Schema } from "../service/board/schema.js";
import { CHOICES, RANGES, SIZES, SPEEDS, START_VALUES } from "../service/config/defaults.js";
import { KEYED_WORDS, misplaced, PLAIN_WORDS } from "../service/config/option-table.js";
import type { OptionDraft } from "../service/config/option-words.js";
import { COMMANDS, TARGET_OPTIONS } from "../service/help/commands.js";
import { type CommandHelp, DAEMON, type OptionHelp } from "../service/help/daemon.js";
import type { Text } from "./board-schema.js";
import { TEXTS } from "./board-schema-texts.js";
import { FACT_TEXTS, OPTION_TEXTS, type WordText } from "./option-texts.js";

const VOLUMES: Readonly<Record<string, string>> = {
  "1": "User Commands",
  "5": "File Formats Manual",
  "8": "System Administration",
};
/** Bytes of a line of the source: mandoc tells longer ones. */
const WIDTH = 78;

/** The page in the language of man(7). @param name `ser2net.conf.5` @param source of man/ser2net.conf.5.md */
export function manualPage(name: string, source: string, version: string): string {
  const [, title = "", section = ""] = /^(.+)\.(\d)$/.exec(name) ?? [];
  const [, date = ""] = /^<!-- (\d{4}-\d{2}-\d{2}) -->\n/.exec(source) ?? [];
  if (date === "") throw new Error(`${name}: no date in the first line`);
  const head = `.TH ${title.toUpperCase()} ${section} ${date} "ser2net-edge ${version}" "${VOLUMES[section] ?? ""}"`;
  const text = source.replace(/^<!--.*\n/, "").replace(/^@table (\S+)/gm, (_, table: string) => tableOf(table));
  return `${[head, ".nh", ".ad l", ...blocks(text)].join("\n")}\n`;
}

function* blocks(text: string): Generator<string> {
  let isAfterHeading = true;
  for (const [block] of text.trim().matchAll(/^```[\s\S]*?\n```$|^(?!```)\S(?:[^\n]|\n(?!\n|```|$))*/gm)) {
    const heading = /^(##?) (.*)$/.exec(block);
    const term = /^(`.*)\n: ([\s\S]*)$/.exec(block);
    if (heading !== null) yield `.S${heading[1] === "#" ? "H" : "S"} ${plain(heading[2] ?? "")}`;
    else if (block.startsWith("```")) yield `${isAfterHeading ? "" : ".PP\n"}${codeBlock(block)}`;
    else if (term !== null) yield `.TP\n${inline(term[1] ?? "")}\n${flow(term[2] ?? "")}`;
    else yield `${isAfterHeading ? "" : ".PP\n"}${flow(block)}`;
    isAfterHeading = heading !== null;
  }
}

function codeBlock(block: string): string {
  const lines = block.split("\n").slice(1, -1);
  return [".RS 4", ".nf", ...lines.map(line => atLineStart(code(line))), ".fi", ".RE"].join("\n");
}

/** Words of a paragraph, each sentence on a new line, lines no longer than WIDTH. */
function flow(text: string): string {
  const lines: string[] = [];
  let line = "";
  const words = inline(text.replace(/\n/g, " ").replace(/ +/g, " ")).split(" ");
  for (const [at, word] of words.entries()) {
    const isSentence = /[.?!:]$/.test(words[at - 1] ?? "");
    if (line !== "" && (isSentence || line.length + 1 + word.length > WIDTH)) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map(atLineStart).join("\n");
}

/** `code` is bold, *value* is in italics. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`|\*[^*\s][^*]*\*)/)
    .map(part => {
      if (part.startsWith("`") && part.length > 1) return `\\fB${code(part.slice(1, -1))}\\fR`;
      if (/^\*[^*]+\*$/.test(part)) return `\\fI${code(part.slice(1, -1))}\\fR`;
      return plain(part);
    })
    .join("");
}

function plain(text: string): string {
  return text.replaceAll("\\", "\\e");
}

/** Characters that groff would make typographic ones of. */
function code(text: string): string {
  const marks: Readonly<Record<string, string>> = {
    "\\": "\\e",
    "-": "\\-",
    "'": "\\(aq",
    "`": "\\(ga",
    "^": "\\(ha",
    "~": "\\(ti",
  };
  return text.replace(/[\\\-'`^~]/g, mark => marks[mark] ?? mark);
}

function atLineStart(line: string): string {
  return /^[.']/.test(line) ? `\\&${line}` : line;
}

function tableOf(name: string): string {
  switch (name) {
    case "daemon":
      return DAEMON.options.map(optionRow).join("\n\n");
    case "targets":
      return TARGET_OPTIONS.map(optionRow).join("\n\n");
    case "client":
      return COMMANDS.filter(({ hasTarget }) => hasTarget)
        .map(commandRow)
        .join("\n\n");
    case "other-commands":
      return COMMANDS.filter(({ hasTarget }) => !hasTarget)
        .map(commandRow)
        .join("\n\n");
    case "options":
      return optionWords();
    case "defaults":
      return defaults();
    case "facts":
      return Object.entries(FACT_TEXTS)
        .map(([letter, text]) => `\`\\${letter}\`\n: ${text}`)
        .join("\n\n");
    case "speeds":
      return `${SPEEDS.slice(0, -1).join(", ")} and ${SPEEDS.at(-1)}`;
    case "profile":
      return profileKeys("", PROFILE, TEXTS).join("\n\n");
    default:
      throw new Error(`no table ${name}`);
  }
}

function optionRow({ form, text, isOurs }: OptionHelp): string {
  return `\`${form}\`\n: ${sentence(text)}${isOurs ? " Extension." : ""}`;
}

function commandRow({ forms, summary, options, notes = [], status, hasTarget }: CommandHelp): string {
  const rows = forms.map(([form, text]) => `\`ser2net ${form}\`\n: ${sentence(text || summary)}`);
  const words = options.map(({ form, text }) => `\`${form}\`: ${text}.`);
  const ends = `Exit status: ${status.map(([number, text]) => `${number} ${text}`).join("; ")}.`;
  const more = [...notes.map(sentence), ...words, ...(hasTarget ? [] : [ends])]; // ser2net-client(1) has theirs in a section
  return [rows.join("\n\n"), ...more].join(" ");
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? "" : "."}`;
}

/** The sections of the options of a port line. Throws where a word has no text, or a text no word. */
function optionWords(): string {
  const rows = Object.values(OPTION_TEXTS).flat();
  const told = new Set(
    rows.flatMap(({ words, isFlag }) => (isFlag ? words.flatMap(word => [word, `-${word}`]) : words)),
  );
  const known = [...PLAIN_WORDS.keys(), ...KEYED_WORDS.keys()].filter(word => !SPEEDS.includes(Number(word)));
  const missing = [...known.filter(word => !told.has(word)), ...[...told].filter(word => !known.includes(word))];
  if (missing.length > 0) throw new Error(`scripts/option-texts.ts: ${missing.join(", ")}`);
  return Object.entries(OPTION_TEXTS)
    .map(([title, texts]) => `## ${title}\n\n${texts.map(wordRow).join("\n\n")}`)
    .join("\n\n");
}

function wordRow(row: WordText): string {
  const { words, isFlag, text, isOurs, default: name } = row;
  const forms = words.map(word => `\`${isFlag ? "[-]" : ""}${word}${afterEquals(word, row)}\``);
  const [first = ""] = words;
  const facts = [text];
  const limits = limitsOf(first.replace(/=$/, ""));
  if (limits !== "") facts.push(limits);
  if (name !== undefined && !name.startsWith("remaddr")) facts.push(`\`DEFAULT:${name}\`: ${initial(name)}.`);
  if (KEYED_WORDS.get(first)?.live === false) facts.push("`setportconfig` does not change it.");
  const device = deviceOf(first);
  if (device !== null) facts.push(device);
  if (isOurs) facts.push("Extension.");
  return `${forms.join(", ")}\n: ${facts.join(" ")}`;
}

function afterEquals(word: string, { value }: WordText): string {
  if (!word.endsWith("=")) return "";
  const name = word.slice(0, -1);
  return value ?? (isChoice(name) ? CHOICES[name].join("|") : "");
}

function isChoice(name: string): name is keyof typeof CHOICES {
  return Object.hasOwn(CHOICES, name);
}

function limitsOf(name: string): string {
  const range = Object.entries(RANGES).find(([key]) => key === name)?.[1];
  if (range !== undefined) return `From ${range.min} to ${range.max}.`;
  const most = Object.entries(SIZES).find(([key]) => key === name)?.[1];
  return most === undefined ? "" : `From 0 to ${most}; \`k\` and \`m\` behind the number count 1024 and 1048576.`;
}

/** The value of a DEFAULT before any line sets it. */
function initial(name: keyof typeof START_VALUES): string {
  const value = START_VALUES[name];
  if (value === null) return "left to the driver";
  return typeof value === "boolean" ? String(value) : value === "" ? "empty" : String(value);
}

/** Which devices have the word; null: both. */
function deviceOf(word: string): string | null {
  const sol = {} as OptionDraft["options"]["sol"]; // only whether there is one counts
  const on = (device: OptionDraft["options"]["sol"]) =>
    misplaced(word, { options: { sol: device } } as OptionDraft) === null;
  if (!on(null)) return "SOL devices only.";
  return on(sol) ? null : "Not for SOL devices.";
}

function defaults(): string {
  return Object.keys(START_VALUES)
    .map(key => {
      const name = key as keyof typeof START_VALUES;
      const values = isChoice(key)
        ? `${CHOICES[key].join(" or ")}.`
        : typeof START_VALUES[name] === "boolean"
          ? "A flag: `true`, `false` or a number."
          : key === "parity"
            ? "NONE, EVEN, ODD, MARK or SPACE, in one case."
            : key === "speed"
              ? "One of the rates of the section Speed."
              : key === "remaddr"
                ? "Addresses as behind `remaddr=`; empty admits all."
                : limitsOf(key);
      const isOurs = Object.values(OPTION_TEXTS)
        .flat()
        .some(row => row.isOurs && (row.default === key || row.words.includes(`${key}=`)));
      return `\`DEFAULT:${key}\`\n: ${values} Initially ${initial(name)}.${isOurs ? " Extension." : ""}`;
    })
    .join("\n\n");
}

const PORT_KEYS = PROFILE.keys.ports.schema.of.keys;

/** One row for each key, those of objects in lists as `ports[].id`. */
function profileKeys(path: string, schema: Schema, text: Text): string[] {
  if (schema.is === "list")
    return profileKeys(`${path}[]`, schema.of, typeof text === "object" && "items" in text ? text.items : text);
  if (schema.is !== "object") return [];
  const texts = typeof text === "object" && "keys" in text ? text.keys : {};
  const shared = path === "enumerate" ? Object.keys(PORT_KEYS).filter(name => Object.hasOwn(schema.keys, name)) : [];
  const sharedRow = `\`enumerate.KEY\`\n: These keys are those of a port: ${shared.map(name => `\`${name}\``).join(", ")}.`;
  const own = Object.entries(schema.keys).filter(([name]) => !shared.includes(name));
  const rows = own.flatMap(([name, key]) => {
    const below = texts[name] ?? "";
    const whole = path === "" ? name : `${path}.${name}`;
    const self = typeof below === "string" ? below : below.self;
    const form = formOf(key.schema);
    const row = `\`${whole}\`\n: ${[self, form, key.required ? "Required." : ""].filter(Boolean).join(" ")}`;
    return [row, ...profileKeys(whole, key.schema, below)];
  });
  return shared.length > 0 ? [...rows, sharedRow] : rows;
}

function formOf(schema: Schema): string {
  switch (schema.is) {
    case "integer":
      return `A number from ${schema.min} to ${schema.max}.`;
    case "flag":
      return "True or false.";
    case "choice":
      return `One of: ${schema.of.join(", ")}.`;
    case "text":
      return sentence(schema.what);
    case "list":
      return `A list of at most ${schema.most}.${schema.of.is === "object" ? "" : ` ${formOf(schema.of)}`}`;
    case "object":
      return "";
    default:
      return schema satisfies never;
  }
}
