/** A daemon whose ports are SOL consoles, each of a fake BMC of its own in this process. */
import type { Test } from "tap";
import { Client } from "./client.js";
import { Daemon, type Start } from "./daemon.js";
import { type BmcOptions, FakeBmc } from "./fake-bmc.js";
import { portNumbers } from "./ports.js";

export interface SolPortLine {
  readonly bmc?: Partial<BmcOptions>;
  /** Before the address of the BMC. */
  readonly login?: string;
  readonly state?: "raw" | "telnet";
  readonly options?: string;
}

export interface SolPort {
  /** The TCP port of the daemon. */
  readonly port: number;
  readonly name: string;
  readonly bmc: FakeBmc;
  connect(): Promise<Client>;
}

export interface SolPorts<Name extends string> {
  readonly daemon: Daemon;
  readonly ports: Readonly<Record<Name, SolPort>>;
  readonly config: readonly string[];
  /** More numbers of ports. */
  readonly next: () => Promise<number>;
}

/** @param before configuration lines that stand before those of the ports */
export async function serveSol<Name extends string>(
  t: Test,
  lines: Readonly<Record<Name, SolPortLine>>,
  start: Partial<Start> = {},
  before: readonly string[] = [],
): Promise<SolPorts<Name>> {
  const next = await portNumbers(t);
  const controlPort = await next();
  const ports: Partial<Record<Name, SolPort>> = {};
  const config = [...before];
  for (const key of Object.keys(lines) as Name[]) {
    const { bmc: options = {}, login = "-U ipmiusr -P test", state = "raw", options: words = "115200" } = lines[key];
    const bmc = await FakeBmc.start(options);
    t.teardown(() => bmc.stop());
    const port = await next();
    const name = `127.0.0.1,${port}`;
    config.push(`${name}:${state}:0:sol.lan ${login} -p ${bmc.port} 127.0.0.1:${words}`);
    ports[key] = { port, name, bmc, connect: () => Client.connect(t, port) };
  }
  const daemon = await Daemon.start(t, { controlPort, config, foreground: "-d", ...start });
  return { daemon, ports: ports as Record<Name, SolPort>, config, next };
}
