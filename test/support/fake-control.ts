/** A control port with fake operators before it and fake ports behind. */
import { type ControlServer, createControlServer } from "../../service/control/server.js";
import { createFakeLink, type FakeLink } from "./fake-link.js";
import { createFakeManagedPort, type FakeManagedPort } from "./fake-managed-port.js";

export const GREETING = "\xff\xfb\x03\xff\xfb\x01\xff\xfe\x01-> ";

export interface FakeControl {
  readonly server: ControlServer;
  /** What was logged: `error read error for controller port: ...`. */
  readonly logged: string[];
  readonly ports: FakeManagedPort[];
  /** An operator who has been greeted. */
  connect(): FakeLink;
}

export function createFakeControl(ports: FakeManagedPort[] = [createFakeManagedPort()]): FakeControl {
  const logged: string[] = [];
  const note = (level: string) => (text: string) => void logged.push(`${level} ${text}`);
  const log = { error: note("error"), warning: note("warning"), notice: note("notice"), info: note("info") };
  const paused = new Set<() => void>();
  const server = createControlServer({
    ports: { list: () => ports, find: name => ports.find(port => port.known.name === name) ?? null },
    version: "3.5.4",
    log,
    pause(resume) {
      paused.add(resume);
      return () => paused.delete(resume);
    },
  });

  /** Those that pause go on, until nobody does. */
  function settle(link: FakeLink): FakeLink {
    const settleLink = link.settle;
    link.settle = () => {
      let rounds = settleLink();
      while (paused.size > 0) {
        const due = [...paused];
        paused.clear();
        for (const resume of due) resume();
        rounds += due.length + settleLink();
      }
      return rounds;
    };
    return link;
  }

  return {
    server,
    logged,
    ports,
    connect() {
      const link = settle(createFakeLink());
      server.accept(link);
      const greeting = link.take();
      if (greeting !== GREETING) throw new Error(`greeted with ${JSON.stringify(greeting)}`);
      return link;
    },
  };
}

/** What a line is answered, between its echo and the next prompt. */
export function ask(link: FakeLink, line: string): string {
  link.send(`${line}\r`);
  const all = link.take();
  if (!all.startsWith(`${line}\r\n`) || !all.endsWith("-> ")) throw new Error(`answered ${JSON.stringify(all)}`);
  return all.slice(line.length + 2, -3);
}
