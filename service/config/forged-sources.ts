/** Warnings about UDP ports on which a forged sender address has an effect. */
import type { PortConfig } from "./configuration.js";
import type { Diagnostic } from "./diagnostic.js";

/** One warning for each UDP port that admits every address, and sends a banner or ends a connection for a new one. */
export function forgedSourceWarnings(ports: readonly PortConfig[]): Diagnostic[] {
  return ports.flatMap(({ name, state, networkPort, options, file, lineNumber: line, column }): Diagnostic[] => {
    const { banner, kickolduser, remaddr } = options;
    const effects = [...(banner === null ? [] : ["have a banner sent"]), ...(kickolduser ? ["end a connection"] : [])];
    if (state === "off" || networkPort.transport !== "udp" || remaddr !== null || effects.length === 0) return [];
    const message = `A datagram with a forged source address can ${effects.join(" and ")} at network port ${name} on line ${line}`;
    const expected = "remaddr=udp,HOST,PORT admits only known peers";
    return [{ file, line, column, message, expected, isWarning: true }];
  });
}
