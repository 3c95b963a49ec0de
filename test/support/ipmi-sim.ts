/** ipmi_sim (Debian package openipmi): a BMC that others wrote. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Teardown } from "./client.js";
import { type Running, runProgram, temporaryFolder } from "./daemon.js";

/** Users ipmiusr (admin) and opuser (operator). */
export function startSimulator(t: Teardown, udpPort: number, serial: string): Running {
  const folder = temporaryFolder(t);
  const [configuration, commands, state] = [join(folder, "lan.conf"), join(folder, "sim.emu"), join(folder, "state")];
  const levels = ["callback", "user", "operator", "admin"].map(
    level => `    allowed_auths_${level} none md2 md5 straight`,
  );
  mkdirSync(state);
  writeFileSync(
    configuration,
    [
      'name "solbmc"',
      "set_working_mc 0x20",
      "  startlan 1",
      `    addr 127.0.0.1 ${udpPort}`,
      "    priv_limit admin",
      ...levels,
      "    guid a123456789abcdefa123456789abcdef",
      "  endlan",
      `  sol "${serial}" 115200`,
      '  user 2 true "ipmiusr" "test" admin 10 none md2 md5 straight',
      '  user 3 true "opuser" "op" operator 10 none md2 md5 straight',
      "",
    ].join("\n"),
  );
  writeFileSync(
    commands,
    [
      "mc_setbmc 0x20",
      "mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr",
      "sel_enable 0x20 1000 0x0a",
      "mc_enable 0x20",
      "",
    ].join("\n"),
  );
  return runProgram(t, "ipmi_sim", ["-c", configuration, "-f", commands, "-s", state, "-n"]);
}
