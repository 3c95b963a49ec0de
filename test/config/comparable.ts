import type { Configuration } from "../../service/config/configuration.js";

/** All of a configuration but where its lines stand. */
export function substance(configuration: Configuration): unknown {
  const {
    ports,
    rotators,
    leds,
    controlPort,
    controlPortDiagnostic: controlPortFault,
    finalContext: atEnd,
  } = configuration;
  const sorted = (map: ReadonlyMap<string, unknown>) => [...map].sort(([one], [other]) => (one < other ? -1 : 1));
  const unplaced = (line: object) => ({ ...line, file: null, lineNumber: 0 });
  return {
    ports: ports.map(unplaced),
    rotators: rotators.map(unplaced),
    leds,
    controlPort: controlPortFault === null ? controlPort : null,
    defaults: sorted(new Map(Object.entries(atEnd.defaults))),
    texts: sorted(new Map([...atEnd.texts].filter(([, { target }]) => target !== null))), // null: a wrong line
    traceFiles: sorted(atEnd.traceFiles),
    ledNames: sorted(atEnd.leds),
    rs485: sorted(atEnd.rs485),
  };
}
