/** METRICS: where the metrics are served (docs/metrics.md). */
import type { Definition } from "./definitions.js";
import { parseNetworkPort, type ServiceLookup } from "./network-port.js";

/** The text, `[HOST,]PORT`, if it is one. */
export function readMetricsPort(
  { text }: { readonly text: string },
  { number }: { readonly number: number },
  { serviceLookup }: { readonly serviceLookup: ServiceLookup },
): Definition<string> {
  const port = parseNetworkPort(text, serviceLookup);
  const isPort = typeof port !== "string" && port.transport === "tcp" && port.port !== 0;
  if (isPort) return { value: text, diagnostics: [] };
  const message = `Invalid metrics port: ${text} on line ${number}`;
  return { value: null, diagnostics: [{ message, expected: "expected METRICS:[<address>,]<TCP port>" }] };
}
