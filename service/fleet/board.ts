/** What the fleet process publishes of its board: birth, will, the status of each port, events and output. */
import { hostname } from "node:os";
import { VERSION } from "../cli.js";
import type { Cancel, Clock } from "../line/clock.js";
import type { Log } from "../log/log.js";
import { reasonOf } from "../native/errors.js";
import { type BoardEvent, comparable, eventOfLine, eventsBetween, type Row } from "./board-status.js";
import { Broker } from "./broker.js";
import { CommandRunner } from "./commands.js";
import type { FleetConfig } from "./config.js";
import { DaemonSession } from "./daemon-session.js";
import {
  clientIdOf,
  EVENTS,
  eventPayload,
  outputStream,
  portStatusMessage,
  statusMessage,
  streamMessage,
  willOf,
} from "./messages.js";
import { Publisher } from "./publisher.js";
import { Spool } from "./spool.js";
import { encodeLevel, topicOf } from "./topics.js";

const POLL_MS = 1000;

export class Board {
  readonly #config: FleetConfig;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #spool: Spool;
  readonly #broker: Broker;
  readonly #publisher: Publisher;
  readonly #daemon: DaemonSession;
  readonly #commands: CommandRunner;
  readonly #rows = new Map<string, Row>();
  /** Ports whose output this session with the daemon sends. */
  readonly #followed = new Set<string>();
  #daemonAway: string | null = "not connected yet";
  #publishedStatus = "";
  #cancelProblem: Cancel | null = null;

  /** Throws the system's error: the spool cannot be opened. */
  constructor(config: FleetConfig, spoolFolder: string, log: Log, clock: Clock) {
    this.#config = config;
    this.#log = log;
    this.#clock = clock;
    this.#spool = new Spool(spoolFolder, config.spoolBytes, clock);
    const identity = { clientId: clientIdOf(config), will: willOf(config) };
    this.#broker = new Broker(config, identity, log, clock, {
      connected: () => this.#connected(),
      lost: () => {},
      received: (topic, packet) => this.#received(topic, packet),
    });
    this.#publisher = new Publisher(this.#spool, this.#broker, entry => streamMessage(config, entry), log);
    this.#daemon = new DaemonSession(config.socket, POLL_MS, clock, {
      rows: rows => this.#takeRows(rows),
      logged: line => this.#note(eventOfLine(line)),
      output: (port, bytes, time) => this.#append(outputStream(port), time, () => bytes),
      dropped: count => this.#note({ event: "dropped", time: this.#now(), by: "daemon", count }),
      connected: () => this.#daemonIs(null),
      away: reason => this.#daemonIs(reason),
    });
    this.#commands = new CommandRunner(config, this.#rows, this.#broker, event => this.#note(event), clock);
  }

  start(): void {
    this.#broker.start();
    this.#daemon.start();
  }

  /** Says that it ends, where there is a connection. */
  async stop(): Promise<void> {
    this.#daemon.close();
    this.#cancelProblem?.();
    const offline = statusMessage(this.#config, { state: "offline", reason: "stopped" });
    if (this.#broker.isConnected) void this.#broker.publish(offline);
    await this.#broker.close();
    this.#spool.close();
  }

  #now(): string {
    return this.#clock.date().toISOString();
  }

  #connected(): void {
    this.#publishedStatus = "";
    this.#publishStatus();
    for (const row of this.#rows.values()) this.#publishPort(row);
    const { prefix, board } = this.#config;
    this.#broker.subscribe(topicOf("portStatus", { prefix, board }));
    this.#broker.subscribe(topicOf("command", { prefix, board }));
    this.#publisher.begin();
  }

  #received(topic: string, packet: Parameters<CommandRunner["run"]>[1]): void {
    if (topic.endsWith("/status")) this.#takeStatus(topic, packet.payload);
    else void this.#commands.run(topic, packet);
  }

  /** The status of a port that is not there any more is removed from the broker. */
  #takeStatus(topic: string, payload: string | Buffer): void {
    const isKnown = [...this.#rows.keys()].some(port => topic.endsWith(`/${encodeLevel(port)}/status`));
    if (this.#daemonAway === null && !isKnown && payload.length > 0) {
      void this.#broker.publish({ topic, payload: "", retain: true });
    }
  }

  /** Lines of the log tell what happened to connections; what no line tells is seen here. */
  #takeRows(rows: readonly Row[]): void {
    const time = this.#now();
    for (const row of rows) {
      const before = this.#rows.get(row.port);
      this.#rows.set(row.port, row);
      for (const event of eventsBetween(before, row, time)) this.#note(event);
      if (before === undefined || comparable(before) !== comparable(row)) this.#publishPort(row);
      this.#follow(row);
    }
    const names = new Set(rows.map(({ port }) => port));
    for (const port of [...this.#rows.keys()].filter(one => !names.has(one))) {
      this.#rows.delete(port);
      this.#followed.delete(port);
      void this.#broker.publish(portStatusMessage(this.#config, port, null));
    }
    this.#tellDropped(time);
    this.#publishStatus();
  }

  #follow({ port, label, id }: Row): void {
    const isWanted = this.#config.output.some(one => [port, label, id, "*"].includes(one));
    if (!isWanted || this.#followed.has(port)) return;
    this.#followed.add(port);
    this.#daemon.follow(port);
  }

  /** While the broker is away, the spool would drop the event in its turn, with its counts. */
  #tellDropped(time: string): void {
    if (!this.#broker.isConnected) return;
    const isTold = this.#spool.appendDropped(EVENTS, time, (seq, streams) => {
      return eventPayload(this.#config.board, seq, { event: "dropped", time, by: "spool", streams });
    });
    if (isTold) this.#publisher.proceed();
  }

  #daemonIs(away: string | null): void {
    if (away !== null) this.#followed.clear();
    this.#daemonAway = away;
    const state = away === null ? "running" : "away";
    this.#note({ event: "daemon", time: this.#now(), state, reason: away });
    this.#publishStatus();
  }

  #note(event: BoardEvent): void {
    this.#append(EVENTS, event.time, seq => eventPayload(this.#config.board, seq, event));
  }

  #append(stream: string, time: string, payloadOf: (seq: number) => Uint8Array): void {
    try {
      this.#spool.append(stream, time, payloadOf);
    } catch (error) {
      // Once a minute: each message fails while the disk is full.
      if (this.#cancelProblem === null) this.#log.error(`the spool takes nothing: ${reasonOf(error)}`);
      this.#cancelProblem ??= this.#clock.after(60_000, () => {
        this.#cancelProblem = null;
      });
      return;
    }
    this.#publisher.proceed();
  }

  /** Only where it differs from the one before. */
  #publishStatus(): void {
    const { board } = this.#config;
    const daemon = this.#daemonAway === null ? "running" : "away";
    const about = { board, host: hostname(), version: VERSION, ports: this.#rows.size };
    const status = { state: "online", ...about, daemon, reason: this.#daemonAway, dropped: this.#spool.droppedTotal };
    const text = JSON.stringify(status);
    if (!this.#broker.isConnected || text === this.#publishedStatus) return;
    this.#publishedStatus = text;
    void this.#broker.publish(statusMessage(this.#config, { ...status, time: this.#now() }));
  }

  #publishPort(row: Row): void {
    void this.#broker.publish(portStatusMessage(this.#config, row.port, row));
  }
}
