/** The load of scripts/fleet-load: boards with the connection, topics and payloads of the product, in one process. */
import { VERSION } from "../../service/cli.js";
import { portAsJson } from "../../service/control/listing.js";
import type { BoardEvent, Row } from "../../service/fleet/board-status.js";
import { Broker } from "../../service/fleet/broker.js";
import {
  type BoardName,
  clientIdOf,
  EVENTS,
  eventPayload,
  outputStream,
  portStatusMessage,
  statusMessage,
  streamMessage,
  willOf,
} from "../../service/fleet/messages.js";
import { topicOf } from "../../service/fleet/topics.js";
import { systemClock } from "../../service/line/clock.js";
import { createLog } from "../../service/log/levels.js";
import { createFakeManagedPort } from "../support/fake-managed-port.js";

const OUTPUT_BYTES = 200;
/** As long as that of a spool. */
const EPOCH = "00c0ffee";
/** Of a hundred messages of a board, so many are events. */
const EVENTS_PERCENT = 10;
/** Boards of an idle broker come so many at a time. */
const CONNECTING = 50;

export interface LoadSettings {
  readonly url: string;
  readonly ca: string | null;
  readonly ports: number;
}

/** What the load is asked; each is answered by `LoadAnswer`. */
export type LoadOrder =
  | { readonly order: "boards"; readonly count: number }
  /** @param perSecond of all boards together; null: as many as the broker confirms */
  | { readonly order: "publish"; readonly seconds: number; readonly perSecond: number | null };

export interface LoadAnswer {
  /** Messages of events and output that the broker has confirmed. */
  readonly published: number;
  readonly seconds: number;
}

class SimulatedBoard {
  readonly #name: BoardName;
  readonly #broker: Broker;
  readonly #rows: readonly Row[];
  readonly #numbers = new Map<string, number>();
  #count = 0;

  constructor(board: string, { url, ca, ports }: LoadSettings, born: () => void) {
    this.#name = { prefix: "ser2net", board };
    this.#rows = rowsOf(ports);
    const config = { broker: url, tls: { ca, cert: null, key: null }, login: null };
    const options = { clientId: clientIdOf(this.#name), will: willOf(this.#name) };
    this.#broker = new Broker(
      config,
      options,
      createLog(() => {}),
      systemClock,
      {
        connected: () => void this.#birth().then(born),
        lost: () => {},
        received: () => {},
      },
    );
    this.#broker.start();
  }

  get window(): number {
    return this.#broker.window;
  }

  /** Resolves when the broker has it. */
  async publish(): Promise<void> {
    const at = this.#count++;
    const port = this.#rows[at % this.#rows.length]?.port ?? "";
    const time = new Date().toISOString();
    const stream = at % 100 < EVENTS_PERCENT ? EVENTS : outputStream(port);
    const seq = (this.#numbers.get(stream) ?? 0) + 1;
    this.#numbers.set(stream, seq);
    const event: BoardEvent = { event: "connect", time, port, peer: "192.0.2.7,40112", user: null };
    const payload = stream === EVENTS ? eventPayload(this.#name.board, seq, event) : Buffer.alloc(OUTPUT_BYTES, "x");
    await this.#broker.publish(streamMessage(this.#name, { stream, seq, epoch: EPOCH, time, payload }));
  }

  async #birth(): Promise<void> {
    const { board } = this.#name;
    const about = { board, host: board, version: VERSION, ports: this.#rows.length, daemon: "running", reason: null };
    const status = { state: "online", ...about, dropped: 0, time: new Date().toISOString() };
    const messages = [
      statusMessage(this.#name, status),
      ...this.#rows.map(row => portStatusMessage(this.#name, row.port, row)),
    ];
    const published = Promise.all(messages.map(message => this.#broker.publish(message)));
    this.#broker.subscribe(topicOf("portStatus", { ...this.#name }));
    this.#broker.subscribe(topicOf("command", { ...this.#name }));
    await published;
  }
}

/** As `ports json` tells of ports with one connection. */
function rowsOf(ports: number): readonly Row[] {
  const connection = {
    ...{ id: 1, address: "192.0.2.7", port: 40_112, user: null, bytesFromNet: 0, bytesToNet: 0, since: Date.now() },
    ...{ idleSeconds: 0, fixed: false, writes: true, bytesDropped: 0 },
  };
  const managed = Array.from({ length: ports }, (_, at) =>
    createFakeManagedPort({ name: String(2001 + at), devicePath: `/dev/ttyUSB${at}`, slots: [connection] }),
  );
  const label = (name: string) => ({ label: `console ${name}`, id: `port-${name}` });
  return [...portAsJson(managed, label as never)].map(text => JSON.parse(text));
}

export function runLoad(settings: LoadSettings): void {
  const boards: SimulatedBoard[] = [];
  process.on("message", async (order: LoadOrder) => {
    const begun = performance.now();
    const published = order.order === "boards" ? await connect(order.count) : await publish(boards, order);
    process.send?.({ published, seconds: (performance.now() - begun) / 1000 } satisfies LoadAnswer);
  });

  async function connect(count: number): Promise<number> {
    const one = async (): Promise<void> => {
      while (boards.length < count) await new Promise<void>(born => boards.push(newBoard(born)));
    };
    await Promise.all(Array.from({ length: CONNECTING }, one));
    return 0;
  }

  function newBoard(born: () => void): SimulatedBoard {
    return new SimulatedBoard(`board-${boards.length}`, settings, born);
  }
}

/** Each board has as many messages under way as the product allows; where a rate is given, less. */
async function publish(
  boards: readonly SimulatedBoard[],
  { seconds, perSecond }: Extract<LoadOrder, { order: "publish" }>,
): Promise<number> {
  const begun = performance.now();
  const end = begun + seconds * 1000;
  let [started, confirmed] = [0, 0];
  const isDue = () => perSecond === null || started < ((performance.now() - begun) / 1000) * perSecond;
  const one = async (board: SimulatedBoard): Promise<void> => {
    while (performance.now() < end) {
      if (isDue()) {
        started++;
        await board.publish();
        confirmed++;
      } else await new Promise(resolve => setTimeout(resolve, 10));
    }
  };
  const windows = boards.flatMap(board => Array.from({ length: perSecond === null ? board.window : 1 }, () => board));
  await Promise.all(windows.map(one));
  return confirmed;
}
