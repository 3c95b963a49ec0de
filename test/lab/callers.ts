/** Connections of each kind to a machine: after each act on its service, all of them go on as if nothing had happened. */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import type { Test } from "tap";
import { Client } from "../support/client.js";
import { ComPort } from "../support/com-port.js";
import type { PtyDevice } from "../support/pty.js";
import { until } from "../support/wait.js";
import { call } from "./appliance.js";
import { type Machine, put } from "./machine.js";

/** The ports beside those of the profile. */
export const PORTS = { raw: 2011, com: 2012, shared: 2013, udp: 2014, many: 2015 } as const;
const TRACE = "/var/log/ser2net/callers";
const CONTROL = 2000;
/** Requests of RFC 2217, and the questions whose answers must not change then: 38400 baud, even parity, DTR off. */
const SETTINGS = [
  ["01 00009600", "01 00000000", "6500009600"],
  ["03 03", "03 00", "6703"],
  ["05 09", "05 07", "6909"],
] as const;

export interface Lines {
  readonly telnet: PtyDevice;
  readonly raw: PtyDevice;
  readonly com: PtyDevice;
  readonly shared: PtyDevice;
  readonly udp: PtyDevice;
  readonly many: PtyDevice;
}

/** Configures the ports; `place` gives the path of a device inside the machine. */
export async function configureCallers(machine: Machine, file: string, place: (name: string) => string): Promise<void> {
  const port = (name: keyof typeof PORTS, state: string, words: string, kind = "") =>
    `${kind}127.0.0.1,${PORTS[name]}:${state}:0:${place(name)}:${words}`;
  await put(machine, file, [
    `TRACEFILE:t:${TRACE}.\\U`,
    port("raw", "raw", "115200"),
    port("com", "telnet", "9600 remctl"),
    port("shared", "raw", "115200 max-connections=2 tb=t"),
    port("udp", "raw", "115200", "udp,"),
    port("many", "raw", "115200 max-connections=1000"),
  ]);
  await machine.run(`chgrp ser2net ${file} && chmod 640 ${file}`);
}

export class Callers {
  readonly telnet: Client;
  readonly raw: Client;
  readonly #lines: Lines;
  readonly #com: ComPort;
  readonly #shared: readonly [Client, Client];
  readonly #udp: Socket;
  readonly #operator: Client;
  /** All that the trace must have. */
  #traced = "";
  #count = 0;

  private constructor(
    lines: Lines,
    telnet: Client,
    raw: Client,
    com: ComPort,
    shared: [Client, Client],
    udp: Socket,
    operator: Client,
  ) {
    this.#lines = lines;
    this.telnet = telnet;
    this.raw = raw;
    this.#com = com;
    this.#shared = shared;
    this.#udp = udp;
    this.#operator = operator;
  }

  static async connect(t: Test, lines: Lines): Promise<Callers> {
    const telnet = await call(t, 2001);
    const raw = await Client.connect(t, PORTS.raw);
    const { com } = await ComPort.agree(t, PORTS.com);
    const shared: [Client, Client] = [await Client.connect(t, PORTS.shared), await Client.connect(t, PORTS.shared)];
    const udp = createSocket("udp4");
    t.teardown(() => udp.close());
    const operator = await Client.connect(t, CONTROL);
    await operator.expect("-> ");
    const callers = new Callers(lines, telnet, raw, com, shared, udp, operator);
    for (const [set, , answer] of SETTINGS) t.equal(await com.ask(set), answer, set);
    await callers.watch();
    await callers.alive();
    return callers;
  }

  /** The control session monitors the shared port: not yet, or not any more after a kill. */
  async watch(): Promise<void> {
    await this.#operator.ask(`monitor term 127.0.0.1,${PORTS.shared}`);
  }

  /** A kill leaves the control session a new prompt. */
  async prompted(): Promise<void> {
    await this.#operator.expect("-> ");
  }

  /** Bytes pass both ways for each of them, and what was set is set. Throws where one has ended or misses a byte. */
  async alive(): Promise<void> {
    const text = `<${++this.#count}>`;
    const { raw, com, shared, udp, telnet } = this.#lines;
    await both(this.telnet, telnet, text);
    await both(this.raw, raw, text);
    await both(this.#com.client, com, text);
    for (const [, ask, answer] of SETTINGS) {
      const is = await this.#com.ask(ask);
      if (is !== answer) throw new Error(`RFC 2217 ${ask}: ${is} instead of ${answer}`);
    }
    const [one, other] = this.#shared;
    await both(one, shared, text);
    await other.expect(text);
    await this.#operator.expect(text);
    this.#traced += text + text;
    this.#udp.send(text, PORTS.udp, "127.0.0.1");
    await udp.expect(text);
    const answer = once(this.#udp, "message");
    udp.send(text);
    if (String((await answer)[0]) !== text) throw new Error(`UDP: ${answer} instead of ${text}`);
  }

  /** The trace has each byte of the shared port once, in one file. */
  async traced(machine: Machine): Promise<void> {
    await until("the trace is complete", async () => (await machine.run(`cat ${TRACE}.*`)) === this.#traced);
  }

  /** All of them are ended. */
  async ended(): Promise<void> {
    const clients = [this.telnet, this.raw, this.#com.client, ...this.#shared, this.#operator];
    await Promise.all(clients.map(client => client.untilEnd()));
  }

  /** Through the session that is there all the time. */
  async operate(command: string): Promise<string> {
    return this.#operator.ask(command);
  }
}

async function both(client: Client, line: PtyDevice, text: string): Promise<void> {
  client.send(text);
  await line.expect(text);
  line.send(text);
  await client.expect(text);
}
