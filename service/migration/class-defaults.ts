/** The defaults of ser2net 4, which it has by class of layer, as DEFAULT lines. */
import { SPEEDS } from "../config/defaults.js";
import { SERIAL_DEFAULTS, serialDefaults } from "./connector.js";
import type { ImportContext } from "./context.js";
import { OPTION_FLAGS, OPTION_NAMES, OPTION_NUMBERS } from "./port-options.js";
import { SSL_DEFAULTS } from "./ssl.js";
import { readFlag } from "./stack.js";

const OTHER_DEFAULTS: ReadonlySet<string> = new Set([
  "telnet rfc2217",
  "ipmisol speed",
  ...SSL_DEFAULTS.map(name => `ssl ${name}`),
]);

/** Whether a default of ser2net 4 is used here. @param className empty: the base of all classes */
export function hasDefault(className: string, name: string): boolean {
  const isFor = (one: string) => className === "" || className === one;
  return (
    (isFor("serialdev") && SERIAL_DEFAULTS.includes(name)) ||
    (isFor("ser2net") && OPTION_NAMES.includes(name)) ||
    OTHER_DEFAULTS.has(`${className} ${name}`) ||
    (className === "" && (OTHER_DEFAULTS.has(`telnet ${name}`) || OTHER_DEFAULTS.has(`ssl ${name}`)))
  );
}

/** The defaults at the end of the file: `setportconfig` starts from them. All port lines are written out in full. */
export function defaultLines(context: ImportContext): readonly string[] {
  const lines: string[] = [];
  const isSet = (name: string) => context.default("serialdev", name) !== undefined;
  const { speed, dataBits, parity, stopBits, flags } = serialDefaults(context);
  if (isSet("speed") && SPEEDS.includes(speed)) {
    lines.push(
      `DEFAULT:speed:${speed}`,
      `DEFAULT:databits:${dataBits}`,
      `DEFAULT:parity:${parity}`,
      `DEFAULT:stopbits:${stopBits}`,
    );
  }
  for (const [word, isOn] of flags) lines.push(`DEFAULT:${word.toLowerCase()}:${isOn ? 1 : 0}`);
  for (const [name, word] of OPTION_FLAGS) {
    const isOn = readFlag(context.default("ser2net", name) ?? "");
    if (isOn !== null) lines.push(`DEFAULT:${word}:${isOn ? 1 : 0}`);
  }
  for (const name of OPTION_NUMBERS) {
    const value = context.default("ser2net", name);
    if (value !== undefined && /^\d+$/.test(value)) lines.push(`DEFAULT:${name}:${value}`);
  }
  return lines;
}
