/** A small board as its serial console shows it: a login, then a shell with a few commands. */

const USER = "demo";
const PASSWORD = "demo";
const BANNER = "\r\nTiny Board 1.2\r\n\r\n";
const HELP = [
  "help           this list",
  "uptime         how long the board has been running",
  "led on|off     switches the led",
  "version        what runs here",
  "reboot         starts the board anew",
  "exit           logs out",
];
const LONGEST_LINE = 200;

export interface Console {
  /** The output of the board when it starts. */
  boot(): string;
  /** The answer to these bytes. */
  input(bytes: string): string;
}

/** `seconds` is the board's clock. */
export function createConsole(seconds: () => number): Console {
  let at: "login" | "password" | "shell" = "login";
  let user = "";
  let line = "";
  let led = "off";
  let booted = seconds();

  const prompts = { login: "board login: ", password: "Password: ", shell: "board$ " };
  const prompt = () => prompts[at];
  const boot = () => {
    at = "login";
    led = "off";
    booted = seconds();
    return BANNER + prompt();
  };

  const commands: Record<string, (argument: string) => string> = {
    help: () => HELP.map(text => `${text}\r\n`).join(""),
    uptime: () => `up ${Math.floor(seconds() - booted)} seconds\r\n`,
    version: () => "Tiny Board 1.2, a simulation\r\n",
    led: argument => {
      if (argument === "on" || argument === "off") led = argument;
      else if (argument !== "") return "usage: led on|off\r\n";
      return `led is ${led}\r\n`;
    },
    reboot: () => {
      at = "login";
      return `Restarting.\r\n${boot()}`;
    },
    exit: () => {
      at = "login";
      return BANNER + prompt();
    },
  };

  const runLine = (text: string): string => {
    if (at === "login") {
      user = text;
      if (text !== "") at = "password";
      return prompt();
    }
    if (at === "password") {
      const welcome = user === USER && text === PASSWORD;
      at = welcome ? "shell" : "login";
      return (welcome ? 'Type "help" for help.\r\n' : "Login incorrect\r\n") + prompt();
    }
    const [word = "", argument = ""] = text.trim().split(/\s+/);
    if (word === "") return prompt();
    const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
    const answer = command ? command(argument) : `${word}: not found\r\n`;
    return word === "reboot" || word === "exit" ? answer : answer + prompt();
  };

  /** Terminals end a line with CR, CR LF or CR NUL; what they type is shown, but for a password. */
  const character = (byte: string): string => {
    if (byte === "\r") {
      const text = line;
      line = "";
      return `\r\n${runLine(text)}`;
    }
    if (byte === "\b" || byte === "\x7f") {
      const shown = line !== "" && at !== "password" ? "\b \b" : "";
      line = line.slice(0, -1);
      return shown;
    }
    if (byte === "\x03") {
      line = "";
      return `^C\r\n${prompt()}`;
    }
    if (byte < " " || line.length >= LONGEST_LINE) return "";
    line += byte;
    return at === "password" ? "" : byte;
  };

  return { boot, input: bytes => [...bytes].map(character).join("") };
}
