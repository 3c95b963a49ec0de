/**
 * The metrics as text: the exposition format of Prometheus 0.0.4, or OpenMetrics 1.0
 * (https://github.com/prometheus/OpenMetrics, specification/OpenMetrics.md). Pure.
 */

import { isSolDevice } from "../config/sol-target.js";
import { decodeUtf8 } from "../line/bytes.js";
import type { PortCondition, PortStatus } from "../port/status.js";
import type { PortTotals } from "../port/totals.js";

export type Format = "text" | "openmetrics";

export interface DaemonFacts {
  readonly version: string;
  readonly faultyLines: number;
  readonly isDraining: boolean;
  readonly missingDevices: number;
  /** Log lines that were not written, by the limits of docs/units.md. */
  readonly suppressedLines: number;
  /** Longest delay of a turn since the last look, in seconds; null: it is not measured. */
  readonly loopDelaySeconds: number | null;
  /** Null: it is not known. */
  readonly memoryBytes: number | null;
  readonly cpuSeconds: number;
  /** Null: it is not known. */
  readonly openFiles: number | null;
  /** Seconds since 1970. */
  readonly startedSeconds: number;
}

export interface PortFacts {
  readonly status: PortStatus;
  readonly condition: PortCondition;
  readonly totals: PortTotals;
  /** Of the board profile, or empty. */
  readonly label: string;
}

type Sample = readonly [labels: string, value: number | boolean];

interface Family {
  readonly name: string;
  readonly type: "counter" | "gauge";
  readonly help: string;
}

interface PortFamily extends Family {
  /** Labels besides those of the port, and values; none where it is not known. */
  samples(port: PortFacts): readonly Sample[];
}

interface DaemonFamily extends Family {
  samples(daemon: DaemonFacts, ports: readonly PortFacts[]): readonly Sample[];
}

const one = (value: number | boolean | null): readonly Sample[] => (value === null ? [] : [["", value]]);

const DAEMON: readonly DaemonFamily[] = [
  {
    ...{ name: "ser2net_build_info", type: "gauge", help: "Version of the daemon." },
    samples: ({ version }) => [[`version="${version}"`, 1]],
  },
  {
    ...{ name: "process_start_time_seconds", type: "gauge", help: "Start of the process, since 1970." },
    samples: ({ startedSeconds }) => one(startedSeconds),
  },
  {
    ...{ name: "process_cpu_seconds", type: "counter", help: "Processor time, user and system." },
    samples: ({ cpuSeconds }) => one(cpuSeconds),
  },
  {
    ...{ name: "process_resident_memory_bytes", type: "gauge", help: "Resident memory." },
    samples: ({ memoryBytes }) => one(memoryBytes),
  },
  {
    ...{ name: "process_open_fds", type: "gauge", help: "Open descriptors." },
    samples: ({ openFiles }) => one(openFiles),
  },
  {
    name: "ser2net_event_loop_delay_seconds",
    ...{ type: "gauge", help: "Longest delay of the event loop since the last scrape." },
    samples: ({ loopDelaySeconds }) => one(loopDelaySeconds),
  },
  {
    ...{ name: "ser2net_log_lines_suppressed", type: "counter", help: "Log lines that the rate limits held back." },
    samples: ({ suppressedLines }) => one(suppressedLines),
  },
  {
    ...{ name: "ser2net_config_faulty_lines", type: "gauge", help: "Lines with errors in the configuration in force." },
    samples: ({ faultyLines }) => one(faultyLines),
  },
  {
    ...{
      name: "ser2net_required_devices_missing",
      type: "gauge",
      help: "Required devices of the board that are missing.",
    },
    samples: ({ missingDevices }) => one(missingDevices),
  },
  {
    ...{ name: "ser2net_draining", type: "gauge", help: "1 while new connections are refused before an update." },
    samples: ({ isDraining }) => one(isDraining),
  },
  {
    ...{ name: "ser2net_sol_sessions", type: "gauge", help: "Open Serial over LAN consoles." },
    samples: (_, ports) =>
      one(ports.filter(({ status }) => isSolDevice(status.deviceWritten) && status.lineInForce !== null).length),
  },
];

const MODEM_LINES = ["dcd", "cts", "dsr", "ri"] as const;
const ERRORS = { framing: "frame", parity: "parity", overrun: "overrun", break: "break" } as const;

const PORTS: readonly PortFamily[] = [
  {
    ...{ name: "ser2net_port_info", type: "gauge", help: "Device and state of the port, in labels." },
    samples: ({ status }) => [[`device="${escaped(status.devicePath)}",state="${status.state}"`, 1]],
  },
  {
    ...{ name: "ser2net_port_enabled", type: "gauge", help: "0 where the port is off." },
    samples: ({ status }) => one(status.state !== "off"),
  },
  {
    ...{ name: "ser2net_port_served", type: "gauge", help: "0 where the network port cannot be opened." },
    samples: ({ condition }) => one(condition !== "not served"),
  },
  {
    ...{ name: "ser2net_port_device_present", type: "gauge", help: "0 where the device is missing." },
    samples: ({ status }) => one(status.devicePresent),
  },
  {
    ...{ name: "ser2net_port_device_open", type: "gauge", help: "1 while the device is open." },
    samples: ({ status }) => one(status.phase === "open" || status.phase === "closing"),
  },
  {
    ...{ name: "ser2net_port_connections", type: "gauge", help: "Connections." },
    samples: ({ status }) => one(status.slots.filter(slot => slot !== null).length),
  },
  {
    ...{ name: "ser2net_port_connections_limit", type: "gauge", help: "Most connections at a time." },
    samples: ({ status }) => one(status.slots.length),
  },
  {
    ...{ name: "ser2net_port_connects", type: "counter", help: "Connections that were accepted." },
    samples: ({ totals }) => one(totals.connects ?? 0),
  },
  {
    ...{ name: "ser2net_port_refusals", type: "counter", help: "Connections that were refused." },
    samples: ({ totals }) => one(totals.refusals ?? 0),
  },
  {
    ...{ name: "ser2net_port_device_opens", type: "counter", help: "Times the device was opened." },
    samples: ({ totals }) => one(totals.opens ?? 0),
  },
  {
    ...{ name: "ser2net_port_device_open_failures", type: "counter", help: "Times the device could not be opened." },
    samples: ({ totals }) => one(totals.openFailures ?? 0),
  },
  {
    ...{ name: "ser2net_port_device_received_bytes", type: "counter", help: "Bytes from the device." },
    samples: ({ totals, status }) => one((totals.bytesFromDevice ?? 0) + status.bytesFromDevice),
  },
  {
    ...{ name: "ser2net_port_device_sent_bytes", type: "counter", help: "Bytes to the device." },
    samples: ({ totals, status }) => one((totals.bytesToDevice ?? 0) + status.bytesToDevice),
  },
  {
    ...{ name: "ser2net_port_dropped_bytes", type: "counter", help: "Bytes that the device did not take." },
    samples: ({ totals }) => one(totals.dropped ?? 0),
  },
  {
    ...{ name: "ser2net_port_line_errors", type: "counter", help: "Errors and breaks that the driver counts." },
    samples: ({ status: { lineCounters: counters } }) =>
      counters === null ? [] : Object.entries(ERRORS).map(([name, key]) => [`error="${name}"`, counters[key]]),
  },
  {
    ...{ name: "ser2net_port_idle_seconds", type: "gauge", help: "Time since the last byte of a connection." },
    samples: ({ status: { slots } }) => {
      const idle = slots.flatMap(slot => slot?.idleSeconds ?? []);
      return idle.length === 0 ? [] : one(Math.min(...idle));
    },
  },
  {
    ...{ name: "ser2net_port_modem_line", type: "gauge", help: "Modem lines while the device is open." },
    samples: ({ status: { modemState, control } }) => [
      ...(modemState === null ? [] : MODEM_LINES.map((line): Sample => [`line="${line}"`, modemState[line]])),
      ...(control === null ? [] : (["dtr", "rts"] as const).map((line): Sample => [`line="${line}"`, control[line]])),
    ],
  },
];

/** In pieces: one for each family, which may be sent in turns of their own. */
export function* exposition(daemon: DaemonFacts, ports: readonly PortFacts[], format: Format): Generator<string> {
  for (const family of DAEMON) {
    yield head(family, format) +
      family
        .samples(daemon, ports)
        .map(sample => line(family, "", sample))
        .join("");
  }
  const labels = ports.map(({ status, label }) => {
    const named = label === "" ? "" : `,label="${escaped(label)}"`;
    return `port="${escaped(status.name)}"${named}`;
  });
  for (const family of PORTS) {
    let text = head(family, format);
    for (const [at, port] of ports.entries()) {
      for (const sample of family.samples(port)) text += line(family, labels[at] ?? "", sample);
    }
    yield text;
  }
  if (format === "openmetrics") yield "# EOF\n";
}

function head(family: Family, format: Format): string {
  const name = format === "openmetrics" ? family.name : sampleName(family);
  return `# HELP ${name} ${family.help}\n# TYPE ${name} ${family.type}\n`;
}

function sampleName({ name, type }: Family): string {
  return type === "counter" ? `${name}_total` : name;
}

function line(family: Family, portLabels: string, [more, value]: Sample): string {
  const labels = [portLabels, more].filter(text => text !== "").join(",");
  return `${sampleName(family)}${labels === "" ? "" : `{${labels}}`} ${Number(value)}\n`;
}

/** A label value as both formats have it, in UTF-8. */
function escaped(text: string): string {
  return decodeUtf8(text).replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}
