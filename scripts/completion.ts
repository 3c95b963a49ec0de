/** Makes the completion for bash and zsh: completion/ with the commands, options and words of the program. For build.mjs. */
import { KEYED_WORDS, PLAIN_WORDS } from "../service/config/option-table.js";
import { COMMANDS, optionWord, TARGET_OPTIONS } from "../service/help/commands.js";
import { type CommandHelp, DAEMON, type OptionHelp } from "../service/help/daemon.js";

/** @param source of completion/ser2net.bash or completion/_ser2net @param words completion/words.sh */
export function completion(source: string, words: string): string {
  return source.replace("@words@", () => `${words.trim()}\n\n# Of the program:\n\n${tables()}`);
}

/** Functions of the shell that print the tables of the program. */
function tables(): string {
  const commands = [DAEMON, ...COMMANDS];
  return [
    shellFunction("_ser2net_commands", [`printf '%s\\n' ${COMMANDS.map(({ name }) => name).join(" ")}`]),
    byCommand(
      "_ser2net_options",
      "$1",
      commands.map(one => [one.name, print([...optionsOf(one).map(optionWord), "--help"])]),
    ),
    byCommand("_ser2net_subcommands", "$1", [["board", print(subcommands("board"))]]),
    byCommand("_ser2net_takes", "$1", [
      [commands.flatMap(takers).join(" | "), "return 0"],
      ["*", "return 1"],
    ]),
    shellFunction("_ser2net_port_words", [print([...PLAIN_WORDS.keys(), ...KEYED_WORDS.keys()])]),
  ].join("\n\n");
}

function shellFunction(name: string, lines: readonly string[]): string {
  return `${name}() {\n${lines.map(line => `  ${line}\n`).join("")}}`;
}

function byCommand(name: string, word: string, cases: readonly (readonly [pattern: string, action: string])[]): string {
  const rows = cases.map(([pattern, action]) => `  ${pattern}) ${action} ;;`);
  return shellFunction(name, [`case ${word} in`, ...rows, "esac"]);
}

/** A word that begins with `-` is not an option of printf, since the format stands before it. */
function print(words: readonly string[]): string {
  return `printf '%s\\n' ${words.join(" ")}`;
}

function optionsOf({ options, hasTarget }: CommandHelp): readonly OptionHelp[] {
  return [...options, ...(hasTarget ? TARGET_OPTIONS : [])];
}

function takers(command: CommandHelp): readonly string[] {
  return optionsOf(command)
    .filter(({ form }) => form.includes(" "))
    .map(option => `"${command.name} ${optionWord(option)}"`);
}

function subcommands(name: string): readonly string[] {
  const forms = COMMANDS.find(command => command.name === name)?.forms ?? [];
  return [...new Set(forms.map(([form]) => form.split(" ")[1] ?? ""))].filter(word => /^[a-z]+$/.test(word));
}
