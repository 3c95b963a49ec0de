/** Checks of a daemon: its unit, its configuration, its name on the bus, its LEDs. */
import { accessSync, constants, existsSync } from "node:fs";
import { type Finding, fault, note, ok } from "./finding.js";
import { identityOf, nameOf, optionsOf, type Process, readText } from "./processes.js";
import { ask } from "./programs.js";

const POLICY = "/usr/share/dbus-1/system.d/org.ser2net.Ser2net1.conf";
const BUS_NAME = "org.ser2net.Ser2net1";
const LEDS = "/sys/class/leds";
const LOG_LINES = 10;
const UNIT_PROPERTIES = ["LoadState", "ActiveState", "SubState", "Result", "NRestarts", "UnitFileState", "StatusText"];

/** Of the daemon that has no board profile: the folder of its control socket is called so (units/ser2net.service). */
const WITHOUT_PROFILE = "ser2net";

/** The unit of an instance; none where systemd does not run or does not know it. */
export async function checkUnit(instance: string, isAnswering: boolean): Promise<readonly Finding[]> {
  const unit = instance === WITHOUT_PROFILE ? "ser2net.service" : `ser2net@${instance}.service`;
  if (!existsSync("/run/systemd/system")) return [note("unit", "systemd does not run here")];
  const shown = await ask("systemctl", ["show", unit, `--property=${UNIT_PROPERTIES.join(",")}`]);
  if (shown === null || shown.code !== 0) return [note("unit", "systemctl does not answer")];
  const values = new Map(shown.output.split("\n").map(line => [line.split("=")[0] ?? "", line.replace(/^[^=]*=/, "")]));
  const value = (key: string) => values.get(key) ?? "";
  if (value("LoadState") !== "loaded") return [note("unit", `${unit} does not exist`)];
  const state = `${unit}: ${value("ActiveState")} (${value("SubState")}), ${value("StatusText") || "no status"}`;
  const findings = [
    value("ActiveState") === "active"
      ? ok("unit", state)
      : isAnswering
        ? note("unit", `${state}; the daemon runs without it`)
        : fault(
            "unit",
            `${state}, result ${value("Result")}`,
            `journalctl -u ${unit} -n 50; systemctl restart ${unit}`,
          ),
  ];
  if (!["enabled", "enabled-runtime", "generated"].includes(value("UnitFileState"))) {
    findings.push(note("unit", `${unit} does not start at boot`, `systemctl enable ${unit}`));
  }
  const restarts = Number(value("NRestarts"));
  if (restarts > 0) findings.push(note("unit", `restarted ${restarts} times after a failure`, `journalctl -u ${unit}`));
  return findings;
}

/** What `--check` says of the configuration with which it runs. */
export async function checkConfiguration({ pid, argv }: Process): Promise<readonly Finding[]> {
  const checked = await askThisProgram([...reportArguments(argv), "--check"]);
  if (checked === null) return [note("configuration", "Node is not there any more")];
  const lines = checked.output.split("\n").filter(line => line !== "");
  if (lines.length === 0) return [ok("configuration", "without errors")];
  const text = `${lines.length === 1 ? "1 message" : `${lines.length} messages`}\n${lines.slice(0, LOG_LINES).join("\n")}`;
  const cure = `change what is named, then: kill -HUP ${pid}`;
  return [checked.code === 0 ? note("configuration", text, cure) : fault("configuration", text, cure)];
}

/** The configuration in effect, without secrets; null: it cannot be had. */
export async function printedConfiguration({ argv }: Process): Promise<string | null> {
  return (await askThisProgram([...reportArguments(argv), "--print-config"]))?.output ?? null;
}

/** The arguments of a daemon for another run, which serves nothing. */
function reportArguments(argv: readonly string[]): readonly string[] {
  return optionsOf(argv).filter(word => word !== "-d" && word !== "-n");
}

/** Not the program of the daemon: any user can call a process so, and the doctor often runs as root. */
function askThisProgram(args: readonly string[]): ReturnType<typeof ask> {
  return ask(process.execPath, [process.argv[1] ?? "", ...args]);
}

/** The board profile that it serves, and the one that the hardware asks for. */
export async function checkProfile({ argv }: Process): Promise<readonly Finding[]> {
  const at = argv.indexOf("--board");
  const named = at < 0 ? undefined : argv[at + 1];
  if (named === undefined) return [];
  const explained = await askThisProgram(["board", "detect", "--explain"]);
  const detected = /^-> (\S+): /m.exec(explained?.output ?? "")?.[1];
  if (detected === undefined) return [note("profile", `${named}; the board is not recognised`)];
  if (named === "auto" || named === detected) return [ok("profile", detected)];
  if (detected === "generic") return [ok("profile", `${named}; the hardware names none`)];
  return [note("profile", `${named}, but the hardware is ${detected}`, `systemctl enable --now ser2net@${detected}`)];
}

/** Its name on the system bus, where it is started with one. */
export async function checkBus({ pid, argv }: Process): Promise<readonly Finding[]> {
  if (argv[argv.indexOf("--dbus") + 1] !== "system" || !argv.includes("--dbus")) return [];
  const listed = await ask("busctl", ["--system", "list", "--no-legend"]);
  if (listed === null || listed.code !== 0) {
    return [fault("dbus", "the system bus does not answer", "systemctl status dbus")];
  }
  const rows = listed.output.split("\n").map(line => line.split(/\s+/));
  const names = rows.flatMap(([name = "", owner]) =>
    name.startsWith(BUS_NAME) && owner === String(pid) ? [name] : [],
  );
  if (names.length > 0) return [ok("dbus", names.join(", "))];
  const user = nameOf(identityOf(pid)?.uid ?? 0, "/etc/passwd");
  if (!existsSync(POLICY)) {
    return [
      fault("dbus", `it has no name on the bus: ${POLICY} is missing`, "install that file; systemctl reload dbus"),
    ];
  }
  return [
    fault(
      "dbus",
      `it has no name on the bus; the policy lets the user ser2net own it, it runs as ${user}`,
      "systemctl reload dbus",
    ),
  ];
}

/** The directories of its LEDs. @param printed the printed configuration */
export function checkLeds(printed: string): readonly Finding[] {
  const names = [...printed.matchAll(/^LED:[^:]*:sysfs:.*?\bdevice=(\S+)/gm)].map(([, name]) => name ?? "");
  return [...new Set(names)].map(name => {
    const folder = `${LEDS}/${name}`;
    if (!existsSync(folder))
      return fault("leds", `${folder} does not exist`, `ls ${LEDS}; modprobe the driver of the LED`);
    try {
      accessSync(`${folder}/brightness`, constants.W_OK);
      return ok("leds", folder);
    } catch {
      return note(
        "leds",
        `${folder} cannot be written by this user`,
        "systemctl restart ser2net@NAME runs ser2net-leds",
      );
    }
  });
}

/** The last warnings and errors in the journal. */
export async function checkLog(pid: number): Promise<readonly Finding[]> {
  const read = await ask("journalctl", [
    `_PID=${pid}`,
    "-p",
    "warning",
    "-n",
    String(LOG_LINES),
    "-q",
    "--no-pager",
    "-o",
    "short-iso",
  ]);
  if (read === null) return [];
  const lines = read.output.split("\n").filter(line => line !== "");
  if (read.code !== 0) return [note("log", "the journal cannot be read", "run the doctor as root")];
  return lines.length === 0 ? [ok("log", "no warnings")] : [note("log", `last warnings\n${lines.join("\n")}`)];
}

/** The time of the build is not known; no image is older than this. */
const EARLIEST_YEAR = 2025;
const LATEST_YEAR = 2100;

/** A board without a battery starts in 1970, and its logs and certificates with it. */
export async function checkClock(now: Date): Promise<readonly Finding[]> {
  const year = now.getUTCFullYear();
  if (year < EARLIEST_YEAR || year > LATEST_YEAR) {
    return [fault("clock", `it is ${now.toISOString()} here: the clock is not set`, "timedatectl set-ntp true")];
  }
  const told = await ask("timedatectl", ["show", "--property=NTPSynchronized", "--value"]);
  if (told?.output.trim() === "no") {
    return [note("clock", `${now.toISOString()}, not synchronized`, "timedatectl set-ntp true")];
  }
  return [ok("clock", now.toISOString())];
}

/** Whether this user may use the sockets of the daemons, for the text. */
export function machineText(): string {
  const release = /^PRETTY_NAME="?([^"\n]*)/m.exec(readText("/etc/os-release") ?? "")?.[1] ?? "unknown system";
  const kernel = (readText("/proc/version") ?? "").split(" ").slice(0, 3).join(" ");
  return `${release}\n${kernel}\nNode ${process.version} ${process.arch}\n`;
}
