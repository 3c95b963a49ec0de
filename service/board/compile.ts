/** Compiles a profile to lines of ser2net.conf, so that there is one configuration language. */
import { isSolDevice } from "../config/sol-target.js";
import { STANDARD_LINE } from "../line/settings.js";
import type { BoardPort, BoardProfile } from "./profile.js";
import { solWords } from "./sol-port.js";

interface CompiledProfile {
  /** To be read before ser2net.conf, whose lines replace earlier ones. */
  readonly text: string;
  /** To be read after ser2net.conf: CONTROLPORT, of which the first counts. Empty without one. */
  readonly fallback: string;
}

export function compileProfile(profile: BoardProfile): CompiledProfile {
  const { name, title, leds, pulses, ports, controlPort } = profile;
  const flashing = leds.filter(led => led.trigger === "transient");
  const lines = [
    `# Board profile ${name}: ${title}`,
    ...flashing.map(led => `LED:${led.id}:sysfs:device=${led.sysfs} duration=${led.durationMs} state=${led.state}`),
    ...pulses.map(({ id, steps }) => `PULSE:${id}:${steps}`),
    ...ports.flatMap(portLines),
  ];
  return { text: `${lines.join("\n")}\n`, fallback: controlPort === null ? "" : `CONTROLPORT:${controlPort}\n` };
}

function portLines(port: BoardPort): string[] {
  const { id, device, rs485, networkPort } = port;
  const lines = [`# ${describe(port)}`, `DEVICE:${id}:${device}`];
  if (rs485 !== undefined) {
    const { delayBeforeMs = 0, delayAfterMs = 0, rtsOnSend = true, rxDuringTx = false } = rs485;
    lines.push(`RS485CONF:${id}:${delayBeforeMs}:${delayAfterMs}:${Number(rtsOnSend)}:${Number(rxDuringTx)}`);
  }
  if (port.traceFile !== undefined) lines.push(`TRACEFILE:${id}:${port.traceFile}`);
  if (networkPort !== undefined) {
    const { state = "telnet", timeoutSeconds = 0 } = port;
    lines.push(`${networkPort}:${state}:${timeoutSeconds}:${id}:${optionWords(port).join(" ")}`);
  }
  return lines;
}

/** Every option that differs from its initial value: no DEFAULT line precedes these lines. */
function optionWords(port: BoardPort): string[] {
  const { line = {}, lines, leds = {}, holdSeconds = 0 } = port;
  const { speed, dataBits, parity, stopBits } = { ...STANDARD_LINE, ...line };
  // A connector without DCD would never show a carrier.
  const local = line.local ?? (lines !== undefined && !lines.includes("dcd"));
  const tty: (string | false)[] = [
    `${dataBits}DATABITS`,
    parity.toUpperCase(),
    stopBits === 2 ? "2STOPBITS" : "1STOPBIT",
    line.flowControl === "rtscts" && "RTSCTS",
    line.flowControl === "xonxoff" && "XONXOFF",
    local && "LOCAL",
    line.hangupWhenDone === true && "HANGUP_WHEN_DONE",
    line.dtr !== undefined && `dtr=${line.dtr}`,
    line.rts !== undefined && `rts=${line.rts}`,
    port.espAutoReset === true && "esp-auto-reset",
  ];
  const words: (string | false)[] = [
    String(speed),
    ...(isSolDevice(port.device) ? solWords(port) : tty),
    port.remctl === true && "remctl",
    port.kickolduser === true && "kickolduser",
    port.chardelay === false && "-chardelay",
    port.maxConnections !== undefined && `max-connections=${port.maxConnections}`,
    holdSeconds !== 0 && `hold=${holdSeconds}`,
    port.alwaysOpen === true && "always-open",
    ...memory(port),
    port.writer !== undefined && port.writer !== "all" && `writer=${port.writer}`,
    port.tellUser === true && "tell-user",
    port.telnetEnter === "cr" && "telnet-enter=cr",
    leds.rx !== undefined && `led-rx=${leds.rx}`,
    leds.tx !== undefined && `led-tx=${leds.tx}`,
    port.rs485 !== undefined && `rs485=${port.id}`,
  ];
  return words.filter(word => word !== false);
}

/** What is kept of the output of the device. */
function memory({ id, replayBytes = 0, traceFile, traceSize = 0, traceKeep, lineTimestamp }: BoardPort) {
  return [
    replayBytes !== 0 && `replay=${replayBytes}`,
    traceFile !== undefined && `tr=${id}`,
    traceSize !== 0 && `trace-size=${traceSize}`,
    traceKeep !== undefined && `trace-keep=${traceKeep}`,
    lineTimestamp === true && "line-timestamp",
  ];
}

function describe({ label, id, electrical, connector, presence = "optional" }: BoardPort): string {
  return [label ?? id, electrical?.toUpperCase(), connector, presence].filter(part => part !== undefined).join(", ");
}
