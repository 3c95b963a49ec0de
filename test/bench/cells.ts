/** The loads: what is sent on how many ports, what of it is reported, and what is asked of the daemon. */
import type { Mode, PeerName } from "./peers.js";
import type { Target } from "./rows.js";

/** quick: seconds, to see that all works; standard: all that has a target; full: every combination that can be paced. */
export const LEVELS = ["quick", "standard", "full"] as const;
export type Level = (typeof LEVELS)[number];
export type Metric = "cpu" | "wakeups" | "rate" | "p50" | "p99" | "max" | "goodput" | AgeMetric;
/** The age of the bytes that leave the device, and of those that reach it. */
export type AgeMetric = "fromDeviceMean" | "fromDeviceP99" | "toDeviceMean" | "toDeviceP99";
export const METRIC_NAMES: Readonly<Record<Metric, string>> = {
  cpu: "CPU ms per MB",
  wakeups: "wake-ups per s",
  rate: "MB/s",
  p50: "p50 µs",
  p99: "p99 µs",
  max: "max µs",
  goodput: "share of the line",
  fromDeviceMean: "age from the device, mean µs",
  fromDeviceP99: "age from the device, p99 µs",
  toDeviceMean: "age to the device, mean µs",
  toDeviceP99: "age to the device, p99 µs",
};

export interface Cell {
  readonly section: "paced" | "growth" | "bulk" | "latency" | "transfers";
  readonly name: string;
  readonly level: Level;
  readonly ports: number;
  readonly speed: number;
  readonly mode: Mode;
  /** For load.c, after the length of the run. */
  readonly plan: string;
  readonly peers: readonly PeerName[];
  readonly metrics: readonly Metric[];
  readonly targets: Partial<Record<Metric, readonly Target[]>>;
}

type Direction = "net" | "device" | "both";
const ARROWS: Readonly<Record<Direction, string>> = {
  net: "device to net",
  device: "net to device",
  both: "both ways",
};
const ALL: readonly PeerName[] = ["edge", "ser2net", "socat", "floor"];
const TELNET: readonly PeerName[] = ["edge", "ser2net"];
const BITS_PER_BYTE = 10; // 8N1
const CPU_TARGETS: readonly Target[] = [{ against: "ser2net", atMost: 0.5 }];
/** One slow port: each wake-up passes on one burst, as in a C program. */
const SLOW_CPU_TARGETS: readonly Target[] = [{ against: "ser2net", atMost: 1 }];
const AGE_TARGETS: readonly Target[] = [{ against: "ser2net", atMost: 1 }];
/** More writes than this in a second one thread does not do in time, whatever it writes to. */
const BURSTS_PER_SECOND = 400_000;
const SPEEDS = [9600, 115_200, 921_600];
const KEYSTROKE_GAP_MS = 20;
const BUSY_PORTS = 31;
/** Slow enough to keep the pace on 256 ports. */
const GROWTH_SPEED = 4800;

export const CELLS: readonly Cell[] = [
  ...pacedCells(),
  ...growthCells(),
  ...bulkCells(),
  ...latencyCells(),
  ...transferCells(),
];

/** Also how rows are found again. */
export function portCount(count: number): string {
  return count === 1 ? "1 port" : `${count} ports`;
}

function pacedCells(): Cell[] {
  const cells: Cell[] = [];
  for (const mode of ["raw", "telnet"] as const)
    for (const speed of [9600, 115_200, 921_600])
      for (const burst of [8, 1])
        for (const direction of ["net", "device", "both"] as const)
          for (const ports of [1, 8, 32, 128]) {
            const streams = direction === "both" ? 2 * ports : ports;
            if ((streams * speed) / BITS_PER_BYTE / burst > BURSTS_PER_SECOND) continue;
            if (speed === 9600 && (mode === "telnet" || burst === 1 || ports === 128)) continue;
            cells.push({
              section: "paced",
              name: `${mode} ${speed}, ${burst}-byte bursts, ${ARROWS[direction]}, ${portCount(ports)}`,
              level: pacedLevel(mode, speed, burst, direction, ports),
              ports,
              speed,
              mode,
              plan: `first paced 0 ${ports} ${direction} ${speed / BITS_PER_BYTE} ${burst}`,
              peers: mode === "raw" ? ALL : TELNET,
              metrics: ["cpu", "wakeups", ...ageMetrics(direction)],
              targets: {
                cpu: speed === 9600 && ports === 1 ? SLOW_CPU_TARGETS : CPU_TARGETS,
                fromDeviceMean: AGE_TARGETS,
                fromDeviceP99: AGE_TARGETS,
              },
            });
          }
  return cells;
}

function pacedLevel(mode: Mode, speed: number, burst: number, direction: Direction, ports: number): Level {
  if (speed === 9600) return direction === "both" ? "standard" : "full";
  const usual = mode === "raw" && speed === 115_200 && burst === 8;
  if (usual && direction !== "both" && (ports === 8 || ports === 32)) return "quick";
  if (usual || (ports === 8 && direction !== "both")) return "standard";
  if (ports === 32 && direction !== "both" && burst === 8) return "standard";
  return "full";
}

function ageMetrics(direction: Direction): AgeMetric[] {
  return [
    ...(direction === "device" ? [] : (["fromDeviceMean", "fromDeviceP99"] as const)),
    ...(direction === "net" ? [] : (["toDeviceMean", "toDeviceP99"] as const)),
  ];
}

/** The cost of one more port. */
function growthCells(): Cell[] {
  return [1, 32, 128, 256].map(ports => ({
    section: "growth",
    name: `raw ${GROWTH_SPEED}, 8-byte bursts, both ways, ${portCount(ports)}`,
    level: ports === 128 ? "standard" : "quick",
    ports,
    speed: GROWTH_SPEED,
    mode: "raw",
    plan: `first paced 0 ${ports} both ${GROWTH_SPEED / BITS_PER_BYTE} 8`,
    peers: ["edge", "ser2net", "floor"],
    metrics: ["cpu", "wakeups", ...ageMetrics("both")],
    targets: {},
  }));
}

function bulkCells(): Cell[] {
  const cells: Cell[] = [];
  for (const mode of ["raw", "telnet"] as const)
    for (const ports of [1, 8])
      for (const direction of ["net", "device", "both"] as const) {
        const socat: Target = { against: "socat", atLeast: 1 };
        const alone: Target[] = [
          { against: "ser2net", atLeast: direction === "net" ? 5 : 3 },
          { against: "floor", atLeast: 0.5 },
        ];
        const hasTarget = mode === "raw" && direction !== "both";
        cells.push({
          section: "bulk",
          name: `${mode}, ${ARROWS[direction]}, ${portCount(ports)}`,
          level: hasTarget && ports === 1 ? "quick" : hasTarget || ports === 1 ? "standard" : "full",
          ports,
          speed: 115_200,
          mode,
          plan: `bulk 0 ${ports} ${direction}`,
          peers: mode === "raw" ? ALL : TELNET,
          metrics: ["rate", "cpu"],
          targets: hasTarget ? { rate: ports === 1 ? [socat, ...alone] : [socat] } : {},
        });
      }
  return cells;
}

function latencyCells(): Cell[] {
  const line = (speed: number) => speed / BITS_PER_BYTE;
  const busy = (direction: Direction) => `paced 1 ${1 + BUSY_PORTS} ${direction} ${line(115_200)} 8`;
  const echo = `echo 0 1 ${line(115_200)} ${KEYSTROKE_GAP_MS}`;
  const echoTargets = {
    p50: [{ against: "ser2net", atMost: 0.3 }],
    p99: [{ against: "ser2net", atMost: 0.6 }],
  } as const;
  const idleTargets = { ...echoTargets, p50: [...echoTargets.p50, { against: "socat", atMost: 1.2 }] } as const;
  const busyTargets = { ...echoTargets, p50: [{ against: "ser2net", atMost: 0.2 }] } as const;
  const tailTargets = { p50: [{ against: "socat", atMost: 1.5 }] } as const;
  const frameTargets = { p50: [{ against: "ser2net", atMost: 0.3 }] } as const;
  const cell = (name: string, level: Level, speed: number, plan: string, targets: Cell["targets"]): Cell => ({
    section: "latency",
    name,
    level,
    ports: 1 + BUSY_PORTS,
    speed,
    mode: "raw",
    plan: `first ${plan}`,
    peers: ALL,
    metrics: ["p50", "p99", "max"],
    targets,
  });
  return [
    cell("keystroke echo, all else idle", "quick", 115_200, echo, idleTargets),
    cell("keystroke echo, 31 ports busy, device to net", "quick", 115_200, `${busy("net")} ${echo}`, busyTargets),
    cell("keystroke echo, 31 ports busy, both ways", "standard", 115_200, `${busy("both")} ${echo}`, busyTargets),
    cell("tail of 8 bytes written at once", "quick", 115_200, `frame 0 8 ${line(115_200)} 20`, frameTargets),
    cell("tail of 8 bytes at 115200", "quick", 115_200, `drip 0 8 ${line(115_200)} 20`, frameTargets),
    cell("tail of 8 bytes at 9600", "standard", 9600, `drip 0 8 ${line(9600)} 30`, {}),
    cell("tail of 64 bytes at 115200", "standard", 115_200, `drip 0 64 ${line(115_200)} 20`, tailTargets),
    cell("tail of 250 bytes at 115200", "standard", 115_200, `drip 0 250 ${line(115_200)} 20`, tailTargets),
  ];
}

/** Blocks that are answered before the next one is sent. */
function transferCells(): Cell[] {
  type Dialogue = readonly [name: string, bytes: number, answer: number, speeds: readonly number[], level: Level];
  const dialogues: readonly Dialogue[] = [
    ["Modbus poll, 8 bytes out, 25 back", 8, 25, SPEEDS, "standard"],
    ...[128, 1024, 4096].flatMap((block): readonly Dialogue[] => [
      [`${block} bytes up, 1 back`, block, 1, SPEEDS, block === 1024 ? "standard" : "full"],
      [`1 byte up, ${block} back`, 1, block, SPEEDS, block === 1024 ? "standard" : "full"],
    ]),
    ["ZMODEM, 16 bytes up, 32 KB back", 16, 32_768, [115_200], "full"],
  ];
  return dialogues.flatMap(([name, bytes, answer, speeds, level]) =>
    speeds.map(speed => ({
      section: "transfers",
      name: `${name}, ${speed}`,
      level: speed === 115_200 && level === "full" ? "standard" : level,
      ports: 1,
      speed,
      mode: "raw",
      plan: `first exchange 0 ${bytes} ${answer} ${speed / BITS_PER_BYTE}`,
      peers: ALL,
      metrics: ["goodput"],
      targets: {
        goodput: [
          { against: "socat", atLeast: 0.98 },
          { against: "ser2net", atLeast: 1 },
        ],
      },
    })),
  );
}
