/** Compiles a profile to lines of ser2net.conf, so that there is one configuration language. */
import type { LogicalLine } from "../config/logical-lines.js";
import { isSolDevice } from "../config/sol-target.js";
import { STANDARD_LINE } from "../line/settings.js";
import { type Json, type Part, placeOf, wholeOf } from "./json.js";
import type { BoardLed, BoardPort, BoardProfile } from "./profile.js";
import { solWords } from "./sol-port.js";

export interface CompiledProfile {
  /** To be read before ser2net.conf, whose lines replace earlier ones. */
  readonly text: string;
  /** To be read after ser2net.conf: CONTROLPORT, of which the first counts. Empty without one. */
  readonly fallback: string;
  /** The lines of both that are not remarks, with the places of their parts in the profile. */
  readonly lines: readonly LogicalLine[];
  readonly fallbackLines: readonly LogicalLine[];
}

/** A part of a line and the keys of the value that it was made of. False: there is none. */
type Word = readonly [text: string | false, ...keys: string[]];

/** A line: a remark, or its parts. The keys begin at this value of the profile. */
interface Written {
  readonly of: Json | Part;
  readonly parts: readonly Word[];
}

/** @param document the profile with its positions; null: there are none */
export function compileProfile(profile: BoardProfile, document: Json | null): CompiledProfile {
  const { name, title, leds, pulses, ports, controlPort } = profile;
  const root = document ?? wholeOf(`${name}.json`);
  const entry = (list: string, id: string): Json | Part => entryOf(document, list, id) ?? partAt(root, [list]);
  const flashing = leds.filter(led => led.trigger === "transient");
  const lines: Written[] = [
    ...flashing.map(led => ({ of: entry("leds", led.id), parts: ledParts(led) })),
    ...pulses.map(({ id, steps }) => ({
      of: entry("pulses", id),
      parts: [[`PULSE:${id}:`], [steps, "steps"]] as const,
    })),
  ];
  const portBlocks = ports.map(port => {
    const of = entryOf(document, "ports", port.id) ?? partAt(root, ["enumerate"]);
    return { remark: `# ${describe(port)}`, lines: portLines(port).map(parts => ({ of, parts })) };
  });
  const control: Written[] =
    controlPort === null ? [] : [{ of: root, parts: [[`CONTROLPORT:${controlPort}`, "controlPort"]] }];
  const texts = [
    `# Board profile ${name}: ${title}`,
    ...lines.map(textOf),
    ...portBlocks.flatMap(block => [block.remark, ...block.lines.map(textOf)]),
  ];
  return {
    text: `${texts.join("\n")}\n`,
    fallback: control.map(line => `${textOf(line)}\n`).join(""),
    lines: [...lines, ...portBlocks.flatMap(block => block.lines)].map(placed),
    fallbackLines: control.map(placed),
  };
}

function ledParts({ id, sysfs, durationMs, state }: BoardLed): Word[] {
  return [
    [`LED:${id}:sysfs:`],
    [`device=${sysfs}`, "sysfs"],
    [` duration=${durationMs}`, "durationMs"],
    [` state=${state}`, "state"],
  ];
}

function portLines(port: BoardPort): (readonly Word[])[] {
  const { id, device, rs485, networkPort } = port;
  const lines: (readonly Word[])[] = [
    [
      [`DEVICE:${id}:`, "id"],
      [device, "device"],
    ],
  ];
  if (rs485 !== undefined) {
    const { delayBeforeMs = 0, delayAfterMs = 0, rtsOnSend = true, rxDuringTx = false } = rs485;
    const values = `${delayBeforeMs}:${delayAfterMs}:${Number(rtsOnSend)}:${Number(rxDuringTx)}`;
    lines.push([[`RS485CONF:${id}:${values}`, "rs485"]]);
  }
  if (port.traceFile !== undefined) lines.push([[`TRACEFILE:${id}:`], [port.traceFile, "traceFile"]]);
  if (networkPort !== undefined) {
    const { state = "telnet", timeoutSeconds = 0 } = port;
    lines.push([
      [networkPort, "networkPort"],
      [`:${state}`, "state"],
      [`:${timeoutSeconds}`, "timeoutSeconds"],
      [`:${id}:`, "device"],
      ...optionWords(port).map(([text, ...keys], at): Word => [at === 0 ? text : ` ${text}`, ...keys]),
    ]);
  }
  return lines;
}

/** Every option that differs from its initial value: no DEFAULT line precedes these lines. */
function optionWords(port: BoardPort): Word[] {
  const { line = {}, lines, leds = {}, holdSeconds = 0 } = port;
  const { speed, dataBits, parity, stopBits } = { ...STANDARD_LINE, ...line };
  // A connector without DCD would never show a carrier.
  const local = line.local ?? (lines !== undefined && !lines.includes("dcd"));
  const tty: Word[] = [
    [`${dataBits}DATABITS`, "line", "dataBits"],
    [parity.toUpperCase(), "line", "parity"],
    [stopBits === 2 ? "2STOPBITS" : "1STOPBIT", "line", "stopBits"],
    [line.flowControl === "rtscts" && "RTSCTS", "line", "flowControl"],
    [line.flowControl === "xonxoff" && "XONXOFF", "line", "flowControl"],
    [local && "LOCAL", "line", "local"],
    [line.hangupWhenDone === true && "HANGUP_WHEN_DONE", "line", "hangupWhenDone"],
    [line.dtr !== undefined && `dtr=${line.dtr}`, "line", "dtr"],
    [line.rts !== undefined && `rts=${line.rts}`, "line", "rts"],
    [port.espAutoReset === true && "esp-auto-reset", "espAutoReset"],
  ];
  const words: Word[] = [
    [String(speed), "line", "speed"],
    ...(isSolDevice(port.device) ? solWords(port).map((word): Word => [word, "sol"]) : tty),
    [port.remctl === true && "remctl", "remctl"],
    [port.kickolduser === true && "kickolduser", "kickolduser"],
    [port.chardelay === false && "-chardelay", "chardelay"],
    [port.maxConnections !== undefined && `max-connections=${port.maxConnections}`, "maxConnections"],
    [holdSeconds !== 0 && `hold=${holdSeconds}`, "holdSeconds"],
    [port.alwaysOpen === true && "always-open", "alwaysOpen"],
    ...memory(port),
    [port.writer !== undefined && port.writer !== "all" && `writer=${port.writer}`, "writer"],
    [port.tellUser === true && "tell-user", "tellUser"],
    [port.telnetEnter === "cr" && "telnet-enter=cr", "telnetEnter"],
    [port.mdns === true && "mdns", "mdns"],
    [leds.rx !== undefined && `led-rx=${leds.rx}`, "leds", "rx"],
    [leds.tx !== undefined && `led-tx=${leds.tx}`, "leds", "tx"],
    [port.rs485 !== undefined && `rs485=${port.id}`, "rs485"],
  ];
  return words.filter(([text]) => text !== false);
}

/** What is kept of the output of the device. */
function memory({ id, replayBytes = 0, traceFile, traceSize = 0, traceKeep, lineTimestamp }: BoardPort): Word[] {
  return [
    [replayBytes !== 0 && `replay=${replayBytes}`, "replayBytes"],
    [traceFile !== undefined && `tr=${id}`, "traceFile"],
    [traceSize !== 0 && `trace-size=${traceSize}`, "traceSize"],
    [traceKeep !== undefined && `trace-keep=${traceKeep}`, "traceKeep"],
    [lineTimestamp === true && "line-timestamp", "lineTimestamp"],
  ];
}

function describe({ label, id, electrical, connector, presence = "optional" }: BoardPort): string {
  return [label ?? id, electrical?.toUpperCase(), connector, presence].filter(part => part !== undefined).join(", ");
}

function textOf({ parts }: Written): string {
  return parts.map(([text]) => text).join("");
}

/** The line as the configuration reads it: an error in a part of it is one in the value that the part was made of. */
function placed({ of, parts }: Written): LogicalLine {
  let text = "";
  const pieces = parts.map(([part, ...keys]) => {
    const place = placeOf(partAt(of, keys));
    const offset = text.length;
    text += part;
    return { offset, line: place.line, place };
  });
  return { text, number: pieces[0]?.line ?? 1, pieces, isUnfinished: false };
}

/** The value of the keys in an object, or the innermost one that exists. */
function partAt(from: Json | Part, keys: readonly string[]): Part {
  let part: Json | Part = from;
  for (const key of keys) {
    const value: Json | undefined = "kind" in part && part.kind === "object" ? part.members.get(key)?.value : undefined;
    if (value === undefined) break;
    part = value;
  }
  return part;
}

function entryOf(document: Json | null, list: string, id: string): Json | undefined {
  const entries = document?.kind === "object" ? document.members.get(list)?.value : undefined;
  return entries?.kind === "list" ? entries.items.find(item => isScalar(item, id)) : undefined;
}

function isScalar(item: Json, id: string): boolean {
  const value = item.kind === "object" ? item.members.get("id")?.value : undefined;
  return value?.kind === "scalar" && value.value === id;
}
