/** Texts of `--help` and the line behind a wrong word. Bundled as a file of its own: no daemon that serves needs them. */
import { suggest } from "../config/suggest.js";
import { COMMANDS, optionWord, TARGET_OPTIONS } from "./commands.js";
import { type CommandHelp, DAEMON, type OptionHelp } from "./daemon.js";

/** Columns before the text of an option or a command. */
const INDENT = 26;
const WIDTH = 80;

/** The help of a command, or of the program. @param name `attach`; of another word, the help of the program is given */
export function helpOf(name: string): string {
  const command = COMMANDS.find(one => one.name === name);
  return command === undefined ? programHelp() : commandHelp(command);
}

/**
 * The line that follows the message about a wrong word: where the help is, and the nearest word.
 * @param name of a command, or `daemon` @param word null: a word is missing
 */
export function hintOf(name: string, word: string | null): string {
  const command = COMMANDS.find(one => one.name === name);
  const near = word === null || /^-.$/s.test(word) ? null : nearest(word, command);
  const help = command === undefined ? "ser2net --help" : `ser2net ${name} --help`;
  return `see ${help}${near === null ? "" : ` (did you mean ${near}?)`}\n`;
}

function nearest(word: string, command: CommandHelp | undefined): string | null {
  const words = command === undefined ? programWords() : commandWords(command);
  const near = suggest(word, words);
  const short = word.slice(0, 2); // `-p2000` lacks a blank
  return near ?? (/^-[A-Za-z]./s.test(word) && words.includes(short) ? short : null);
}

function programWords(): readonly string[] {
  return [...DAEMON.options.map(optionWord), "--help", "--version", ...COMMANDS.map(({ name }) => name)];
}

function commandWords(command: CommandHelp): readonly string[] {
  const subcommands = command.forms.map(([form]) => form.split(" ")[1] ?? "").filter(word => /^[a-z]+$/.test(word));
  return [...optionsOf(command).map(optionWord), "--help", ...subcommands];
}

function optionsOf({ options, hasTarget }: CommandHelp): readonly OptionHelp[] {
  return [...options, ...(hasTarget ? TARGET_OPTIONS : [])];
}

function programHelp(): string {
  const commands = COMMANDS.map(({ name, summary }) => row(name, summary));
  return [
    "Usage: ser2net [OPTION]...\n       ser2net COMMAND [WORD]...\n",
    "Without a command: the daemon.\n",
    rows("Options", DAEMON.options),
    `Commands:\n${commands.join("")}`,
    "ser2net COMMAND --help tells more. Manual pages: ser2net(8), ser2net.conf(5),\nser2net-boards(5), ser2net-client(1).\n",
  ].join("\n");
}

function commandHelp(command: CommandHelp): string {
  const { forms, summary, notes = [], status, hasTarget } = command;
  const usage = forms.map(([form], at) => `${at === 0 ? "Usage:" : "      "} ser2net ${form}\n`).join("");
  const texts = forms.filter(([, text]) => text !== "").map(([form, text]) => row(form, text));
  const port = hasTarget && forms.some(([form]) => form.includes("PORT"));
  const more = [...notes, ...(port ? ["PORT is a network port, a label, or the name or path of a device."] : [])];
  return [
    usage,
    texts.length > 0 ? texts.join("") : `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n`,
    ...(more.length > 0 ? [more.map(text => wrapped(text, 0)).join("")] : []),
    ...(command.options.length > 0 ? [rows("Options", command.options)] : []),
    ...(hasTarget ? [rows("Which daemon", TARGET_OPTIONS)] : []),
    `Exit status:\n${status.map(([number, text]) => row(number, text)).join("")}`,
  ].join("\n");
}

function rows(title: string, options: readonly OptionHelp[]): string {
  return `${title}:\n${options.map(({ form, text }) => row(form, text)).join("")}`;
}

/** A word in the left column and its text in the right one, on a line of its own where the word is long. */
function row(word: string, text: string): string {
  const head = `  ${word}`;
  if (head.length + 2 > INDENT) return `${head}\n${wrapped(text, INDENT)}`;
  return `${head.padEnd(INDENT)}${wrapped(text, INDENT).trimStart()}`;
}

/** Lines of at most WIDTH columns, each indented. */
function wrapped(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].map(one => `${" ".repeat(indent)}${one}\n`).join("");
}
