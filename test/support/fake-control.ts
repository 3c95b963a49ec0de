/** A control port with fake operators before it and fake ports behind. */
import type { ControlledDaemon } from "../../service/control/context.js";
import { ControlServer } from "../../service/control/server.js";
import type { Drain } from "../../service/port/drain.js";
import { FakeClock } from "./fake-clock.js";
import { createFakeLink, type FakeLink } from "./fake-link.js";
import { createFakeManagedPort, type FakeManagedPort } from "./fake-managed-port.js";

export const NO_DAEMON: ControlledDaemon = {
  reload: () => [],
  status: () => "0 ports",
  configFile: () => null,
  board: () => null,
  identify: () => false,
  metrics: () => [],
};
export const NO_DRAIN: Drain = { isDraining: false, begin() {}, end() {}, activities: () => [] };

export const GREETING = "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01-> ";

export interface FakeControl {
  readonly server: ControlServer;
  readonly clock: FakeClock;
  /** The log: `error read error for controller port: ...`. */
  readonly logged: string[];
  readonly ports: FakeManagedPort[];
  /** A session that has been greeted. */
  connect(): FakeLink;
  /** The link, whose `settle` ends only when no session pauses. */
  settled(link: FakeLink): FakeLink;
}

export function createFakeControl(ports: FakeManagedPort[] = [createFakeManagedPort()]): FakeControl {
  const logged: string[] = [];
  const note = (level: string) => (text: string) => void logged.push(`${level} ${text}`);
  const log = { error: note("error"), warning: note("warning"), notice: note("notice"), info: note("info") };
  const clock = new FakeClock();
  const server = new ControlServer({
    profile: () => null,
    ports: { list: () => ports, find: name => ports.find(port => port.known.name === name) ?? null },
    version: "3.5.4",
    drain: NO_DRAIN,
    daemon: NO_DAEMON,
    log,
    clock,
  });

  /** Sessions that pause go on, until none pauses. */
  function settle(link: FakeLink): FakeLink {
    const settleLink = link.settle;
    link.settle = () => {
      let rounds = settleLink();
      while (clock.waiting > 0) {
        clock.pass(1);
        rounds += 1 + settleLink();
      }
      return rounds;
    };
    return link;
  }

  return {
    server,
    clock,
    logged,
    ports,
    settled: settle,
    connect() {
      const link = settle(createFakeLink());
      server.accept(link);
      const greeting = link.take();
      if (greeting !== GREETING) throw new Error(`greeted with ${JSON.stringify(greeting)}`);
      return link;
    },
  };
}

/** The answer to a line, between its echo and the next prompt. */
export function ask(link: FakeLink, line: string): string {
  link.send(`${line}\r`);
  const all = link.take();
  if (!all.startsWith(`${line}\r\n`) || !all.endsWith("-> ")) throw new Error(`answered ${JSON.stringify(all)}`);
  return all.slice(line.length + 2, -3);
}
